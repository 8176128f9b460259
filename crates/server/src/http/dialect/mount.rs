//! Where dialects are mounted: routes of the main port, and ports of single dialects.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use crate::config::{Dialects, Ice};
use crate::http::Service;

/// A port of one dialect, besides the main one.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The key of the configuration that opens it.
    pub(crate) key: &'static str,
    /// Address and port to listen on.
    pub(crate) address: SocketAddr,
    /// The routes that it serves.
    pub(crate) router: Router,
}

/// What dialects add to the server, and what they are made from.
pub(in crate::http) struct Mount<'a> {
    /// The state of all routes.
    pub(in crate::http) service: &'a Service,
    /// The settings of all dialects; each reads its own.
    pub(in crate::http) dialects: &'a Dialects,
    /// The settings of ICE.
    pub(in crate::http) ice: &'a Ice,
    main: Router<Service>,
    shared: BTreeMap<&'static str, Claims>,
    listeners: Vec<Listener>,
}

/// The handlers of one path, of which each takes some requests.
#[derive(Default)]
struct Claims {
    some: Vec<(IsOwn, Boxed)>,
    rest: Option<Boxed>,
}

/// Whether a request is for the dialect that claims it.
type IsOwn = fn(&Request) -> bool;

/// A handler whose arguments are hidden.
type Boxed = Box<dyn Fn(Request, Service) -> Answering + Send + Sync>;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

impl<'a> Mount<'a> {
    pub(in crate::http) fn new(service: &'a Service, dialects: &'a Dialects, ice: &'a Ice) -> Self {
        Self {
            service,
            dialects,
            ice,
            main: Router::new(),
            shared: BTreeMap::new(),
            listeners: Vec::new(),
        }
    }

    /// Adds a route to the main port that no other dialect has.
    pub(in crate::http) fn route(&mut self, path: &str, methods: MethodRouter<Service>) {
        let main = std::mem::take(&mut self.main);
        self.main = main.route(path, methods);
    }

    /// Claims the GET requests to a path of the main port for which `is_own` is true. Of two
    /// dialects that claim a request the one that was mounted first gets it.
    pub(in crate::http) fn claim<T: 'static>(
        &mut self,
        path: &'static str,
        is_own: IsOwn,
        handler: impl Handler<T, Service>,
    ) {
        let claims = self.shared.entry(path).or_default();
        claims.some.push((is_own, boxed(handler)));
    }

    /// Claims the GET requests to a path of the main port that no dialect claims by
    /// [`Self::claim`].
    pub(in crate::http) fn claim_rest<T: 'static>(
        &mut self,
        path: &'static str,
        handler: impl Handler<T, Service>,
    ) {
        let claims = self.shared.entry(path).or_default();
        debug_assert!(
            claims.rest.is_none(),
            "one handler takes the rest of a path"
        );
        claims.rest = Some(boxed(handler));
    }

    /// Opens a port of a dialect if the setting `key` has an address for it.
    pub(in crate::http) fn listen(
        &mut self,
        key: &'static str,
        address: Option<SocketAddr>,
        router: impl FnOnce() -> Router<Service>,
    ) {
        if let Some(address) = address {
            let router = router().with_state(self.service.clone());
            self.listeners.push(Listener {
                key,
                address,
                router,
            });
        }
    }

    /// The routes of the main port, and the other ports.
    pub(in crate::http) fn finish(self) -> (Router<Service>, Vec<Listener>) {
        let shared = self.shared.into_iter();
        let main = shared.fold(self.main, |main, (path, claims)| {
            let claims = Arc::new(claims);
            let answer = move |State(service): State<Service>, request: Request| async move {
                claims.answer(request, service).await
            };
            main.route(path, get(answer))
        });
        (main, self.listeners)
    }
}

impl Claims {
    async fn answer(&self, request: Request, service: Service) -> Response {
        let claimed = self.some.iter().find(|(is_own, _)| is_own(&request));
        let handler = claimed.map(|(_, handler)| handler).or(self.rest.as_ref());
        match handler {
            Some(handler) => handler(request, service).await,
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

fn boxed<T: 'static>(handler: impl Handler<T, Service>) -> Boxed {
    Box::new(move |request, service| Box::pin(handler.clone().call(request, service)))
}
