//! The bits as the package reads them, its rounding errors included.

use crate::media::Pixels;

/// PyWavelets' filter `haar`.
const HAAR: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// As `EmbedMaxDct(wmLen=bits).decode(bgr)`: a bit is 1 where more than 127 of 255 of its blocks say so. `None` where one
/// has no block.
pub(super) fn decode(pixels: &Pixels, bits: usize) -> Option<Vec<bool>> {
    let width = pixels.width() as usize;
    let (columns, rows) = (width / 8, pixels.height() as usize / 8);
    if bits == 0 || columns * rows < bits {
        return None;
    }
    let rgb = pixels.as_rgb8().as_chunks::<3>().0;
    let mut ones = vec![0u32; bits];
    let mut blocks = vec![0u32; bits];
    for block in 0..columns * rows {
        let (left, top) = (block % columns * 8, block / columns * 8);
        // In the order of the package, whose sums differ in the last bit: that decides where a value is on the border
        // between two steps, which whole numbers often are.
        let mean = |cell: usize| {
            let (x, y) = (left + cell % 4 * 2, top + cell / 4 * 2);
            let pair = |x: usize| HAAR * chroma(rgb[(y + 1) * width + x]) + HAAR * chroma(rgb[y * width + x]);
            HAAR * pair(x + 1) + HAAR * pair(x)
        };
        let largest = (1..16).map(mean).fold(0.0, f64::max);
        ones[block % bits] += u32::from(largest % 36.0 > 18.0);
        blocks[block % bits] += 1;
    }
    Some(
        ones.iter()
            .zip(&blocks)
            .map(|(ones, blocks)| f64::from(*ones) / f64::from(*blocks) * 255.0 > 127.0)
            .collect(),
    )
}

fn chroma(rgb: [u8; 3]) -> f64 {
    f64::from(super::blocks::chroma(rgb))
}
