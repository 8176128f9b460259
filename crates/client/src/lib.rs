//! A WebRTC client for load generators, simulations and tests, by a library that shares nothing with the server.
