use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Error;

/// The fields of an object, as they came. Of a field that comes twice the last one counts.
pub(super) type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// What a client asks for. Its fields are there; whether the server has what they name is for
/// whoever carries it out.
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
        /// An object, as it came.
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
        /// Any JSON, as it came; `null` when there was none.
        data: String,
    },
    GetUsers {
        rid: String,
    },
    GetPubs {
        rid: String,
    },
}

/// Reads a method's data. Fields are looked at in the order in which the protocol refuses them.
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

/// The offer of `jsep`, which is an object.
fn sdp(data: &Fields<'_>) -> Result<String, Error> {
    let jsep = data.get("jsep").filter(|jsep| is_present(jsep.get()));
    let jsep = jsep.ok_or(Error::NO_JSEP)?;
    let fields: Fields<'_> = serde_json::from_str(jsep.get()).unwrap_or_default();
    text(&fields, "sdp").ok_or(Error::NO_SDP)
}

/// Clients count on this: what is neither an object nor a text with something in it is missing.
fn is_present(value: &str) -> bool {
    value.starts_with('{') || (value.starts_with('"') && value != "\"\"")
}

/// A field that is a text with something in it.
pub(super) fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    let text: String = serde_json::from_str(fields.get(name)?.get()).ok()?;
    Some(text).filter(|text| !text.is_empty())
}
