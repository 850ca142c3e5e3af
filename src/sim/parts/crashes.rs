//! Crashes of whoever leads a fetch. Those of instances are in [`super::fleet`].
//!
//! What has left the dead process goes on without it: the database executes what it was sent, commands take effect
//! in the tiers, a lease stays granted until its lock ends. Only the answers find nobody.

/// Leaders that are about to die.
#[derive(Debug, Default)]
pub struct Crashes {
    /// (key, event): the next one to lead a fetch of that key dies.
    pub doomed: Vec<(u32, usize)>,
}

impl Crashes {
    /// Whether the leader of a fetch is going to die.
    #[inline]
    pub fn is_any_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }
}
