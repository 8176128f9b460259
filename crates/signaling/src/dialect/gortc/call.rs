use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Error;

/// The fields of an object, with their values as raw JSON. The last of several fields with one name
/// counts.
pub(super) type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// A request of a client. Required fields are present; whether the rooms, users and streams that
/// they name exist is for the server to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub enum Call {
    Join {
        rid: String,
    },
    Leave {
        rid: String,
    },
    Keepalive {
        rid: String,
    },
    Publish {
        rid: String,
        sdp: String,
        /// A JSON object, byte for byte.
        minfo: String,
    },
    Unpublish {
        rid: String,
        mid: String,
        sfuid: Option<String>,
    },
    Subscribe {
        rid: String,
        mid: String,
        sdp: String,
        sfuid: Option<String>,
    },
    Unsubscribe {
        rid: String,
        mid: String,
        sid: String,
        sfuid: Option<String>,
    },
    Broadcast {
        rid: String,
        /// Any JSON, byte for byte; `null` when the request has none.
        data: String,
    },
    GetUsers {
        rid: String,
    },
    GetPubs {
        rid: String,
    },
}

/// Reads the data of a method. Fields are checked in the order in which the protocol refuses them:
/// the first missing one decides the error code.
pub(super) fn read(method: &str, data: &Fields<'_>) -> Result<Call, Error> {
    let rid = || text(data, "rid").ok_or(Error::NO_RID);
    let named = |name| text(data, name).unwrap_or_default();
    let sfuid = text(data, "sfuid");
    Ok(match method {
        "join" => Call::Join { rid: rid()? },
        "leave" => Call::Leave { rid: rid()? },
        "keepalive" => Call::Keepalive { rid: rid()? },
        "publish" => {
            let (rid, sdp) = (rid()?, sdp(data)?);
            let minfo = data.get("minfo").map(|minfo| minfo.get());
            let minfo = minfo.filter(|minfo| minfo.starts_with('{'));
            let minfo = minfo.ok_or(Error::NO_MINFO)?.to_owned();
            Call::Publish { rid, sdp, minfo }
        }
        "unpublish" => Call::Unpublish {
            rid: rid()?,
            mid: named("mid"),
            sfuid,
        },
        "subscribe" => Call::Subscribe {
            rid: rid()?,
            mid: named("mid"),
            sdp: sdp(data)?,
            sfuid,
        },
        "unsubscribe" => Call::Unsubscribe {
            rid: rid()?,
            mid: named("mid"),
            sid: named("sid"),
            sfuid,
        },
        "broadcast" => {
            let data = data.get("data").map_or("null", |data| data.get());
            Call::Broadcast {
                rid: rid()?,
                data: data.to_owned(),
            }
        }
        "getusers" => Call::GetUsers { rid: rid()? },
        "getpubs" => Call::GetPubs { rid: rid()? },
        _ => return Err(Error::UNKNOWN),
    })
}

/// Reads the offer in `jsep`, an object with the field `sdp`.
fn sdp(data: &Fields<'_>) -> Result<String, Error> {
    let jsep = data.get("jsep").filter(|jsep| is_present(jsep.get()));
    let jsep = jsep.ok_or(Error::NO_JSEP)?;
    let fields: Fields<'_> = serde_json::from_str(jsep.get()).unwrap_or_default();
    text(&fields, "sdp").ok_or(Error::NO_SDP)
}

/// Whether a value counts as present: an object, or a string that is not empty. Clients rely on the
/// error code for anything else being that of a missing field.
fn is_present(value: &str) -> bool {
    value.starts_with('{') || (value.starts_with('"') && value != "\"\"")
}

/// Returns a field that is a non-empty string; `None` for anything else.
pub(super) fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    let text: String = serde_json::from_str(fields.get(name)?.get()).ok()?;
    Some(text).filter(|text| !text.is_empty())
}
