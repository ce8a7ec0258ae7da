//! Pixels in, the open watermark of Stable Diffusion, SDXL and FLUX code out. Never a verdict.
//!
//! The method is `dwtDct` of PyPI invisible-watermark (ShieldMnt/invisible-watermark, `imwatermark/maxDct.py`, version
//! 0.2.0), which in spite of its name has no DCT: of the chroma plane U, the means of 2x2 pixels (one level of the Haar
//! transform) in blocks of 4x4; in each block the largest but the first is moved to a quarter of a step of 36 for a 0, to
//! three quarters for a 1. Block k carries bit k modulo the message's length, so each bit is there many times.
//!
//! Nobody needs a key, so whoever likes can write it, and scaling, cropping or a JPEG of medium quality removes it. What is
//! found is a strong hint; that nothing is found says nothing. `docs/watermarks.md` has the measurements.

mod blocks;
mod reference;

use crate::analyzer::{Analyzer, Need};
use crate::error::Result;
use crate::evidence::{Evidence, Finding, Watermark, WatermarkMessage};
use crate::media::{Media, Pixels};
use blocks::{Fold, Reading};

/// Looks for the messages of [`WatermarkMessage`] in the pixels of a picture at its own size.
///
/// It gives evidence where it finds one, and nothing otherwise.
///
/// It reads bits otherwise than the package does ([`decode`](Self::decode)), and finds what that misses. The package calls
/// a bit 1 where half of its blocks say so, while what a picture shows pulls all blocks to one side: here a bit is 1
/// where its blocks say so more than all blocks together, and a block counts less the nearer it is to the border between
/// 0 and 1. SDXL and FLUX code embeds into floating point numbers, whose chroma lies around 0 and not around 128, and
/// diffusers up to 0.26 took red for blue: here each message is looked for where its writers put it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WatermarkAnalyzer;

impl WatermarkAnalyzer {
    /// How much of each message is there, [found](Watermark::is_found) or not: about half the bits where it is not.
    /// Empty for pictures of fewer than 256x256 pixels, which the package refuses to write to.
    pub fn read(pixels: &Pixels) -> Vec<Watermark> {
        if !is_large_enough(pixels) {
            return Vec::new();
        }
        let mut folds = CARRIERS.map(|(message, reading)| Fold::new(reading, message.bits() as usize));
        blocks::read(pixels, &mut folds);
        let matching = |message: WatermarkMessage| {
            let carriers = CARRIERS.iter().zip(&folds).filter(|((other, _), _)| *other == message);
            let bits = carriers.filter_map(|(_, fold)| fold.bits());
            let right =
                |bits: Vec<bool>| (0..).zip(bits).filter(|(index, bit)| message.bit(*index) == *bit).count();
            Some(Watermark::new(message, bits.map(right).max()? as u32))
        };
        WatermarkMessage::ALL.into_iter().filter_map(matching).collect()
    }

    /// The bits of a message of so many as the package reads them, bit for bit:
    /// `WatermarkDecoder("bits", bits).decode(bgr, "dwtDct")`. `None` where the package refuses (fewer than 256x256
    /// pixels) and where some bit has no block.
    ///
    /// For comparisons: [`read`](Self::read) reads otherwise.
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
        let found = Self::read(media.pixels()?).into_iter().filter(Watermark::is_found);
        Ok(found.map(|watermark| Evidence::new("watermark", Finding::Watermark(watermark))).collect())
    }
}

/// Who embeds how.
const CARRIERS: [(WatermarkMessage, Reading); 6] = [
    (WatermarkMessage::StableDiffusion1, Reading::Bytes),
    (WatermarkMessage::StableDiffusion2, Reading::Bytes),
    (WatermarkMessage::InvokeAi, Reading::Bytes),
    (WatermarkMessage::StableDiffusionXl, Reading::Floats),
    (WatermarkMessage::StableDiffusionXl, Reading::FloatsRedForBlue),
    (WatermarkMessage::Flux, Reading::Floats),
];

