//! RGB8 pixels in, a luma plane of at most about 1,000 px a side out.

use image::GrayImage;

use crate::media::Pixels;

/// Sides above twice this are averaged down by a whole factor first: PDQ keeps 64 cells a side, so 512 samples
/// are plenty, and the float work on a 12 MP picture shrinks from 12 million samples to under half a million.
const ENOUGH: u32 = 512;

/// Luma samples, 0 to 255, rows from the top.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<f32>,
}

impl Plane {
    /// BT.601 luma, as PDQ's reference weighs it, averaged over whole blocks of pixels. What is left of the last
    /// block at the right and at the bottom is averaged over what there is of it.
    pub(super) fn of(pixels: &Pixels) -> Self {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let block = |side: u32| (side / ENOUGH).max(1) as usize;
        let (block_w, block_h) = (block(pixels.width()), block(pixels.height()));
        let (out_w, out_h) = (width.div_ceil(block_w), height.div_ceil(block_h));
        let mut samples = Vec::with_capacity(out_w * out_h);
        let mut sums = vec![0u32; out_w];
        for rows in pixels.as_rgb8().chunks(width * 3 * block_h) {
            sums.fill(0);
            let mut count_h = 0;
            for row in rows.chunks_exact(width * 3) {
                count_h += 1;
                if block_w == 1 {
                    for (sum, rgb) in sums.iter_mut().zip(row.as_chunks::<3>().0) {
                        *sum += luma(*rgb);
                    }
                } else {
                    for (sum, cell) in sums.iter_mut().zip(row.chunks(block_w * 3)) {
                        *sum += cell.as_chunks::<3>().0.iter().map(|rgb| luma(*rgb)).sum::<u32>();
                    }
                }
            }
            let last_w = width - (out_w - 1) * block_w;
            let scale = |count_w: usize| 1.0 / (LUMA_ONE * (count_w * count_h) as f32);
            samples.extend(sums.iter().map(|&sum| sum as f32 * scale(block_w)));
            if let (Some(last), Some(sum)) = (samples.last_mut(), sums.last()) {
                *last = *sum as f32 * scale(last_w);
            }
        }
        Self { width: out_w, height: out_h, samples }
    }
}

/// Side in pixels of the picture that the img_hash family is computed from: within 4 bits of what it gives for the
/// whole picture, which takes several milliseconds to filter (the tests of this module's parent).
const THUMBNAIL: u32 = 64;

impl Plane {
    /// The plane as a small grey picture, each pixel the mean of what it covers. A plane that is small already
    /// stays as it is.
    pub(super) fn thumbnail(&self) -> GrayImage {
        let bytes = self.samples.iter().map(|sample| (sample + 0.5) as u8).collect();
        let grey = GrayImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default();
        debug_assert_eq!(grey.len(), self.samples.len());
        if grey.width().min(grey.height()) <= THUMBNAIL {
            return grey;
        }
        image::imageops::thumbnail(&grey, THUMBNAIL, THUMBNAIL)
    }
}

/// 0.299, 0.587 and 0.114 in 1/1024: a block of up to 127x127 px (a side of 65,535 by 512) fits 32 bits.
const LUMA_ONE: f32 = 1024.0;

fn luma([r, g, b]: [u8; 3]) -> u32 {
    306 * u32::from(r) + 601 * u32::from(g) + 117 * u32::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_average_and_the_last_block_is_not_darkened() {
        for (width, height) in [(1025, 3), (3000, 2001), (511, 700), (65_535, 1)] {
            let data = vec![200; (width * height * 3) as usize];
            let plane = Plane::of(&Pixels::from_rgb8(width, height, data).unwrap());
            assert_eq!(plane.samples.len(), plane.width * plane.height);
            assert!(plane.width <= 1023 && plane.height <= 1023, "{}x{}", plane.width, plane.height);
            assert!(plane.samples.iter().all(|s| (s - 200.0).abs() < 0.01), "{width}x{height}");
        }
    }
}
