//! A picture as it would be after somebody has passed it on: what a detector says of it should not depend on that.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::geometry::window;
use super::resample::{self, Filter};
use crate::error::{Error, ErrorKind, Result};
use crate::media::{Limits, Media, Pixels};

/// What messengers, social networks and screenshots do to a picture, the commonest first.
const CHANGES: [(&str, Change); 8] = [
    ("jpeg 75", Change { scale: 1.0, crop: 0.0, quality: Some(75) }),
    ("half size", Change { scale: 0.5, crop: 0.0, quality: None }),
    ("jpeg 50", Change { scale: 1.0, crop: 0.0, quality: Some(50) }),
    ("cropped by a tenth", Change { scale: 1.0, crop: 0.05, quality: None }),
    ("half size, jpeg 75", Change { scale: 0.5, crop: 0.0, quality: Some(75) }),
    ("three quarters of the size, jpeg 85", Change { scale: 0.75, crop: 0.0, quality: Some(85) }),
    ("jpeg 90", Change { scale: 1.0, crop: 0.0, quality: Some(90) }),
    ("one and a half times the size", Change { scale: 1.5, crop: 0.0, quality: None }),
];

/// So many variants there are.
pub(super) const MOST: usize = CHANGES.len();

struct Change {
    scale: f64,
    /// The share of each side that is cut off at each end.
    crop: f64,
    quality: Option<u8>,
}

/// The first `count` variants, one after another: only one is held at a time.
pub(super) fn variants(
    pixels: &Pixels,
    count: usize,
) -> impl Iterator<Item = (&'static str, Result<Pixels>)> + '_ {
    CHANGES.iter().take(count).map(|(name, change)| (*name, change.of(pixels)))
}

impl Change {
    fn of(&self, pixels: &Pixels) -> Result<Pixels> {
        let (width, height) = (pixels.width(), pixels.height());
        let mut changed = None;
        if self.crop > 0.0 {
            let cut = |side: u32| (f64::from(side) * self.crop) as u32;
            let (left, top) = (cut(width), cut(height));
            changed = Some(window(pixels, left.into(), top.into(), width - 2 * left, height - 2 * top, 0)?);
        }
        if self.scale != 1.0 {
            let side = |side: u32| ((f64::from(side) * self.scale).round() as u32).max(1);
            changed = Some(resample::resize(pixels, side(width), side(height), Filter::Bicubic, true)?);
        }
        let last = changed.as_ref().unwrap_or(pixels);
        match self.quality {
            Some(quality) => through_jpeg(last, quality),
            None => Ok(changed.unwrap_or_else(|| pixels.clone())),
        }
    }
}

fn through_jpeg(pixels: &Pixels, quality: u8) -> Result<Pixels> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(Cursor::new(&mut bytes), quality)
        .write_image(pixels.as_rgb8(), pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
        .map_err(|error| Error::new(ErrorKind::Inference, "cannot be re-encoded").because(error))?;
    Media::from_bytes(bytes, &Limits::default())?.pixels().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_is_the_picture_in_another_size_or_quality() {
        let data = (0..200 * 160).flat_map(|i| [(i % 200) as u8, (i / 200) as u8, 90]).collect();
        let pixels = Pixels::from_rgb8(200, 160, data).unwrap();
        let sizes: Vec<_> = variants(&pixels, MOST)
            .map(|(name, variant)| {
                let variant = variant.unwrap();
                assert!(variant != pixels, "{name}");
                let middle = variant.get(variant.width() / 2, variant.height() / 2).unwrap();
                let expected = [100, 80, 90];
                let far = middle.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
                assert!(far < Some(12), "{name}: {middle:?}");
                (variant.width(), variant.height())
            })
            .collect();
        let expected =
            [(200, 160), (100, 80), (200, 160), (180, 144), (100, 80), (150, 120), (200, 160), (300, 240)];
        assert_eq!(sizes, expected);
        assert_eq!(variants(&pixels, 2).count(), 2);
    }
}
