//! Many inputs in, their screenings out, in order: keeps every thread busy and a bounded number of inputs in flight.
//!
//! Batches, not pictures, are handed to the threads. Nothing waits for a whole window: a thread that is done with its
//! batch takes the next.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use super::source::Source;
use super::{Inner, Open};
use crate::guard::guard;
use crate::screening::{Failure, Input, Screening};

/// Inputs between being asked for and being given out, for each thread. Enough for one slow picture not to stop the
/// other threads; of those that are done only the screenings are kept, of those that wait only the source.
const IN_FLIGHT_PER_THREAD: usize = 32;

/// The screenings of many inputs: what [`screen_many`](super::Screener::screen_many) gives.
#[must_use = "nothing is screened before it is asked for"]
pub struct Screenings<I> {
    inputs: Fuse<I>,
    screener: Arc<Inner>,
    /// The most inputs that a thread takes at once.
    batch_size: usize,
    /// Inputs that no thread was given yet.
    waiting: VecDeque<Source>,
    /// A place for every input that a thread was given, the next to give out first.
    given: VecDeque<Option<Screening>>,
    /// How many screenings were given out.
    done: usize,
    /// How many batches the threads have.
    batches: usize,
    sender: mpsc::Sender<Batch>,
    receiver: mpsc::Receiver<Batch>,
    /// Threads leave alone what they were given by an iterator that is gone.
    alive: Arc<()>,
}

/// The threads have not come to an end with it yet.
#[derive(Debug)]
pub(crate) struct StillAtIt;

/// What a thread gives back.
struct Batch {
    /// The number of its first input.
    start: usize,
    screenings: Vec<Screening>,
}

impl<I> Screenings<I>
where
    I: Iterator,
    I::Item: Into<Source>,
{
    pub(super) fn new(screener: Arc<Inner>, inputs: I) -> Self {
        let (sender, receiver) = mpsc::channel();
        Self {
            inputs: inputs.fuse(),
            batch_size: screener.batch_size(),
            screener,
            waiting: VecDeque::new(),
            given: VecDeque::new(),
            done: 0,
            batches: 0,
            sender,
            receiver,
            alive: Arc::new(()),
        }
    }

    fn threads(&self) -> usize {
        self.screener.threads.current_num_threads()
    }

    /// Asks for inputs up to the bound, and hands batches out as soon as there is one for each thread.
    fn take_in(&mut self) {
        let bound = self.threads() * IN_FLIGHT_PER_THREAD.max(2 * self.batch_size);
        while self.waiting.len() + self.given.len() < bound {
            let Some(input) = self.inputs.next() else { break };
            self.waiting.push_back(input.into());
            if self.waiting.len() >= self.threads() * self.batch_size {
                self.hand_out();
            }
        }
    }

    /// Gives the threads everything that waits: in full batches, unless there are too few inputs for all threads.
    fn hand_out(&mut self) {
        let size = self.waiting.len().div_ceil(self.threads()).clamp(1, self.batch_size);
        while !self.waiting.is_empty() {
            let sources: Vec<Source> = self.waiting.drain(..size.min(self.waiting.len())).collect();
            let start = self.done + self.given.len();
            self.given.extend(sources.iter().map(|_| None));
            self.batches += 1;
            let alive = Arc::downgrade(&self.alive);
            let (screener, sender) = (self.screener.clone(), self.sender.clone());
            self.screener.threads.spawn(move || {
                if Weak::strong_count(&alive) > 0 {
                    let screenings = screener.screen_guarded(sources);
                    // An iterator that is gone meanwhile misses nothing.
                    let _ = sender.send(Batch { start, screenings });
                }
            });
        }
    }

    /// The next screening, or that there is none; `Err` where it is not there after so long.
    #[cfg(feature = "store")]
    pub(crate) fn next_within(&mut self, patience: Duration) -> Result<Option<Screening>, StillAtIt> {
        self.next_by(Some(Instant::now() + patience))
    }

    fn next_by(&mut self, deadline: Option<Instant>) -> Result<Option<Screening>, StillAtIt> {
        self.take_in();
        loop {
            while let Ok(batch) = self.receiver.try_recv() {
                self.put(batch);
            }
            if let Some(screening) = self.given.front_mut().and_then(Option::take) {
                self.given.pop_front();
                self.done += 1;
                return Ok(Some(screening));
            }
            if self.batches < self.threads() {
                self.hand_out();
            }
            if self.batches == 0 {
                return Ok(None);
            }
            // The iterator holds a sender itself, and every batch that is out comes back.
            let batch = match deadline {
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    self.receiver.recv_timeout(left).map_err(|_| StillAtIt)?
                }
                None => self.receiver.recv().map_err(|_| StillAtIt)?,
            };
            self.put(batch);
        }
    }

    fn put(&mut self, batch: Batch) {
        self.batches -= 1;
        let places = self.given.iter_mut().skip(batch.start - self.done);
        for (place, screening) in places.zip(batch.screenings) {
            *place = Some(screening);
        }
    }
}

impl<I> Iterator for Screenings<I>
where
    I: Iterator,
    I::Item: Into<Source>,
{
    type Item = Screening;

    fn next(&mut self) -> Option<Screening> {
        self.next_by(None).ok().flatten()
    }
}

impl Inner {
    /// A batch's screenings, one for each source, whatever happens: a panic outside of all analyzers too is recorded.
    pub(super) fn screen_guarded(self: &Arc<Self>, sources: Vec<Source>) -> Vec<Screening> {
        let paths: Vec<_> = sources.iter().map(|source| source.path().cloned()).collect();
        guard("screener", || Ok(self.screen_batch(sources))).unwrap_or_else(|error| {
            let failed = |path| {
                let failures = vec![Failure::new("screener", &error)];
                let open = Open { input: Input { path, ..Input::default() }, failures, ..Open::default() };
                self.conclude(open, Duration::ZERO)
            };
            paths.into_iter().map(failed).collect()
        })
    }
}
