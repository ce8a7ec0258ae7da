//! Errors of the core in, Python's exceptions out: a class for each kind (`python/deepscreen/errors.py`).

use deepscreen::Error;
use pyo3::prelude::*;

/// The exception for an error, with its causes.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let exception = py
        .import("deepscreen.errors")
        .and_then(|errors| errors.getattr("error")?.call1((error.kind().code(), format!("{error:#}"))));
    exception.map_or_else(|failed| failed, PyErr::from_value)
}
