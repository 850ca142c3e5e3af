//! A part of a list.

/// What this process computes of a list.
pub struct Share<T> {
    pub work: Vec<T>,
    /// The others are in other hands: nothing that needs this list can follow.
    pub ends_round: bool,
}
