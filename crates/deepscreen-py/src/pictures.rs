//! What Python hands over as a picture in, a source for the core out.
//!
//! `python/deepscreen/_pictures.py` has made one of three things of it before: a path, the bytes of a file, or the samples
//! of a decoded picture.

use std::path::PathBuf;

use deepscreen::media::{Limits, Pixels};
use deepscreen::{Media, Result, Source};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

/// One picture, with nothing of Python left in it.
pub(crate) enum Picture {
    Path(PathBuf),
    Bytes(Vec<u8>),
    Pixels(Pixels),
}

impl Picture {
    pub(crate) fn into_media(self, limits: &Limits) -> Result<Media> {
        match self {
            Self::Path(path) => Media::open(path, limits),
            Self::Bytes(bytes) => Media::from_bytes(bytes, limits),
            Self::Pixels(pixels) => Ok(Media::from_pixels(pixels)),
        }
    }
}

impl From<Picture> for Source {
    fn from(picture: Picture) -> Self {
        match picture {
            Picture::Path(path) => path.into(),
            Picture::Bytes(bytes) => bytes.into(),
            Picture::Pixels(pixels) => pixels.into(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Picture {
    type Error = PyErr;

    /// Takes `str`, `bytes`, or `(width, height, channels, bytes)`.
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Ok(Self::Path(object.extract()?));
        }
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.as_bytes().to_vec()));
        }
        let (width, height, channels, samples): (u32, u32, usize, Bound<'_, PyBytes>) =
            object.cast::<PyTuple>()?.extract()?;
        let rgb = rgb8(channels, samples.as_bytes());
        let pixels = rgb.and_then(|rgb| Pixels::from_rgb8(width, height, rgb));
        pixels.map(Self::Pixels).ok_or_else(|| PyTypeError::new_err("samples that are no picture"))
    }
}

/// Red, green and blue of grey, RGB or RGBA samples; transparency is laid over white, as the core's decoders do.
fn rgb8(channels: usize, samples: &[u8]) -> Option<Vec<u8>> {
    match channels {
        1 => Some(samples.iter().flat_map(|&grey| [grey; 3]).collect()),
        3 => Some(samples.to_vec()),
        4 => {
            let (quads, _) = samples.as_chunks::<4>();
            Some(quads.iter().flat_map(|&[r, g, b, alpha]| [r, g, b].map(|v| over_white(v, alpha))).collect())
        }
        _ => None,
    }
}

/// `value * alpha / 255`, rounded, and white where that lets it through. The sum cannot pass 255.
const fn over_white(value: u8, alpha: u8) -> u8 {
    let product = value as u32 * alpha as u32 + 128;
    ((product + (product >> 8)) >> 8) as u8 + (255 - alpha)
}