/// As the package demands it.
fn is_large_enough(pixels: &Pixels) -> bool {
    u64::from(pixels.width()) * u64::from(pixels.height()) >= 256 * 256
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use serde::Deserialize;

    use super::*;
    use crate::media::Limits;

    #[derive(Deserialize)]
    struct Golden {
        case: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        path: String,
        message: Option<String>,
        /// What the package reads, for a message of each length.
        reference: BTreeMap<String, String>,
    }

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
    }

    fn golden() -> Vec<Case> {
        let text = std::fs::read_to_string(fixtures().join("golden/watermark.toml")).unwrap();
        toml::from_str::<Golden>(&text).unwrap().case
    }

    fn pixels(path: &str) -> Pixels {
        let media = Media::open(fixtures().join(path), &Limits::default()).unwrap();
        media.pixels().unwrap().clone()
    }

    fn found(pixels: &Pixels) -> Vec<Watermark> {
        WatermarkAnalyzer::read(pixels).into_iter().filter(Watermark::is_found).collect()
    }

    #[test]
    fn decode_gives_the_bits_that_the_package_gives() {
        let mut compared = 0;
        for case in golden() {
            let pixels = pixels(&case.path);
            let is_small = pixels.width() * pixels.height() < 65_536;
            for (message, reference) in case.reference {
                let bits = WatermarkAnalyzer::decode(&pixels, reference.len());
                let expected = reference.chars().map(|bit| bit == '1').collect();
                assert_eq!(bits, (!is_small).then_some(expected), "{}: {message}", case.path);
                compared += reference.len();
            }
        }
        assert!(compared > 2000, "only {compared} bits");
    }

    #[test]
    fn each_message_is_found_in_the_picture_that_carries_it_and_no_other_is() {
        let mut messages = 0;
        for case in golden() {
            let found: Vec<&str> =
                found(&pixels(&case.path)).iter().map(|found| found.message.code()).collect();
            assert_eq!(found, Vec::from_iter(case.message.as_deref()), "{}", case.path);
            messages += found.len();
        }
        assert_eq!(messages, 6);
        assert_eq!(
            found(&pixels("images/watermark_sdxl_95.jpg"))[0].message,
            WatermarkMessage::StableDiffusionXl
        );
    }

    /// Grey, but for one place in each block, which is as blue as its bit says.
    fn embedded(message: WatermarkMessage, width: u32, height: u32) -> Pixels {
        let columns = width as usize / 8;
        let mut data = Vec::new();
        for y in 0..height as usize {
            for x in 0..width as usize {
                let bit = message.bit((y / 8 * columns + x / 8) % message.bits() as usize);
                let is_carrier = (x % 8 / 2, y % 8 / 2) == (1, 2) && x / 8 < columns;
                // Sums of U of 520 and 556: 16 and 52 of a step of 72.
                data.extend([
                    128,
                    128,
                    if !is_carrier {
                        128
                    } else if bit {
                        153
                    } else {
                        132
                    },
                ]);
            }
        }
        Pixels::from_rgb8(width, height, data).unwrap()
    }

    #[test]
    fn of_a_large_picture_some_rows_are_enough() {
        let message = WatermarkMessage::StableDiffusion1;
        // 3 megapixels: 300 rows of 163 blocks, of which 201 are looked at.
        let watermarks = found(&embedded(message, 1307, 2401));
        assert_eq!(watermarks, [Watermark::new(message, 136)]);
    }

    #[test]
    fn pictures_that_are_too_small_flat_or_narrow_have_none() {
        assert!(WatermarkAnalyzer::read(&embedded(WatermarkMessage::StableDiffusion2, 256, 255)).is_empty());
        assert_eq!(found(&embedded(WatermarkMessage::StableDiffusion2, 256, 256)).len(), 1);
        for (width, height) in [(256, 256), (7, 10_000), (70_000, 1), (8, 8192), (8192, 9)] {
            for grey in [0, 126, 128, 255] {
                let data = vec![grey; width as usize * height as usize * 3];
                let flat = Pixels::from_rgb8(width, height, data).unwrap();
                assert_eq!(found(&flat), [], "{width}x{height} of {grey}");
            }
        }
        let thin = Pixels::from_rgb8(70_000, 1, vec![7; 210_000]).unwrap();
        assert_eq!(WatermarkAnalyzer::decode(&thin, 48), None);
    }
}
