//! A process in, an error out where it is not the one that made a screener.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// After a fork the threads are those of another process: waiting for them would never end.
pub(crate) fn check_process(process: u32) -> PyResult<()> {
    if process == std::process::id() {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "this screener was made before a fork, and its threads are not in this process: make one in each process, \
         or start processes with the method \"spawn\" (multiprocessing.get_context)",
    ))
}
