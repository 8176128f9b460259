//! DTLS with every client behind one type: the handshake, the keys for SRTP and what went wrong.
