//! A Python iterator of pictures in, records out, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use deepscreen::Language;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use pyo3::{PyTraverseError, PyVisit};

use crate::pictures::Picture;
use crate::process::check_process;

/// What `deepscreen.Screenings` wraps. Threads that ask at the same time wait for one another, and none of them keeps
/// other Python threads from running.
#[pyclass(frozen, module = "deepscreen._deepscreen")]
pub(crate) struct Screenings {
    screenings: Mutex<deepscreen::Screenings<Pictures>>,
    /// The thread that is inside of `next`.
    asking: Mutex<Option<ThreadId>>,
    feed: Arc<Feed>,
    language: Language,
    process: u32,
}

/// Where the pictures come from.
struct Feed {
    iterator: Mutex<Option<Py<PyIterator>>>,
    /// What the iterator raised: nothing comes after it.
    raised: Mutex<Option<PyErr>>,
}

/// The side of the feed that the core asks, on the thread that asks for screenings.
struct Pictures(Arc<Feed>);

impl Iterator for Pictures {
    type Item = Picture;

    fn next(&mut self) -> Option<Picture> {
        Python::attach(|py| match self.0.next(py) {
            Some(Ok(picture)) => Some(picture),
            Some(Err(error)) => {
                *lock(&self.0.raised) = Some(error);
                None
            }
            None => None,
        })
    }
}

impl Feed {
    fn next(&self, py: Python<'_>) -> Option<PyResult<Picture>> {
        let iterator = lock(&self.iterator).as_ref()?.clone_ref(py);
        let next = iterator.bind(py).clone().next()?.and_then(|picture| picture.extract());
        Some(next)
    }
}

impl Screenings {
    pub(crate) fn new(
        screener: &deepscreen::Screener,
        iterator: Py<PyIterator>,
        language: Language,
        process: u32,
    ) -> Self {
        let feed = Arc::new(Feed { iterator: Mutex::new(Some(iterator)), raised: Mutex::new(None) });
        let screenings = Mutex::new(screener.screen_many(Pictures(feed.clone())));
        Self { screenings, asking: Mutex::new(None), feed, language, process }
    }
}

#[pymethods]
impl Screenings {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        check_process(self.process)?;
        let me = thread::current().id();
        if *lock(&self.asking) == Some(me) {
            return Err(PyValueError::new_err("the pictures ask for their own screenings"));
        }
        let record = py.detach(|| {
            let mut screenings = lock(&self.screenings);
            *lock(&self.asking) = Some(me);
            let screening = screenings.next();
            *lock(&self.asking) = None;
            screening.map(|screening| screening.to_json(self.language))
        });
        let mut raised = lock(&self.feed.raised);
        // An interrupt is not made to wait for the pictures that came before it, as an error is.
        let is_due = |error: &PyErr| record.is_none() || !error.is_instance_of::<PyException>(py);
        match raised.take_if(|error| is_due(error)) {
            Some(error) => Err(error),
            None => Ok(record),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever holds the lock keeps the iterator alive anyway.
        match self.feed.iterator.try_lock() {
            Ok(iterator) => visit.call(&*iterator),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let iterator = lock(&self.feed.iterator).take();
        drop(iterator);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
