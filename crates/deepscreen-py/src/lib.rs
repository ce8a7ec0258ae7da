//! deepscreen for Python: what the package's own modules (`python/deepscreen/`) call.
//!
//! Plain values in, JSON records out: what Python says of a picture or a record is said there, in Python. Every call
//! that takes time lets other Python threads run.
#![forbid(unsafe_code)]

mod bench;
mod errors;
mod pictures;
mod process;
mod screener;
mod screenings;
mod walk;

/// The module `deepscreen._deepscreen`.
#[pyo3::pymodule]
mod _deepscreen {
    use std::panic;
    use std::path::PathBuf;

    use deepscreen::{EngineOptions, EngineStatus, Hashes};
    use pyo3::prelude::*;

    use crate::errors::raise;
    use crate::pictures::Picture;
    use crate::screener::limits_of;

    #[pymodule_export]
    use crate::bench::{bench_pictures, bench_scores};
    #[pymodule_export]
    use crate::screener::Screener;
    #[pymodule_export]
    use crate::screenings::Screenings;
    #[pymodule_export]
    use crate::walk::Walk;

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    const SCHEMA: &str = deepscreen::SCHEMA;

    /// The hashes of one picture, as the JSON that a record has under `hashes`.
    #[pyfunction]
    #[pyo3(signature = (picture, limits=None))]
    fn hashes(py: Python<'_>, picture: Picture, limits: Option<&str>) -> PyResult<String> {
        let limits = limits_of(limits).map_err(|error| raise(py, &error))?;
        let hashes = py.detach(|| {
            let media = picture.into_media(&limits)?;
            Ok(Hashes::of(media.luma()?).to_json())
        });
        hashes.map_err(|error| raise(py, &error))
    }

    /// Loads the ONNX Runtime at `library`, which then serves the whole process; what is wrong with it otherwise.
    #[pyfunction]
    fn load_onnxruntime(py: Python<'_>, library: PathBuf) -> Option<String> {
        py.detach(|| {
            let options = EngineOptions::default().with_onnxruntime(library);
            EngineStatus::all(&options).into_iter().find_map(|status| status.problem)
        })
    }

    /// A panic that becomes a failure of a record is no crash: nothing is printed about it.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !deepscreen::panic_is_caught() {
                print(info);
            }
        }));
    }
}
