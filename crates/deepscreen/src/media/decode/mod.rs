//! Bytes and their format in, upright sRGB pixels out.
//!
//! One file for each family of decoders. Each reads the size of the picture first and has it checked against
//! the [`Limits`] before memory is taken. A panic in a decoder is caught here.

mod color;
mod generic;
#[cfg(any(feature = "heic", feature = "avif"))]
mod heif;
pub(crate) mod ifd;
mod jpeg;
mod jpeg_reduced;
#[cfg(feature = "jxl")]
mod jxl;
mod orientation;
mod png;
mod raw;
mod tiff;

use std::error::Error as StdError;

use super::format::{Format, OtherFormat, RawFormat};
use super::luma;
use super::{Decoded, Grey, Limits, Luma, Note, Pixels};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::guard;
use color::Raster;

/// The camera raw format that the directories of a TIFF file speak of.
pub(super) fn raw_kind(bytes: &[u8]) -> Option<RawFormat> {
    raw::kind(bytes)
}

/// Decodes a picture.
pub(super) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Decoded> {
    guarded(format, || raster(bytes, format, limits)?.finish())
}

/// Decodes the brightness of a picture alone, reduced.
pub(super) fn decode_luma(bytes: &[u8], format: Format, limits: &Limits) -> Result<Grey> {
    guarded(format, || match if format == Format::Jpeg { jpeg::luma(bytes, limits)? } else { None } {
        Some(grey) => Ok(grey),
        None => raster(bytes, format, limits)?.finish_luma(),
    })
}

fn raster(bytes: &[u8], format: Format, limits: &Limits) -> Result<Raster> {
    match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Png => png::decode(bytes, limits),
        Format::Tiff => tiff::decode(bytes, limits),
        #[cfg(feature = "heic")]
        Format::Heic => heif::decode(bytes, limits, heif::Codec::Hevc),
        #[cfg(not(feature = "heic"))]
        Format::Heic => Err(without_feature("HEIC", "heic")),
        #[cfg(feature = "avif")]
        Format::Avif => heif::decode(bytes, limits, heif::Codec::Av1),
        #[cfg(not(feature = "avif"))]
        Format::Avif => Err(without_feature("AVIF", "avif")),
        #[cfg(feature = "jxl")]
        Format::Jxl => jxl::decode(bytes, limits),
        #[cfg(not(feature = "jxl"))]
        Format::Jxl => Err(without_feature("JPEG XL", "jxl")),
        Format::Raw(kind) if cfg!(feature = "raw") => raw::decode(bytes, kind, limits),
        Format::Raw(_) => Err(without_feature("camera raw", "raw")),
        Format::Other(other) => Err(not_decoded(other)),
        Format::Pixels => Err(Error::new(ErrorKind::Unsupported, "pixels have no file to decode")),
        Format::Webp
        | Format::Gif
        | Format::Bmp
        | Format::Ico
        | Format::Tga
        | Format::Hdr
        | Format::Exr
        | Format::Qoi
        | Format::Pnm
        | Format::Farbfeld => generic::decode(bytes, format, limits),
    }
}

/// Runs a decoder; a panic in it becomes an error.
fn guarded<T>(format: Format, decoder: impl FnOnce() -> Result<T>) -> Result<T> {
    guard(&format!("the {} decoder", format.name()), decoder)
}

#[cfg(not(all(feature = "heic", feature = "avif", feature = "jxl", feature = "raw")))]
fn without_feature(name: &str, feature: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{name} is not decoded: built without the feature `{feature}`"),
    )
}
#[cfg(all(feature = "heic", feature = "avif", feature = "jxl", feature = "raw"))]
fn without_feature(_: &str, _: &str) -> Error {
    // Only the arm of a disabled feature calls this.
    Error::new(ErrorKind::Unsupported, "not decoded in this build")
}

