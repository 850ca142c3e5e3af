//! Where there are no files, no cell is kept, and none comes from elsewhere.

use std::time::Duration;

pub(super) use self::share::Share;
use super::options::RunError;
use super::replication::Replication;
use super::sweep::Finished;
use crate::journal::Key;
use crate::model::{Model, Nanos};

#[path = "share.rs"]
mod share;

/// There are none.
#[derive(Debug)]
pub enum Cells {}

impl Cells {
    pub(super) fn found_warmup(&self) -> Option<Nanos> {
        match *self {}
    }

    pub(super) fn has(&self, _: &Key) -> bool {
        match *self {}
    }

    pub(super) fn share<T>(
        &self,
        _: Vec<T>,
        _: impl Fn(&T) -> Key,
        _: impl Fn(&T) -> f64,
    ) -> Result<Share<T>, RunError> {
        match *self {}
    }

    pub(super) fn measures(&self, _: &Key) -> Result<Option<Finished>, RunError> {
        match *self {}
    }

    pub(super) fn whole(&self, _: &Key, _: &Model) -> Result<Option<Replication>, RunError> {
        match *self {}
    }

    pub(super) fn keep_measures(&self, _: &Key, _: Duration, _: &Finished) -> Result<(), RunError> {
        match *self {}
    }

    pub(super) fn keep_whole(&self, _: &Key, _: &Replication) -> Result<(), RunError> {
        match *self {}
    }

    pub(super) fn warmup(&self, _: &Key) -> Result<Option<Nanos>, RunError> {
        match *self {}
    }

    pub(super) fn keep_warmup(&self, _: &Key, _: Duration, _: Nanos) -> Result<(), RunError> {
        match *self {}
    }

    pub(super) fn pilot(
        &self,
        _: &str,
        _: impl FnOnce() -> Result<Nanos, RunError>,
    ) -> Result<Nanos, RunError> {
        match *self {}
    }
}
