//! Pixels in, the votes of their blocks for each bit out.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use crate::media::Pixels;

/// Side of a block in pixels: 4 means of 2.
const BLOCK: usize = 8;

/// So many blocks are looked at, some 2 megapixels: of a larger picture rows of blocks all over its height. Each bit of the
/// longest message is still there 240 times.
const MOST_BLOCKS: usize = 32_768;

/// What a step is in sums of four pixels, which are twice the package's means.
const STEP: i32 = 72;

/// What grey is in those sums where chroma is around 0: 128 in bytes, and 0.5 in OpenCV's floating point numbers.
const GREY: i32 = 4 * 128 - 2;

/// How a message was embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Into bytes: the block's largest sum carries the bit.
    Bytes,
    /// Into floating point numbers: the sum that is farthest from grey carries it.
    Floats,
    /// The same, by code that handed over red, green, blue where blue, green, red was meant.
    FloatsRedForBlue,
}

/// What all blocks say about each bit of a message.
pub(super) struct Fold {
    reading: Reading,
    votes: Vec<i64>,
    blocks: Vec<i64>,
}

impl Fold {
    pub(super) fn new(reading: Reading, bits: usize) -> Self {
        Self { reading, votes: vec![0; bits], blocks: vec![0; bits] }
    }

    /// A bit is 1 where its blocks say so more than all blocks together. `None` where one has no block.
    pub(super) fn bits(&self) -> Option<Vec<bool>> {
        let (all, blocks): (i64, i64) = (self.votes.iter().sum(), self.blocks.iter().sum());
        // Means, without dividing: as whole numbers, so that every processor reads the same.
        let bit = |(votes, own): (&i64, &i64)| (*own > 0).then_some(votes * blocks > all * own);
        self.votes.iter().zip(&self.blocks).map(bit).collect()
    }

    /// Takes the votes of a row of blocks, of which `first` come before it in the picture.
    fn add(&mut self, first: usize, votes: &[i16]) {
        let bits = self.votes.len();
        let mut bit = first % bits;
        for vote in votes {
            self.votes[bit] += i64::from(*vote);
            self.blocks[bit] += 1;
            bit = if bit + 1 == bits { 0 } else { bit + 1 };
        }
    }
}

/// Adds the votes of a picture's blocks.
pub(super) fn read(pixels: &Pixels, folds: &mut [Fold]) {
    let width = pixels.width() as usize;
    let (columns, rows) = (width / BLOCK, pixels.height() as usize / BLOCK);
    if columns == 0 {
        return;
    }
    let taken = rows.min((MOST_BLOCKS / columns).max(1));
    let rgb = pixels.as_rgb8().as_chunks::<3>().0;
    let mut votes = vec![0; columns];
    for row in (0..taken).map(|index| index * rows / taken) {
        let band = &rgb[row * BLOCK * width..(row + 1) * BLOCK * width];
        let [plain, swapped] = pulp::Arch::new().dispatch(Band { rgb: band, width });
        for reading in [Reading::Bytes, Reading::Floats, Reading::FloatsRedForBlue] {
            let extremes = if reading == Reading::FloatsRedForBlue { &swapped } else { &plain };
            for (vote, extremes) in votes.iter_mut().zip(extremes) {
                *vote = reading.vote(*extremes);
            }
            folds
                .iter_mut()
                .filter(|fold| fold.reading == reading)
                .for_each(|fold| fold.add(row * columns, &votes));
        }
    }
}

impl Reading {
    /// What a block with this largest and this smallest sum says: above 0 for a 1, below for a 0, and the nearer to 0 the
    /// less sure it is.
    fn vote(self, (largest, smallest): (i16, i16)) -> i16 {
        let (largest, smallest) = (i32::from(largest), i32::from(smallest));
        let carrier = match self {
            Self::Bytes => largest,
            Self::Floats | Self::FloatsRedForBlue => (largest - GREY).max(GREY - smallest),
        };
        VOTES[(carrier.unsigned_abs() % STEP as u32) as usize]
    }
}

/// By where in a step a sum is: 0 is written to a quarter of it and 1 to three quarters.
static VOTES: LazyLock<[i16; STEP as usize]> = LazyLock::new(|| {
    std::array::from_fn(|at| (-256.0 * (TAU * at as f64 / f64::from(STEP)).sin()).round() as i16)
});

/// Chroma U as OpenCV 4 and 5 give it for bytes (`COLOR_BGR2YUV`), in 1/16384; 17 to 239, so it needs no clamping.
#[inline(always)]
pub(super) fn chroma([r, g, b]: [u8; 3]) -> i16 {
    let [r, g, b] = [r, g, b].map(i32::from);
    let luma = (4899 * r + 9617 * g + 1868 * b + (1 << 13)) >> 14;
    (((b - luma) * 8061 + (128 << 14) + (1 << 13)) >> 14) as i16
}

/// The largest and the smallest sum of each block of a row of blocks, the first sum of each left out: of chroma U, and of
/// what that is with red and blue exchanged.
///
/// What stands in `with_simd` is compiled for AVX2 too, and that runs where the processor has it.
struct Band<'a> {
    rgb: &'a [[u8; 3]],
    width: usize,
}

impl pulp::WithSimd for Band<'_> {
    type Output = [Vec<(i16, i16)>; 2];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        [
            extremes(self.rgb, self.width, chroma),
            extremes(self.rgb, self.width, |[r, g, b]| chroma([b, g, r])),
        ]
    }
}

#[inline(always)]
fn extremes(rgb: &[[u8; 3]], width: usize, chroma: impl Fn([u8; 3]) -> i16) -> Vec<(i16, i16)> {
    let columns = width / BLOCK;
    let mut largest = vec![i16::MIN; columns * BLOCK / 2];
    let mut smallest = vec![i16::MAX; columns * BLOCK / 2];
    let mut pairs = vec![0i16; columns * BLOCK];
    let mut sums = vec![0i16; columns * BLOCK / 2];
    for (number, rows) in rgb.chunks_exact(2 * width).enumerate() {
        let (upper, lower) = rows.split_at(width);
        for (pair, (upper, lower)) in pairs.iter_mut().zip(upper.iter().zip(lower)) {
            *pair = chroma(*upper) + chroma(*lower);
        }
        for (sum, [left, right]) in sums.iter_mut().zip(pairs.as_chunks::<2>().0) {
            *sum = left + right;
        }
        if number == 0 {
            // The first of each block never carries anything: its neighbour stands in.
            sums.as_chunks_mut::<4>().0.iter_mut().for_each(|block| block[0] = block[1]);
        }
        largest.iter_mut().zip(&sums).for_each(|(largest, sum)| *largest = (*largest).max(*sum));
        smallest.iter_mut().zip(&sums).for_each(|(smallest, sum)| *smallest = (*smallest).min(*sum));
    }
    let blocks = largest.as_chunks::<4>().0.iter().zip(smallest.as_chunks::<4>().0);
    blocks.map(|([a, b, c, d], [e, f, g, h])| (*a.max(b).max(c).max(d), *e.min(f).min(g).min(h))).collect()
}
