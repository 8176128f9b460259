/// What a client may do in rooms whose media goes from browser to browser: those of
/// [`direct`](crate::direct) and of [`peer_tree`](crate::peer_tree). The caller has verified the
/// client's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants {
    /// It may begin rooms and broadcasts.
    pub publish: bool,
    /// It may view them.
    pub view: bool,
}
