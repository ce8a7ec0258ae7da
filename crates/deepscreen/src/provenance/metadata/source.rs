//! A file in, parts of it out: reads with seeks, and no more than a budget allows.

use std::cell::RefCell;
use std::io::{Read, Seek, SeekFrom};

use crate::error::{Error, ErrorKind, Result};
use crate::media::ifd::Octets;

/// What is read at once to look at a header: a few of them, where they follow each other.
const WINDOW: usize = 512;

/// Headers that are looked at in one file: a PNG of 256 MiB in the usual pieces of 8 KiB has half as many.
const MOST_WINDOWS: u32 = 1 << 16;

/// A file that is read piece by piece.
pub(super) struct Source<R> {
    state: RefCell<State<R>>,
    length: u64,
}

struct State<R> {
    reader: R,
    window: Vec<u8>,
    window_at: u64,
    windows: u32,
    /// Bytes that metadata may still take, read or inflated.
    left: u64,
    read: u64,
    failure: Option<std::io::Error>,
}

impl<R: Read + Seek> Source<R> {
    pub(super) fn new(mut reader: R, budget: u64) -> Result<Self> {
        let length = reader.seek(SeekFrom::End(0)).map_err(unreadable)?;
        let state = State {
            reader,
            window: Vec::new(),
            window_at: 0,
            windows: 0,
            left: budget,
            read: 0,
            failure: None,
        };
        Ok(Self { state: RefCell::new(state), length })
    }

    /// Bytes of the whole file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that were read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.state.borrow().read
    }

    /// Whether more headers were asked for than are looked at.
    pub(super) fn is_exhausted(&self) -> bool {
        self.state.borrow().windows >= MOST_WINDOWS
    }

    /// What kept the file from being read, where something did.
    pub(super) fn failure(self) -> Option<Error> {
        self.state.into_inner().failure.map(unreadable)
    }

    /// `N` bytes of a header.
    pub(super) fn header<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        const { assert!(N <= WINDOW) };
        let mut state = self.state.borrow_mut();
        let from = at.checked_sub(state.window_at).and_then(|from| usize::try_from(from).ok());
        if let Some(bytes) = from.and_then(|from| state.window.get(from..from.checked_add(N)?)) {
            return bytes.try_into().ok();
        }
        if at.checked_add(N as u64)? > self.length || state.windows >= MOST_WINDOWS {
            return None;
        }
        state.windows += 1;
        let length = (self.length - at).min(WINDOW as u64) as usize;
        state.window = state.fill(at, length)?;
        state.window_at = at;
        state.window.first_chunk().copied()
    }

    /// The first bytes of the file, which its format is told by.
    pub(super) fn head(&self, most: u64) -> Vec<u8> {
        let length = self.length.min(most) as usize;
        self.state.borrow_mut().fill(0, length).unwrap_or_default()
    }

    /// `length` bytes, where they are there and may still be read.
    pub(super) fn take(&self, at: u64, length: u64) -> Option<Vec<u8>> {
        if at.checked_add(length)? > self.length || !self.spend(length) {
            return None;
        }
        self.state.borrow_mut().fill(at, usize::try_from(length).ok()?)
    }

    /// The first bytes of a part, as many as are there, at most `most`, and may still be read.
    pub(super) fn take_up_to(&self, at: u64, length: u64, most: u64) -> Vec<u8> {
        let left = self.state.borrow().left;
        let length = length.min(most).min(left).min(self.length.saturating_sub(at));
        self.take(at, length).unwrap_or_default()
    }

    /// Bytes that metadata may still take.
    pub(super) fn left(&self) -> u64 {
        self.state.borrow().left
    }

    /// Counts bytes that something read or inflated takes; `false` where they are too many.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        let mut state = self.state.borrow_mut();
        let left = state.left.checked_sub(bytes);
        state.left = left.unwrap_or(state.left);
        left.is_some()
    }
}

impl<R: Read + Seek> State<R> {
    fn fill(&mut self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let outcome = self.reader.seek(SeekFrom::Start(at)).and_then(|_| self.reader.read_exact(&mut bytes));
        match outcome {
            Ok(()) => {
                self.read += length as u64;
                Some(bytes)
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }
}

impl<R: Read + Seek> Octets for &Source<R> {
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.header(at as u64)
    }

    fn bytes(self, at: usize, length: usize) -> Option<Vec<u8>> {
        self.take(at as u64, length as u64)
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be read").because(error)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn reading_stops_at_the_end_and_at_the_budget() {
        let source = Source::new(Cursor::new(vec![7; 1000]), 600).unwrap();
        assert_eq!(source.header::<2>(998), Some([7, 7]));
        assert_eq!(source.header::<2>(999), None);
        assert_eq!(source.header::<2>(u64::MAX), None);
        assert!(source.take(0, 1001).is_none());
        assert_eq!(source.take(400, 500).unwrap().len(), 500);
        assert!(source.take(0, 101).is_none());
        assert_eq!(source.take_up_to(950, 400, 300).len(), 50);
        assert_eq!(source.left(), 50);
        assert!(source.failure().is_none());
    }

    #[test]
    fn headers_side_by_side_are_read_once() {
        let source = Source::new(Cursor::new(vec![7; 1000]), 0).unwrap();
        for at in 0..400 {
            source.header::<8>(at).unwrap();
        }
        assert_eq!(source.bytes_read(), 512);
    }
}
