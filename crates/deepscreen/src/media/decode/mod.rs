//! Bytes and their format in, upright sRGB pixels out.
use super::{Decoded, Format, Limits, Pixels};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], _format: Format, _limits: &Limits) -> Result<Decoded> {
    let image = image::load_from_memory(bytes)
        .map_err(|e| Error::new(ErrorKind::Malformed, "cannot be decoded").because(e))?
        .to_rgb8();
    let (width, height) = image.dimensions();
    let pixels = Pixels::from_rgb8(width, height, image.into_raw())
        .ok_or_else(|| Error::new(ErrorKind::Malformed, "no pixels"))?;
    Ok(Decoded { pixels, notes: Vec::new() })
}
