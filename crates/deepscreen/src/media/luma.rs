//! The brightness of a picture, small: what perceptual hashes look at.

use std::fmt;

use super::Pixels;

/// Short side in pixels that is kept where the picture has it. PDQ takes 64 samples a side of what two passes of a
/// filter leave: at 256, with the filter of the whole picture, its hashes stay within 10 bits of those of the whole.
const SHORT_SIDE: usize = 256;

/// A grey picture: one byte a pixel, rows from the top, no padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Luma {
    width: u32,
    height: u32,
    data: Vec<u8>,
    /// Sides of the picture that it was reduced from.
    whole: (u32, u32),
    /// Pixels of that picture along a side of one sample; those at the right and at the bottom may be fewer.
    factor: u32,
}

impl Luma {
    /// Luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B, as JPEG and PDQ have it) of a picture, each side divided
    /// by 1, 2, 4 or 8: the most that leaves a short side of 256 pixels.
    pub fn of(pixels: &Pixels) -> Self {
        let data = pulp::Arch::new().dispatch(Brightness { pixels: pixels.as_rgb8().as_chunks::<3>().0 });
        let whole = (pixels.width(), pixels.height());
        Self { width: whole.0, height: whole.1, data, whole, factor: 1 }.reduced()
    }

    /// Takes `width * height` bytes; `None` where the length is another or a side is 0.
    pub fn from_gray8(width: u32, height: u32, data: Vec<u8>) -> Option<Self> {
        let expected = (width as usize).checked_mul(height as usize)?;
        let sound = expected > 0 && data.len() == expected;
        sound.then_some(Self { width, height, data, whole: (width, height), factor: 1 })
    }

    /// Pixels from left to right, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The samples: `width * height` bytes.
    pub fn as_gray8(&self) -> &[u8] {
        &self.data
    }

    /// This luma as that of a picture of `whole` pixels, reduced by `factor` before.
    pub(super) fn of_whole(self, whole: (u32, u32), factor: usize) -> Self {
        Self { whole, factor: factor as u32, ..self }
    }

    /// The sides of the picture that it was reduced from, or its own.
    pub(crate) fn whole(&self) -> (u32, u32) {
        self.whole
    }

    /// Pixels of that picture along a side of one sample.
    pub(crate) fn factor(&self) -> u32 {
        self.factor
    }

    /// Reduced, for a picture that is not yet.
    fn reduced(self) -> Self {
        let factor = factor(self.width, self.height);
        if factor == 1 {
            return self;
        }
        let data = averaged::<1>(&self.data, self.width as usize, factor);
        let side = |side: u32| side.div_ceil(factor as u32);
        let (width, height) = (side(self.width), side(self.height));
        Self { width, height, data, whole: self.whole, factor: factor as u32 }
    }
}

/// By how much to divide the sides of a picture: 8, 4, 2 or 1, the most that leaves the short side long enough.
pub(super) fn factor(width: u32, height: u32) -> usize {
    let short = width.min(height) as usize;
    [8, 4, 2].into_iter().find(|factor| short.div_ceil(*factor) >= SHORT_SIDE).unwrap_or(1)
}

/// The means of squares of `factor` pixels a side, of `N` channels each; what is left over at the right and at the
/// bottom makes smaller ones.
pub(crate) fn averaged<const N: usize>(data: &[u8], width: usize, factor: usize) -> Vec<u8> {
    match factor {
        8 => pulp::Arch::new().dispatch(Means::<N, 8> { data, width }),
        4 => pulp::Arch::new().dispatch(Means::<N, 4> { data, width }),
        2 => pulp::Arch::new().dispatch(Means::<N, 2> { data, width }),
        _ => data.to_vec(),
    }
}

/// What stands in `with_simd` is compiled for AVX2 too, and that runs where the processor has it: five times as fast.
struct Means<'a, const N: usize, const FACTOR: usize> {
    data: &'a [u8],
    width: usize,
}

impl<const N: usize, const FACTOR: usize> pulp::WithSimd for Means<'_, N, FACTOR> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        let Self { data, width } = self;
        let mut means = Vec::with_capacity(data.len() / (FACTOR * FACTOR) + width.div_ceil(FACTOR) * N);
        let mut sums = vec![[0u16; N]; width];
        for rows in data.chunks(width * N * FACTOR) {
            sums.fill([0; N]);
            let height = rows.len() / (width * N);
            for row in rows.chunks_exact(width * N) {
                let samples = sums.as_flattened_mut().iter_mut().zip(row);
                samples.for_each(|(sum, sample)| *sum += u16::from(*sample));
            }
            let (squares, rest) = sums.as_chunks::<FACTOR>();
            if height == FACTOR {
                // Known beforehand, so that nothing is divided.
                means.extend(squares.iter().flat_map(|square| mean(square, (FACTOR * FACTOR) as u16)));
            } else {
                means.extend(squares.iter().flat_map(|square| mean(square, (height * FACTOR) as u16)));
            }
            if !rest.is_empty() {
                means.extend(mean(rest, (height * rest.len()) as u16));
            }
        }
        means
    }
}

/// The mean of `count` samples, of which each column's sum is given; 64 of them stay below 65,536.
#[inline(always)]
fn mean<const N: usize>(columns: &[[u16; N]], count: u16) -> [u8; N] {
    let mut sums = [count / 2; N];
    for column in columns {
        sums.iter_mut().zip(column).for_each(|(sum, sample)| *sum += sample);
    }
    sums.map(|sum| (sum / count) as u8)
}

/// [`luma`] of each pixel, compiled as [`Means`] is: on AVX2 six times as fast.
struct Brightness<'a> {
    pixels: &'a [[u8; 3]],
}

impl pulp::WithSimd for Brightness<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        let mut grey = vec![0; self.pixels.len()];
        grey.iter_mut().zip(self.pixels).for_each(|(grey, rgb)| *grey = luma(*rgb));
        grey
    }
}

impl fmt::Debug for Luma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Luma({}x{})", self.width, self.height)
    }
}

/// By ITU-R BT.601, as Pillow converts to `L`.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    // In 1/65536, rounded; the weights add up to 65536, so that white stays 255.
    ((19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 32_768) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_averaged_and_what_is_left_over_is_not_darkened() {
        assert_eq!(averaged::<1>(&[0, 10, 100, 20, 30, 50, 200, 100, 7], 3, 2), [15, 75, 150, 7]);
        assert_eq!(averaged::<2>(&[0, 10, 20, 30, 100, 200], 3, 2), [10, 20, 100, 200]);
        for (width, height, expected) in
            [(1025, 3, (1025, 3)), (3000, 2001, (750, 501)), (511, 700, (256, 350)), (2048, 2050, (256, 257))]
        {
            let data = vec![200; (width * height * 3) as usize];
            let luma = Luma::of(&Pixels::from_rgb8(width, height, data).unwrap());
            assert_eq!((luma.width, luma.height), expected, "{width}x{height}");
            assert!(luma.data.iter().all(|sample| *sample == 200), "{width}x{height}");
        }
    }

    #[test]
    fn white_is_white_and_green_is_brighter_than_blue() {
        assert_eq!([[255; 3], [0; 3], [0, 255, 0], [0, 0, 255]].map(luma), [255, 0, 150, 29]);
    }
}
