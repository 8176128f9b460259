//! The client protocol of gortcserver: JSON in protoo frames over a WebSocket.
//!
//! ```text
//! to the server   {"request":true,"id":7,"method":"join","data":{"rid":"garden"}}
//! to the client   {"response":true,"id":7,"ok":true,"data":{…}}
//!                 {"response":true,"id":7,"ok":false,"errorCode":2,"errorReason":"rid not found"}
//!                 {"notification":true,"method":"peer-join","data":{…}}
//! ```
//!
//! A room is a `rid`, a participant a `uid`, a stream a `mid`, and somebody's watching of a stream
//! a `sid`. Any text is a room and a user: see [`RoomName::of_text`](broadcast::room::RoomName) and
//! its counterpart for participants.

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

/// Offered by clients, and answered to those that do.
pub const SUBPROTOCOL: &str = "protoo";

/// What a `broadcast` may carry, in bytes of JSON. More is refused with 413.
pub const BROADCAST_BYTES_MAX: usize = 131_072;

/// A longer message closes its socket: the longest broadcast with its frame fits twice, so that
/// one which is too long is refused by its response.
pub const MESSAGE_BYTES_MAX: usize = 2 * BROADCAST_BYTES_MAX;
