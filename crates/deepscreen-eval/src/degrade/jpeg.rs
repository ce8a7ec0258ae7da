//! Pixels in, a baseline JPEG with 4:2:0 chroma out: what libjpeg and Pillow write unless told otherwise.
//!
//! The encoder of `image` 0.25 writes 4:4:4 alone, and most JPEGs that detectors meet are 4:2:0. ITU-T T.81 with the
//! quality scale of IJG libjpeg, the typical Huffman tables and JFIF's YCbCr.

use std::f32::consts::PI;

use deepscreen::media::Pixels;

use super::huffman::TABLES;
use crate::quantisation::{ZIGZAG, tables};

/// Encodes a picture with sides of at most 65,535 pixels, which is up to the caller.
pub(super) fn encode(pixels: &Pixels, quality: u8) -> Vec<u8> {
    let steps = tables(quality);
    let mut bytes = header(pixels, &steps);
    let planes = Planes::new(pixels);
    let codes = TABLES.each_ref().map(|pair| pair.each_ref().map(super::huffman::Table::codes));
    let cosines = cosines();
    let mut bits = Bits { bytes: &mut bytes, pending: 0, count: 0 };
    let mut previous = [0; 3];
    for y in (0..planes.height).step_by(16) {
        for x in (0..planes.width).step_by(16) {
            let luma = [(0, 0), (8, 0), (0, 8), (8, 8)].map(|(right, down)| (0, x + right, y + down));
            for (plane, x, y) in luma.into_iter().chain([(1, x / 2, y / 2), (2, x / 2, y / 2)]) {
                let kind = usize::from(plane > 0);
                let levels = quantised(&planes.block(plane, x, y), &steps[kind], &cosines);
                bits.block(&levels, &mut previous[plane], &codes[kind]);
            }
        }
    }
    bits.finish();
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// Everything before the coded blocks.
fn header(pixels: &Pixels, steps: &[[u8; 64]; 2]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        bytes.extend([0xff, marker]);
        bytes.extend((content.len() as u16 + 2).to_be_bytes());
        bytes.extend(content);
    };
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (id, table) in (0..).zip(steps) {
        let mut content = vec![id];
        content.extend(ZIGZAG.map(|place| table[usize::from(place)]));
        segment(0xdb, &content);
    }
    let [height, width] = [pixels.height(), pixels.width()].map(|side| (side as u16).to_be_bytes());
    let (sides, components) = ([height, width].concat(), [3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    segment(0xc0, &[&[8], sides.as_slice(), &components].concat());
    for (kind, pair) in (0..).zip(&TABLES) {
        for (class, table) in (0..).zip(pair) {
            segment(0xc4, &[&[class << 4 | kind], table.lengths.as_slice(), table.values].concat());
        }
    }
    segment(0xda, &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    bytes
}

/// Y, Cb, Cr less 128; sides padded to whole units of 16 pixels by the last row and column.
struct Planes {
    width: usize,
    height: usize,
    samples: [Vec<f32>; 3],
}

impl Planes {
    fn new(pixels: &Pixels) -> Self {
        let [real_width, real_height] = [pixels.width(), pixels.height()].map(|side| side as usize);
        let [width, height] = [real_width, real_height].map(|side| side.next_multiple_of(16));
        let mut luma = Vec::with_capacity(width * height);
        let mut chroma = [0; 2].map(|_| vec![0.0_f32; width * height / 4]);
        for y in 0..height {
            for x in 0..width {
                let at = 3 * (y.min(real_height - 1) * real_width + x.min(real_width - 1));
                let [r, g, b] = [0, 1, 2].map(|channel| f32::from(pixels.as_rgb8()[at + channel]));
                luma.push(0.299 * r + 0.587 * g + 0.114 * b - 128.0);
                let small = y / 2 * (width / 2) + x / 2;
                chroma[0][small] += (-0.168_736 * r - 0.331_264 * g + 0.5 * b) / 4.0;
                chroma[1][small] += (0.5 * r - 0.418_688 * g - 0.081_312 * b) / 4.0;
            }
        }
        let [blue, red] = chroma;
        Self { width, height, samples: [luma, blue, red] }
    }

    fn block(&self, plane: usize, x: usize, y: usize) -> [f32; 64] {
        let stride = if plane == 0 { self.width } else { self.width / 2 };
        let mut block = [0.0; 64];
        for (row, line) in block.chunks_exact_mut(8).enumerate() {
            let at = (y + row) * stride + x;
            line.copy_from_slice(&self.samples[plane][at..at + 8]);
        }
        block
    }
}

/// The transform of 8 samples: `[frequency][sample]`, orthonormal.
fn cosines() -> [[f32; 8]; 8] {
    std::array::from_fn(|frequency| {
        let scale = if frequency == 0 { 0.125_f32.sqrt() } else { 0.5 };
        std::array::from_fn(|sample| scale * (PI * frequency as f32 * (2 * sample + 1) as f32 / 16.0).cos())
    })
}

/// The levels of a block in zigzag order.
fn quantised(block: &[f32; 64], steps: &[u8; 64], cosines: &[[f32; 8]; 8]) -> [i32; 64] {
    let mut rows = [0.0; 64];
    for (at, sum) in rows.iter_mut().enumerate() {
        let line = &block[at / 8 * 8..at / 8 * 8 + 8];
        *sum = line.iter().zip(&cosines[at % 8]).map(|(sample, cosine)| sample * cosine).sum::<f32>();
    }
    ZIGZAG.map(|place| {
        let (vertical, horizontal) = (usize::from(place) / 8, usize::from(place) % 8);
        let column = rows[horizontal..].iter().step_by(8);
        let sum: f32 = column.zip(&cosines[vertical]).map(|(sample, cosine)| sample * cosine).sum();
        // Baseline codes have at most 11 bits for DC differences and 10 for AC.
        ((sum / f32::from(steps[usize::from(place)])).round() as i32).clamp(-1023, 1023)
    })
}

struct Bits<'a> {
    bytes: &'a mut Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits<'_> {
    /// At most 16 bits.
    fn put(&mut self, value: u32, count: u32) {
        self.pending = self.pending << count | value & ((1 << count) - 1);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    fn code(&mut self, codes: &[(u16, u8); 256], value: u8) {
        let (code, length) = codes[usize::from(value)];
        self.put(code.into(), length.into());
    }

    /// A number after the code that ends in its number of bits; what is negative is written less 1.
    fn number(&mut self, codes: &[(u16, u8); 256], zeros: u8, number: i32) {
        let width = 32 - number.unsigned_abs().leading_zeros();
        self.code(codes, zeros << 4 | width as u8);
        self.put((if number < 0 { number - 1 } else { number }) as u32, width);
    }

    fn block(&mut self, levels: &[i32; 64], previous: &mut i32, codes: &[[(u16, u8); 256]; 2]) {
        self.number(&codes[0], 0, levels[0] - *previous);
        *previous = levels[0];
        let mut zeros = 0;
        for level in &levels[1..] {
            if *level == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                self.code(&codes[1], 0xf0);
                zeros -= 16;
            }
            self.number(&codes[1], zeros, *level);
            zeros = 0;
        }
        if zeros > 0 {
            self.code(&codes[1], 0);
        }
    }

    /// Fills the last byte with ones.
    fn finish(mut self) {
        self.put(0x7f, 7);
    }
}
