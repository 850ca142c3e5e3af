//! What a write does besides changing the database.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WriteStrategy {
    /// Database, then DELETE in every tier (of other instances' tiers: not).
    Invalidate,
    /// Database only; cached copies live out their time.
    WriteAround,
    /// Database, then SET in every tier (of other instances' tiers: not); acknowledged after the database.
    Update,
    /// The same, acknowledged after both.
    WriteThrough,
}
