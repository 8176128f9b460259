//! ICE for a server that everybody can reach: STUN messages, a lite agent and the paths it has proved.
