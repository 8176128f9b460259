//! The client protocol of gortcserver: JSON in protoo frames over a WebSocket.
//!
//! ```text
//! to the server   {"request":true,"id":7,"method":"join","data":{"rid":"garden"}}
//! to the client   {"response":true,"id":7,"ok":true,"data":{…}}
//!                 {"response":true,"id":7,"ok":false,"errorCode":2,"errorReason":"rid not found"}
//!                 {"notification":true,"method":"peer-join","data":{…}}
//! ```
//!
//! A `rid` identifies a room, a `uid` a participant, a `mid` a stream, and a `sid` a participant's
//! subscription to a stream. Any text is valid as a room or user: see
//! [`RoomName::of_text`](room::RoomName) and its counterpart for participants.

mod call;
mod error;
mod frame;
mod names;
mod notification;
mod shown;

pub use call::Call;
pub use error::Error;
pub use frame::{Request, failure, read, success};
pub use names::{label, mid, sid, stream_of, uid_of};
pub use notification::{NotificationNames, Notifications};
pub use shown::{Jsep, Lists, Minfo, Node, Pub, Published, Pubs, Subscribed, User, Users};

/// The WebSocket subprotocol. The server selects it for clients that offer it.
pub const SUBPROTOCOL: &str = "protoo";

/// Maximum size of the data of a `broadcast`, in bytes of JSON. More is refused with 413.
pub const BROADCAST_BYTES_MAX: usize = 131_072;

/// Maximum size of a message in bytes; a longer one closes its socket. It is twice that of a
/// broadcast, so that a client whose broadcast is somewhat too long gets a response instead.
pub const MESSAGE_BYTES_MAX: usize = 2 * BROADCAST_BYTES_MAX;
