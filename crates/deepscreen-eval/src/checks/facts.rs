//! A file in, what its container says of it out. Decodes a picture only where its format has no size that is read
//! without.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use deepscreen::media::{Format, Limits};
use deepscreen::{Error, ErrorKind, Media, Result};
use image::ImageReader;

use crate::JpegQuality;

/// What a file says before anybody looks at its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Sniffed from its bytes.
    pub format: Format,
    /// The shorter side in pixels, at least 1: whichever way up.
    pub short_side: u32,
    /// The longer side in pixels.
    pub long_side: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// Of a JPEG, by its quantisation tables.
    pub jpeg_quality: Option<JpegQuality>,
}

/// Bytes that are read first: metadata of cameras and colour profiles fit mostly.
const HEAD: u64 = 256 << 10;

impl Facts {
    /// Reads the head of a file; all of it where the head is not enough.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`], and those of [`of_bytes`](Self::of_bytes). They name the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unreadable = |error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error);
        let read = || {
            let mut file = File::open(path).map_err(unreadable)?;
            let bytes = file.metadata().map_err(unreadable)?.len();
            let mut head = Vec::new();
            file.by_ref().take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
            match Self::of_head(&head, bytes) {
                Some(facts) => Ok(facts),
                None if bytes > Limits::default().max_bytes => Err(too_large(bytes)),
                None => {
                    BufReader::new(file).read_to_end(&mut head).map_err(unreadable)?;
                    Self::of_bytes(&head)
                }
            }
        };
        read().map_err(|error: Error| error.about(path.display()))
    }

    /// Of a file in memory.
    ///
    /// # Errors
    /// Those of [`Media::from_bytes`], and those of [`Media::pixels`] where the picture is damaged or in a format whose
    /// size is known only once it is decoded.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self> {
        if let Some(facts) = Self::of_head(bytes, bytes.len() as u64) {
            return Ok(facts);
        }
        let media = Media::from_bytes(bytes, &Limits::default())?;
        media.luma()?;
        let size = media.size().ok_or_else(|| Error::new(ErrorKind::Malformed, "no size"))?;
        Ok(Self::new(media.format(), size, bytes.len() as u64, JpegQuality::of(bytes)))
    }

    /// `None` where the head does not say all.
    fn of_head(head: &[u8], bytes: u64) -> Option<Self> {
        let format = Media::from_bytes(head, &Limits::default()).ok()?.format();
        let size = ImageReader::new(Cursor::new(head)).with_guessed_format().ok()?.into_dimensions().ok()?;
        let jpeg_quality = JpegQuality::of(head);
        let complete = jpeg_quality.is_some() || format != Format::Jpeg;
        // Camera raw files look like TIFF, and there it is the preview that counts.
        (complete && !matches!(format, Format::Raw(_)) && size.0 > 0 && size.1 > 0)
            .then(|| Self::new(format, size, bytes, jpeg_quality))
    }

    fn new(format: Format, size: (u32, u32), bytes: u64, jpeg_quality: Option<JpegQuality>) -> Self {
        let (short_side, long_side) = (size.0.min(size.1), size.0.max(size.1));
        Self { format, short_side, long_side, bytes, jpeg_quality }
    }

    /// The longer side by the shorter: 1 or more.
    pub fn aspect(&self) -> f64 {
        f64::from(self.long_side) / f64::from(self.short_side)
    }

    /// Bytes of the file by pixels of the picture.
    pub fn bytes_per_pixel(&self) -> f64 {
        self.bytes as f64 / (f64::from(self.short_side) * f64::from(self.long_side))
    }
}

fn too_large(bytes: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("{bytes} bytes, more than are read of a file"))
}
