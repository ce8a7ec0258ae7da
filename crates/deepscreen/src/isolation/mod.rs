//! Inputs in, what child processes found in them out: a decoder that hangs, aborts or takes all memory costs one record.
//!
//! A thread cannot be ended from outside, its memory is that of the whole process, and an abort (a stack that overflows,
//! an allocation that fails, a crash inside of foreign code) ends all threads. A process can be ended, limited and
//! replaced. [`ScreenerBuilder::isolated`](crate::ScreenerBuilder::isolated) is the parent's side,
//! [`Screener::serve`](crate::Screener::serve) the child's.
//!
//! Never knows what a picture is: the [screener](crate::screener) puts the questions and answers them.

mod memory;
mod message;
mod process;

use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use process::Worker;
pub(crate) use process::took_too_long;

pub(crate) use memory::limit_memory;
pub(crate) use message::{Answer, Asked, Hello, Request, read, write};

/// How to start a child.
pub(crate) type Start = Arc<dyn Fn() -> Command + Send + Sync>;

/// Children that look at inputs, one at a time each: as many as threads ask at the same time.
pub(crate) struct Workers {
    start: Start,
    /// What a child has to say of its screener.
    fingerprint: [u8; 32],
    /// Children that wait for a question.
    idle: Mutex<Vec<Worker>>,
}

impl Workers {
    pub(crate) fn new(start: Start, fingerprint: [u8; 32]) -> Self {
        Self { start, fingerprint, idle: Mutex::default() }
    }

    /// The same, with children that are yet to be started and have another screener.
    pub(crate) fn renewed(&self, fingerprint: [u8; 32]) -> Self {
        Self::new(self.start.clone(), fingerprint)
    }

    /// Starts a child, to see whether that works.
    pub(crate) fn check(&self) -> Result<()> {
        let worker = self.worker()?;
        self.idle().push(worker);
        Ok(())
    }

    /// Asks a child, and ends it where it takes longer than `patience`.
    ///
    /// # Errors
    /// [`Timeout`](ErrorKind::Timeout); [`TooLarge`](ErrorKind::TooLarge) where its memory was used up;
    /// [`Panic`](ErrorKind::Panic) where it died otherwise; [`EngineUnavailable`](ErrorKind::EngineUnavailable) where none
    /// can be started.
    pub(crate) fn ask(&self, request: &Request, patience: Duration) -> Result<Answer> {
        let mut worker = self.worker()?;
        // One that has failed is ended when it is dropped.
        let answer = worker.ask(request, patience)?;
        self.idle().push(worker);
        Ok(answer)
    }

    fn worker(&self) -> Result<Worker> {
        loop {
            let idle = self.idle().pop();
            let Some(mut worker) = idle else { return Worker::start((self.start)(), &self.fingerprint) };
            // Whatever has ended one that waited has nothing to do with the next input.
            if worker.is_alive() {
                return Ok(worker);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::EngineUnavailable, message)
}
