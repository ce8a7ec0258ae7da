//! Decoded pixels in, the file that is left of them after a degradation out. Looks at no label, so that both classes
//! go the same way and the format never gives the class away.
//!
//! | Text | What becomes of the picture |
//! |---|---|
//! | `clean` | nothing: its pixels as PNG |
//! | `jpeg:60` | JPEG of that quality, 1 to 100 by IJG's scale, chroma 4:2:0 |
//! | `webp:80` | lossy WebP of that quality, 1 to 100, as libwebp encodes by default |
//! | `resize:0.5` | both sides times a factor above 0, at most 4 |
//! | `blur:1` | Gaussian, standard deviation in pixels, above 0, at most 20 |
//! | `noise:8` | Gaussian, standard deviation of 255, above 0, at most 128 |
//! | `crop:0.6`, `crop:0.6:top-left` | a part of both sides, above 0, at most 1: of the centre, or of the corner `top-left`, `top-right`, `bottom-left`, `bottom-right` |
//! | `screenshot`, `screenshot:jpeg` | 1080 pixels wide, as a phone shows it, sharpened mildly (0.3 of what a blur of 1 pixel takes away), as PNG or JPEG 85 |
//! | `social` | longest side at most 2048 pixels (upload), then at most 1080 (post), JPEG 75 |
//! | `web` | longest side at most 768 pixels, JPEG 60 |
//! | `hard` | longest side at most 512 pixels, JPEG 40 |
//! | `crop:0.6+blur:1+web` | one after the other |
//!
//! A picture is never enlarged where "at most" is said. A chain that does not end in JPEG or WebP gives PNG.

use std::fmt;
use std::str::FromStr;

use deepscreen::media::{Format, Limits, Pixels};
use deepscreen::{Error, ErrorKind, Media, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

mod filter;
mod huffman;
mod jpeg;
mod step;

use step::Step;

/// A degradation: none, one, or several in a row.
///
/// ```
/// use deepscreen_eval::degrade::Degradation;
///
/// let degradation: Degradation = "crop:0.60 + jpeg:75".parse()?;
/// assert_eq!(degradation.to_string(), "crop:0.6+jpeg:75");
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Degradation {
    /// Empty for `clean`.
    steps: Vec<Step>,
}

/// A file in memory, as a detector would find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// [`Jpeg`](Format::Jpeg), [`WebP`](Format::Webp) or [`Png`](Format::Png).
    pub format: Format,
}

/// A picture on its way through a chain.
struct State {
    pixels: Pixels,
    /// The JPEG or WebP whose pixels these are, if the last step was one.
    file: Option<Encoded>,
}

impl Degradation {
    /// No degradation.
    pub const CLEAN: Self = Self { steps: Vec::new() };

    /// Whether it is `clean`. Whoever has the file itself may then use that; the PNG has the same pixels, without the
    /// file's format and metadata.
    pub fn is_clean(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether what was at the left of the picture is still at the left, at the same share of its width: not after a
    /// crop, nor on a screenshot.
    pub(crate) fn keeps_the_frame(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::Crop(..) | Step::Screenshot { .. }))
    }

    /// What degraded pictures are kept under: with the seed where that changes them.
    pub(crate) fn key(&self, seed: u64) -> String {
        match self.steps.iter().any(|step| matches!(step, Step::Noise(_))) {
            true => format!("{self}#{seed}"),
            false => self.to_string(),
        }
    }

    /// Degrades a picture. The same pixels with the same seed give the same bytes; noise differs from picture to
    /// picture.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] where the result would have more than 100 million pixels or a side of more than 65,535.
    /// They name the degradation.
    pub fn apply(&self, pixels: &Pixels, seed: u64) -> Result<Encoded> {
        self.state(pixels, seed).and_then(State::encoded).map_err(|error| self.failed(error))
    }

    /// The pixels that are left: those of the file that [`apply`](Self::apply) gives, which need not be written where a
    /// detector looks at pixels alone.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn pixels(&self, pixels: &Pixels, seed: u64) -> Result<Pixels> {
        self.state(pixels, seed).map(|state| state.pixels).map_err(|error| self.failed(error))
    }

    fn state(&self, pixels: &Pixels, seed: u64) -> Result<State> {
        let start = State { pixels: pixels.clone(), file: None };
        self.steps.iter().try_fold(start, |state, step| step.apply(state, seed))
    }

    fn failed(&self, error: Error) -> Error {
        error.about(format_args!("degradation {self}"))
    }
}

