//! Pixels in, the open watermark of Stable Diffusion, SDXL and FLUX code out. Never a verdict.
//!
//! The method is `dwtDct` of PyPI invisible-watermark (ShieldMnt/invisible-watermark, `imwatermark/maxDct.py`, version
//! 0.2.0), which in spite of its name has no DCT: of the chroma plane U, the means of 2x2 pixels (one level of the Haar
//! transform) in blocks of 4x4; in each block the largest but the first is moved to a quarter of a step of 36 for a 0, to
//! three quarters for a 1. Block k carries bit k modulo the message's length, so each bit is there many times.
//!
//! Nobody needs a key, so whoever likes can write it, and scaling, cropping or a JPEG of medium quality removes it. What is
//! found is a strong hint; that nothing is found says nothing.

mod blocks;
mod reference;

use crate::analyzer::{Analyzer, Need};
use crate::error::Result;
use crate::evidence::{Evidence, Finding, Watermark, WatermarkMessage};
use crate::media::{Media, Pixels};
use blocks::{Fold, Reading};

/// Looks for the messages of [`WatermarkMessage`] in the pixels of a picture at its own size.
///
/// It gives evidence where it finds one, and nothing otherwise. Pictures of fewer than 256x256 pixels have none: the
/// package refuses to write there.
///
/// It reads bits otherwise than the package does, and finds far more: the package's own reading of pictures that nobody
/// has touched since gives a third to four fifths of the messages, this one gave all (`docs/watermarks.md`). The package
/// calls a bit 1 where more than half of its blocks say so, while what a picture shows pulls all blocks to one side; here a bit is 1 where its blocks say so more than
/// all blocks together, and a block counts less the nearer it is to the border between 0 and 1. Then, SDXL and FLUX code
/// embeds into floating point numbers, whose chroma is around 0 and not around 128; and diffusers up to 0.26 took red for
/// blue.
#[derive(Clone, Copy, Debug, Default)]
pub struct WatermarkAnalyzer;

impl WatermarkAnalyzer {
    /// The bits of a message of so many as the package reads them: `WatermarkDecoder("bits", bits).decode(bgr)`, bit for
    /// bit. `None` where the package refuses (fewer than 256x256 pixels) or some bit has no block.
    ///
    /// For comparisons: [`analyze`](Analyzer::analyze) reads otherwise.
    pub fn decode(pixels: &Pixels, bits: usize) -> Option<Vec<bool>> {
        is_large_enough(pixels).then(|| reference::decode(pixels, bits))?
    }
}

impl Analyzer for WatermarkAnalyzer {
    fn id(&self) -> &str {
        "watermark@1"
    }

    fn need(&self) -> Need {
        Need::Pixels
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let found = readings(media.pixels()?)
            .into_iter()
            .filter(|(carrier, matching)| *matching >= carrier.threshold);
        let mut evidence: Vec<Watermark> = Vec::new();
        for (carrier, matching) in found {
            let watermark = Watermark::new(carrier.message, matching);
            match evidence.iter_mut().find(|other| other.message == carrier.message) {
                Some(other) if other.matching_bits < matching => *other = watermark,
                Some(_) => {}
                None => evidence.push(watermark),
            }
        }
        Ok(evidence
            .into_iter()
            .map(|watermark| Evidence::new("watermark", Finding::Watermark(watermark)))
            .collect())
    }
}

/// A message, and how the code that writes it embeds it.
#[derive(Clone, Copy, Debug)]
struct Carrier {
    message: WatermarkMessage,
    reading: Reading,
    /// So many bits of the message have to be there. Of bits drawn by chance as many are right in fewer than 1 of 10^7
    /// pictures (binomial, 1/2); the most that photographs gave is in `docs/watermarks.md`.
    threshold: u32,
}

/// Who embeds how: `docs/watermarks.md` names the sources.
const CARRIERS: [Carrier; 6] = [
    Carrier { message: WatermarkMessage::StableDiffusion1, reading: Reading::Bytes, threshold: 99 },
    Carrier { message: WatermarkMessage::StableDiffusion2, reading: Reading::Bytes, threshold: 31 },
    Carrier { message: WatermarkMessage::InvokeAi, reading: Reading::Bytes, threshold: 53 },
    Carrier { message: WatermarkMessage::StableDiffusionXl, reading: Reading::Floats, threshold: 42 },
    Carrier {
        message: WatermarkMessage::StableDiffusionXl,
        reading: Reading::FloatsRedForBlue,
        threshold: 42,
    },
    Carrier { message: WatermarkMessage::Flux, reading: Reading::Floats, threshold: 41 },
];

/// How many bits of each message are there; empty for a picture that is too small to hold any.
fn readings(pixels: &Pixels) -> Vec<(Carrier, u32)> {
    if !is_large_enough(pixels) {
        return Vec::new();
    }
    let mut folds = CARRIERS.map(|carrier| Fold::new(carrier.reading, carrier.message.bits() as usize));
    blocks::read(pixels, &mut folds);
    let matching = |(carrier, fold): (Carrier, Fold)| {
        let bits = fold.bits()?;
        let right = bits.iter().enumerate().filter(|(index, bit)| carrier.message.bit(*index) == **bit);
        Some((carrier, right.count() as u32))
    };
    CARRIERS.into_iter().zip(folds).filter_map(matching).collect()
}

/// As the package demands it.
fn is_large_enough(pixels: &Pixels) -> bool {
    u64::from(pixels.width()) * u64::from(pixels.height()) >= 256 * 256
}
