//! Bytes in, oriented sRGB pixels out; decoded once, and only when asked for.
//!
//! The format is sniffed from the bytes, never from a name; limits are checked before memory is taken. This
//! module never judges a picture and never writes anything.

mod decode;
mod format;
mod limits;
mod luma;
mod pixels;
mod read;
mod sniff;

use std::path::Path;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

pub(crate) use decode::ifd;
pub use format::{Format, OtherFormat, RawFormat};
pub use limits::Limits;
pub use luma::Luma;
pub(crate) use luma::{averaged, luma as luma_of};
pub use pixels::Pixels;
pub(crate) use read::{open_file, read_file};

/// Something that a viewer should know about how the pixels came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Note {
    /// The picture is animated or has several pages: only the first of them was looked at. Their number
    /// where the format tells it cheaply.
    FirstFrame(Option<u32>),
    /// A camera raw file: the pixels are those of its largest embedded preview.
    EmbeddedPreview,
    /// The colour profile could not be read and was ignored.
    ProfileIgnored,
}

impl Note {
    /// The stable code, as records carry it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FirstFrame(_) => "first_frame",
            Self::EmbeddedPreview => "embedded_preview",
            Self::ProfileIgnored => "profile_ignored",
        }
    }
}

/// One input: its bytes, its format and, once asked for, its pixels.
#[derive(Debug)]
pub struct Media {
    bytes: Vec<u8>,
    format: Format,
    limits: Limits,
    sha256: OnceLock<[u8; 32]>,
    whole: OnceLock<Result<Decoded>>,
    luma: OnceLock<Result<Grey>>,
}

/// What a decoder delivers: upright, composited, converted to sRGB.
#[derive(Debug)]
struct Decoded {
    pixels: Pixels,
    notes: Vec<Note>,
}

/// The brightness alone, upright, reduced.
#[derive(Debug)]
struct Grey {
    luma: Luma,
    /// Width and height of the whole picture, upright.
    size: (u32, u32),
    notes: Vec<Note>,
}

impl Media {
    /// Reads a file, at most `limits.max_bytes` of it.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable), and those of [`from_bytes`](Self::from_bytes).
    pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        read_file(path, limits)
            .map_err(|(_, error)| error)
            .and_then(|bytes| Self::from_bytes(bytes, limits))
            .map_err(|error| error.about(path.display()))
    }

    /// Takes the bytes of a file and sniffs their format. Nothing is decoded yet.
    ///
    /// # Errors
    /// [`Empty`](ErrorKind::Empty), [`TooLarge`](ErrorKind::TooLarge) and
    /// [`NotAnImage`](ErrorKind::NotAnImage), where the bytes are of no picture format that is known.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self> {
        let bytes = bytes.into();
        limits.check_bytes(bytes.len() as u64)?;
        if bytes.is_empty() {
            return Err(Error::new(ErrorKind::Empty, "no bytes"));
        }
        let format = Format::sniff(&bytes)?;
        let limits = limits.clone();
        let (sha256, whole, luma) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Self { bytes, format, limits, sha256, whole, luma })
    }

    /// Takes a picture that somebody else decoded. It has no file, so nothing but its pixels can speak; its
    /// [`bytes`](Self::bytes) are its samples, its format is [`Pixels`](Format::Pixels).
    pub fn from_pixels(pixels: Pixels) -> Self {
        let whole = OnceLock::from(Ok(Decoded { pixels, notes: Vec::new() }));
        let (format, limits, sha256, luma) =
            (Format::Pixels, Limits::default(), OnceLock::new(), OnceLock::new());
        Self { bytes: Vec::new(), format, limits, sha256, whole, luma }
    }

    /// The bytes of the file; of [decoded pixels](Self::from_pixels), their samples.
    pub fn bytes(&self) -> &[u8] {
        match self.decoded() {
            Some(Decoded { pixels, .. }) if self.format == Format::Pixels => pixels.as_rgb8(),
            _ => &self.bytes,
        }
    }

    /// SHA-256 of the [`bytes`](Self::bytes), computed at the first call.
    pub fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| Sha256::digest(self.bytes()).into())
    }

    /// The same, for who has computed it already.
    pub(crate) fn with_sha256(self, sha256: [u8; 32]) -> Self {
        Self { sha256: OnceLock::from(sha256), ..self }
    }

    /// The format, sniffed from the bytes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The limits that it is read under.
    #[cfg_attr(not(any(feature = "bank", feature = "c2pa")), allow(dead_code))]
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The picture: RGB8, upright by its EXIF orientation (or the container's own rotation), transparency
    /// composited over white, converted to sRGB by its ICC profile. Decoded at the first call.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed), [`Truncated`](ErrorKind::Truncated),
    /// [`Unsupported`](ErrorKind::Unsupported), [`TooLarge`](ErrorKind::TooLarge) and
    /// [`Panic`](ErrorKind::Panic), where the decoder panicked.
    pub fn pixels(&self) -> Result<&Pixels> {
        let decode = || decode::decode(&self.bytes, self.format, &self.limits);
        let whole = self.whole.get_or_init(decode).as_ref().map_err(Clone::clone)?;
        Ok(&whole.pixels)
    }

    /// The picture's brightness, reduced to a short side of 256 pixels or somewhat more: what perceptual hashes look
    /// at. Where nothing has decoded the picture yet, that much is decoded only, of a large JPEG in a fraction of the time.
    ///
    /// # Errors
    /// Those of [`pixels`](Self::pixels).
    pub fn luma(&self) -> Result<&Luma> {
        let grey = self.luma.get_or_init(|| match self.whole.get() {
            Some(Ok(Decoded { pixels, notes })) => {
                let size = (pixels.width(), pixels.height());
                Ok(Grey { luma: Luma::of(pixels), size, notes: notes.clone() })
            }
            Some(Err(error)) => Err(error.clone()),
            None => decode::decode_luma(&self.bytes, self.format, &self.limits),
        });
        Ok(&grey.as_ref().map_err(Clone::clone)?.luma)
    }

    /// Width and height of the whole picture in pixels, after orientation; `None` as long as nothing was decoded.
    pub fn size(&self) -> Option<(u32, u32)> {
        let pixels = self.decoded().map(|whole| (whole.pixels.width(), whole.pixels.height()));
        pixels.or_else(|| Some(self.decoded_luma()?.size))
    }

    /// What to know about how the pixels came to be; empty as long as nothing was decoded.
    pub fn notes(&self) -> &[Note] {
        let whole = self.decoded().map(|whole| whole.notes.as_slice());
        whole.or_else(|| Some(self.decoded_luma()?.notes.as_slice())).unwrap_or_default()
    }

    fn decoded(&self) -> Option<&Decoded> {
        self.whole.get()?.as_ref().ok()
    }

    fn decoded_luma(&self) -> Option<&Grey> {
        self.luma.get()?.as_ref().ok()
    }
}