fn not_decoded(other: OtherFormat) -> Error {
    let name = match other {
        OtherFormat::Psd => "Photoshop documents are",
        OtherFormat::Jp2 => "JPEG 2000 is",
        OtherFormat::Jxr => "JPEG XR is",
        OtherFormat::Jls => "JPEG-LS is",
        OtherFormat::Svg => "SVG drawings are",
        OtherFormat::Dds => "DirectDraw surfaces are",
        OtherFormat::Wmf | OtherFormat::Emf => "Windows metafiles are",
        OtherFormat::Xcf => "GIMP documents are",
        OtherFormat::Djvu => "DjVu documents are",
        OtherFormat::Bpg => "BPG is",
        OtherFormat::Flif => "FLIF is",
        OtherFormat::Icns => "Apple icons are",
        OtherFormat::Mng => "MNG animations are",
        OtherFormat::Pcx => "PCX is",
        OtherFormat::Ktx => "KTX textures are",
        OtherFormat::Heif => "HEIF with another codec than HEVC and AV1 is",
    };
    Error::new(ErrorKind::Unsupported, format!("{name} recognised but not decoded"))
}

/// Checks a size that a header announces, before memory is taken. `bytes_per_pixel` is what the decoder and
/// the conversion hold at their peak.
fn check_size(width: u32, height: u32, bytes_per_pixel: u64, limits: &Limits) -> Result<()> {
    let too_large = |text: String| Err(Error::new(ErrorKind::TooLarge, text));
    if width == 0 || height == 0 {
        return Err(malformed(format!("a picture of {width}x{height} pixels")));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        return too_large(format!("{width}x{height} pixels, more than the limit of {}", limits.max_pixels));
    }
    if width.max(height) > limits.max_side {
        return too_large(format!(
            "{width}x{height} pixels, a side longer than the limit of {}",
            limits.max_side
        ));
    }
    let bytes = pixels.saturating_mul(bytes_per_pixel);
    if bytes > limits.max_decoder_bytes {
        return too_large(format!(
            "{width}x{height} pixels take about {bytes} bytes to decode, more than the limit of {}",
            limits.max_decoder_bytes
        ));
    }
    Ok(())
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

/// The file ends early; `expected` bytes where the container tells.
fn truncated(have: usize, expected: Option<u64>) -> Error {
    let message = match expected {
        Some(expected) => format!("the file ends before the picture does: {have} bytes of {expected}"),
        None => "the file ends before the picture does".to_owned(),
    };
    Error::new(ErrorKind::Truncated, message)
}

/// An error of a decoder, sorted: one that stems from an early end is `Truncated`, any other `Malformed`.
fn from_decoder(error: impl StdError + Send + Sync + 'static, have: usize) -> Error {
    if ends_early(&error) {
        truncated(have, None)
    } else {
        malformed("the picture contradicts its format").because(error)
    }
}

/// Whether an error or one of its causes is about an early end. The crates wrap it in many ways, so the text
/// is looked at last.
fn ends_early(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                return true;
            }
            if error.get_ref().is_some_and(|inner| ends_early(inner)) {
                return true;
            }
        }
        let text = error.to_string().to_ascii_lowercase();
        if ["unexpected end", "unexpected eof", "end of file", "end of stream", "failed to fill whole buffer"]
            .iter()
            .any(|sign| text.contains(sign))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_checked_with_both_figures() {
        let limits = Limits::default();
        let cases = [
            (60_000, 60_000, 3, ErrorKind::TooLarge, "60000x60000 pixels, more than the limit of 100000000"),
            (70_000, 1, 3, ErrorKind::TooLarge, "70000x1 pixels, a side longer than the limit of 65535"),
            (
                9_000,
                9_000,
                16,
                ErrorKind::TooLarge,
                "9000x9000 pixels take about 1296000000 bytes to decode, more than the limit of 1073741824",
            ),
            (0, 5, 3, ErrorKind::Malformed, "a picture of 0x5 pixels"),
        ];
        for (width, height, bytes, kind, text) in cases {
            let error = check_size(width, height, bytes, &limits).unwrap_err();
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
        assert!(check_size(10_000, 10_000, 10, &limits).is_ok());
    }

    #[test]
    fn formats_that_are_not_decoded_say_so() {
        let error = decode(b"8BPS\0\x01", Format::Other(OtherFormat::Psd), &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.to_string(), "Photoshop documents are recognised but not decoded");
    }
}
