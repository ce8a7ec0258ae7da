//! deepscreen
#![forbid(unsafe_code)]

mod error;
pub mod media;

pub use error::{Error, ErrorKind, Result};
pub use media::Media;
