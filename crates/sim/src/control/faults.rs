/// A bug that a world can be given on purpose, to show that it would be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One delivery in five comes twice.
    DeliversTwice,
    /// One delivery in five is lost.
    DeliversNothing,
    /// One command in five that closes a session is lost.
    LeavesSessions,
}
