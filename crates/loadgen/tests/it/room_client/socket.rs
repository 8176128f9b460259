//! Sockets of the protocol of rooms.

use signaling::dialect::headwater::SUBPROTOCOL;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::*;
use crate::server::Server;

/// The URL of the room protocol's WebSocket.
pub(crate) fn url(server: &Server) -> String {
    server.url("/api/v1/connect").replacen("http", "ws", 1)
}

/// A runtime on this thread alone: the server should have the other core.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Opens a WebSocket with the protocol's subprotocol.
pub(crate) async fn open(url: &str) -> Socket {
    let mut request = url.into_client_request().expect("a URL");
    let protocol = SUBPROTOCOL.parse().expect("a header");
    let name = "sec-websocket-protocol";
    request.headers_mut().insert(name, protocol);
    let (socket, response) = connect_async(request).await.expect("an upgrade");
    assert_eq!(
        response.headers().get(name).map(|value| value.as_bytes()),
        Some(SUBPROTOCOL.as_bytes())
    );
    socket
}

/// Reads until the server closes the socket. Returns the close code.
pub(crate) async fn ends(socket: &mut Socket) -> Option<u16> {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await;
        match next.expect("the server closes the socket") {
            Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}