/// A small JPEG of a picture, its longest side at most so many pixels, for a person to look at.
///
/// # Errors
/// As [`Degradation::apply`].
pub fn thumbnail(pixels: &Pixels, longest: u32) -> Result<Vec<u8>> {
    let small = State { pixels: pixels.clone(), file: None }.fitted(longest)?;
    Ok(small.compressed(80)?.encoded()?.bytes)
}

impl State {
    /// A picture that somebody filtered; `None` where that failed, which cannot be as long as sizes are right.
    fn filtered(pixels: Option<Pixels>) -> Result<Self> {
        let pixels = pixels.ok_or_else(|| Error::new(ErrorKind::Malformed, "no pixel is left"))?;
        Ok(Self { pixels, file: None })
    }

    fn compressed(&self, quality: u8) -> Result<Self> {
        check_size(self.pixels.width().into(), self.pixels.height().into())?;
        Self::of_file(jpeg::encode(&self.pixels, quality), Format::Jpeg)
    }

    fn compressed_as_webp(&self, quality: u8) -> Result<Self> {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let encoder = webp::Encoder::from_rgb(self.pixels.as_rgb8(), width, height);
        let file = encoder.encode_simple(false, quality.into()).map_err(|error| {
            let message = format!("{width}x{height} pixels cannot be written as WebP: {error:?}");
            Error::new(ErrorKind::TooLarge, message)
        })?;
        Self::of_file(file.to_vec(), Format::Webp)
    }

    fn of_file(bytes: Vec<u8>, format: Format) -> Result<Self> {
        let pixels = Media::from_bytes(bytes.clone(), &Limits::default())?.pixels()?.clone();
        Ok(Self { pixels, file: Some(Encoded { bytes, format }) })
    }

    fn resized(&self, width: f64, height: f64) -> Result<Self> {
        let [width, height] = [width, height].map(|side| side.round().max(1.0));
        check_size(width, height)?;
        Self::filtered(filter::resized(&self.pixels, width as u32, height as u32))
    }

    /// With a longest side of at most so many pixels.
    fn fitted(self, longest: u32) -> Result<Self> {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let factor = f64::from(longest) / f64::from(width.max(height));
        if factor >= 1.0 {
            return Ok(self);
        }
        self.resized(f64::from(width) * factor, f64::from(height) * factor)
    }

    fn encoded(self) -> Result<Encoded> {
        if let Some(file) = self.file {
            return Ok(file);
        }
        let (mut bytes, pixels) = (Vec::new(), &self.pixels);
        PngEncoder::new(&mut bytes)
            .write_image(pixels.as_rgb8(), pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
            .map_err(|error| Error::new(ErrorKind::TooLarge, "cannot be written as PNG").because(error))?;
        Ok(Encoded { bytes, format: Format::Png })
    }
}

fn check_size(width: f64, height: f64) -> Result<()> {
    let limits = Limits::default();
    if width.max(height) > f64::from(limits.max_side) || width * height > limits.max_pixels as f64 {
        let message = format!("{width}x{height} pixels would be too many");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

impl FromStr for Degradation {
    type Err = Error;

    /// Reads a chain as the [table](self) has it; spaces around its parts do not matter.
    fn from_str(text: &str) -> Result<Self> {
        if text.trim() == "clean" {
            return Ok(Self::CLEAN);
        }
        let steps = text.split('+').map(|step| Step::parse(step.trim()));
        let steps =
            steps.collect::<Result<_>>().map_err(|error| error.about(format_args!("degradation {text}")))?;
        Ok(Self { steps })
    }
}

/// The text that it is read from, the shortest there is.
impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("clean");
        }
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                f.write_str("+")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}
