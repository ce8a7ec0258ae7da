//! Paths in, records out one by one, in order.

use std::iter::FlatMap;
use std::path::PathBuf;
use std::vec;

use deepscreen::{Screenings, Walk, walk};

use crate::screener::Screener;

type Files = FlatMap<vec::IntoIter<PathBuf>, Walk, fn(PathBuf) -> Walk>;

/// What the handle of a stream stands for.
pub(crate) struct Stream {
    screener: Screener,
    screenings: Screenings<Files>,
}

impl Stream {
    pub(crate) fn new(screener: Screener, paths: Vec<PathBuf>) -> Self {
        let files: Files = paths.into_iter().flat_map(walk);
        let screenings = screener.current().screen_many(files);
        Self { screener, screenings }
    }

    pub(crate) fn next(&mut self) -> Option<String> {
        self.screenings.next().map(|screening| self.screener.record(&screening))
    }
}
