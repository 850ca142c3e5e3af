//! Where there are no files, nothing is kept of a run that is stopped.

use super::replication::Replication;
use crate::model::Model;

/// There is none.
#[derive(Clone, Debug)]
pub enum Partial {}

/// Never made.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {}

/// Never made.
pub(super) enum Packet {}

impl Partial {
    pub(super) fn is_due(&self) -> bool {
        match *self {}
    }

    pub(super) fn find(&self, _: usize, _: u32, _: &Model, _: bool) -> Option<Replication> {
        match *self {}
    }

    pub(super) fn pack(&self, _: usize, _: u32, _: &Replication) -> Result<Option<Packet>, KeepError> {
        match *self {}
    }

    pub(super) fn keep(&self, _: &Packet) -> Result<(), KeepError> {
        match *self {}
    }
}
