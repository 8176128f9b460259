//! Helpers of the tests: drained outputs, expected fingerprints, and a pair of endpoints.

use std::time::{Duration, Instant};

use headwater_dtls::{Connected, Endpoint, Error, Fingerprint, Hash, Identity, Output, Role};

/// The outputs of an endpoint, until it had no more.
#[derive(Default)]
pub(crate) struct Drained {
    pub(crate) datagrams: Vec<Vec<u8>>,
    pub(crate) connected: Option<Connected>,
    pub(crate) data: Vec<Vec<u8>>,
    pub(crate) closed: bool,
    pub(crate) failed: Option<Error>,
    pub(crate) timeout: Option<Instant>,
}

pub(crate) fn drain(endpoint: &mut Endpoint) -> Drained {
    let mut drained = Drained::default();
    loop {
        match endpoint.poll_output() {
            Output::Datagram(bytes) => drained.datagrams.push(bytes),
            Output::Connected(connected) => {
                assert!(drained.connected.replace(*connected).is_none());
            }
            Output::Data(data) => drained.data.push(data),
            Output::Closed => drained.closed = true,
            Output::Failed(error) => assert!(drained.failed.replace(error).is_none()),
            Output::Timeout(at) => {
                drained.timeout = at;
                return drained;
            }
        }
    }
}

/// The fingerprint of an identity, as its SDP would have it.
pub(crate) fn fingerprint_of(identity: &Identity) -> Vec<Fingerprint> {
    vec![Fingerprint {
        algorithm: Hash::Sha256,
        bytes: identity.fingerprint_sha256().to_vec(),
    }]
}

/// The fingerprint of a DER-encoded certificate.
pub(crate) fn fingerprint_of_der(der: &[u8]) -> Vec<Fingerprint> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    vec![Fingerprint {
        algorithm: Hash::Sha256,
        bytes: digest.as_ref().to_vec(),
    }]
}

pub(crate) fn wrong_fingerprint() -> Vec<Fingerprint> {
    vec![Fingerprint {
        algorithm: Hash::Sha256,
        bytes: vec![7; 32],
    }]
}

/// Two endpoints and the path between them, in virtual time.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) to_client: Vec<Vec<u8>>,
    pub(crate) to_server: Vec<Vec<u8>>,
    pub(crate) of_client: Drained,
    pub(crate) of_server: Drained,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let (client, server) = (Identity::generate(), Identity::generate());
        let (for_client, for_server) = (fingerprint_of(&server), fingerprint_of(&client));
        Self::with(&client, &server, for_client, for_server)
    }

    pub(crate) fn with(
        client: &Identity,
        server: &Identity,
        for_client: Vec<Fingerprint>,
        for_server: Vec<Fingerprint>,
    ) -> Self {
        let now = Instant::now();
        let mut pair = Self {
            now,
            client: Endpoint::new(client, Role::Client, for_client, now).unwrap(),
            server: Endpoint::new(server, Role::Server, for_server, now).unwrap(),
            to_client: Vec::new(),
            to_server: Vec::new(),
            of_client: Drained::default(),
            of_server: Drained::default(),
        };
        pair.collect();
        pair
    }

    /// Takes the outputs of both sides.
    pub(crate) fn collect(&mut self) {
        let sides = [
            (&mut self.client, &mut self.of_client, &mut self.to_server),
            (&mut self.server, &mut self.of_server, &mut self.to_client),
        ];
        for (endpoint, all, path) in sides {
            let new = drain(endpoint);
            path.extend(new.datagrams);
            all.data.extend(new.data);
            all.closed |= new.closed;
            all.timeout = new.timeout;
            all.connected = all.connected.take().or(new.connected);
            all.failed = all.failed.take().or(new.failed);
        }
    }

    /// Delivers the datagrams in flight, once.
    pub(crate) fn deliver(&mut self) {
        for datagram in std::mem::take(&mut self.to_server) {
            self.server.handle_datagram(self.now, &datagram);
        }
        for datagram in std::mem::take(&mut self.to_client) {
            self.client.handle_datagram(self.now, &datagram);
        }
        self.collect();
    }

    /// Delivers until nothing is in flight.
    pub(crate) fn settle(&mut self) {
        while !self.to_client.is_empty() || !self.to_server.is_empty() {
            self.deliver();
        }
    }

    /// Advances to the next timeout of either side.
    pub(crate) fn wait(&mut self) {
        let timeouts = [self.of_client.timeout, self.of_server.timeout];
        let next = timeouts.into_iter().flatten().min();
        self.now = next
            .unwrap_or(self.now + Duration::from_secs(1))
            .max(self.now);
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
        self.collect();
    }

    /// Advances until a reported end that may be forged is believed. All datagrams are lost.
    pub(crate) fn wait_for_end(&mut self) {
        let end = self.now + Duration::from_secs(3);
        while self.now < end {
            self.wait();
            self.to_client.clear();
            self.to_server.clear();
        }
    }

    pub(crate) fn assert_same_keys(&self) {
        let client = self.of_client.connected.as_ref().expect("client connected");
        let server = self.of_server.connected.as_ref().expect("server connected");
        assert_eq!(client.keys.material, server.keys.material);
        assert_eq!(client.keys.profile, server.keys.profile);
        assert_eq!(client.version, server.version);
    }
}
