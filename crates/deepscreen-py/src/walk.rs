//! A file or a folder in, the paths of every file below it out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

/// The iterator behind `deepscreen.walk`.
#[pyclass(frozen, module = "deepscreen._deepscreen")]
pub(crate) struct Walk(Mutex<deepscreen::Walk>);

#[pymethods]
impl Walk {
    #[new]
    fn new(path: PathBuf) -> Self {
        Self(Mutex::new(deepscreen::walk(path)))
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    /// Text rather than `pathlib.Path`, which would rewrite `./a.jpg`: the record has the path as it was given.
    fn __next__(&self, py: Python<'_>) -> Option<OsString> {
        let path = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next());
        path.map(PathBuf::into_os_string)
    }
}
