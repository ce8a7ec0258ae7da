//! Planes of luma and chroma in, RGB out.

/// A decoded picture as its codec delivers it: 8 to 16 bits, one `u16` a sample, rows without padding.
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bits: u8,
    /// Whether chroma has half the columns, and half the rows.
    pub(super) halved: (bool, bool),
    pub(super) luma: Vec<u16>,
    /// Cb and Cr; `None` for gray.
    pub(super) chroma: Option<[Vec<u16>; 2]>,
    pub(super) coding: Coding,
}

/// What the samples mean: the codes of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

impl Coding {
    /// What a stream means that says nothing: as libheif and libavif take it.
    pub(super) const UNSPECIFIED: Self = Self { primaries: 2, transfer: 2, matrix: 2, full_range: false };
}

impl Planes {
    /// Columns and rows of a chroma plane.
    pub(super) const fn chroma_size(&self) -> (usize, usize) {
        let (columns, rows) = self.halved;
        let width = if columns { self.width.div_ceil(2) } else { self.width };
        (width, if rows { self.height.div_ceil(2) } else { self.height })
    }

    /// Whether the planes are as large as they have to be.
    pub(super) fn is_whole(&self) -> bool {
        let (width, height) = self.chroma_size();
        let fits = |plane: &Vec<u16>| plane.len() >= width * height;
        self.width > 0
            && self.height > 0
            && self.luma.len() >= self.width * self.height
            && self.chroma.as_ref().is_none_or(|planes| planes.iter().all(fits))
    }

    /// Luma alone, spread to 0 to 255: what an alpha picture holds.
    pub(super) fn levels(&self, coding: Coding) -> Vec<u8> {
        let scale = Scale::new(self.bits, coding.full_range);
        self.luma.iter().map(|&value| (scale.luma(value) * 255.0 + 0.5) as u8).collect()
    }

    /// Calls `row` with each row in RGB.
    pub(super) fn rows(&self, coding: Coding, mut row: impl FnMut(usize, &[u8])) {
        let scale = Scale::new(self.bits, coding.full_range);
        let matrix = Matrix::new(coding.matrix);
        let mut rgb = vec![0; self.width * 3];
        let mut chroma = [vec![0.0; self.width], vec![0.0; self.width]];
        for (y, luma) in self.luma.chunks_exact(self.width).take(self.height).enumerate() {
            let (pixels, _) = rgb.as_chunks_mut::<3>();
            if let Some(planes) = &self.chroma {
                for (plane, line) in planes.iter().zip(&mut chroma) {
                    self.upsample(plane, y, line);
                }
                let [blue, red] = &chroma;
                for (((pixel, &value), &cb), &cr) in pixels.iter_mut().zip(luma).zip(blue).zip(red) {
                    *pixel = matrix.rgb(scale.luma(value), cb, cr, &scale);
                }
            } else {
                for (pixel, &value) in pixels.iter_mut().zip(luma) {
                    *pixel = [(scale.luma(value) * 255.0 + 0.5) as u8; 3];
                }
            }
            row(y, &rgb);
        }
    }

    /// One row of chroma at full width, between its neighbours in both directions as JPEG decoders do it.
    fn upsample(&self, plane: &[u16], y: usize, line: &mut [f32]) {
        let (width, height) = self.chroma_size();
        let (columns, rows) = self.halved;
        let row = |y: usize| &plane[y * width..(y + 1) * width];
        let (near, far) = if rows {
            let near = (y / 2).min(height - 1);
            let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(height - 1) };
            (row(near), row(far))
        } else {
            (row(y), row(y))
        };
        let mixed = |x: usize| f32::from(near[x]) * 0.75 + f32::from(far[x]) * 0.25;
        if !columns {
            for (x, value) in line.iter_mut().enumerate() {
                *value = mixed(x);
            }
            return;
        }
        let mut before = mixed(0);
        let mut here = before;
        for (x, pair) in line.chunks_mut(2).enumerate() {
            let after = mixed((x + 1).min(width - 1));
            pair[0] = here * 0.75 + before * 0.25;
            if let Some(second) = pair.get_mut(1) {
                *second = here * 0.75 + after * 0.25;
            }
            (before, here) = (here, after);
        }
    }
}

/// From coded levels to 0..1 and -0.5..0.5.
struct Scale {
    black: f32,
    luma: f32,
    middle: f32,
    chroma: f32,
}

impl Scale {
    fn new(bits: u8, full_range: bool) -> Self {
        let unit = f32::from(1_u16 << (bits.clamp(8, 15) - 8));
        let most = unit * 256.0 - 1.0;
        if full_range {
            Self { black: 0.0, luma: 1.0 / most, middle: unit * 128.0, chroma: 1.0 / most }
        } else {
            Self {
                black: 16.0 * unit,
                luma: 1.0 / (219.0 * unit),
                middle: unit * 128.0,
                chroma: 1.0 / (224.0 * unit),
            }
        }
    }

    fn luma(&self, value: u16) -> f32 {
        (f32::from(value) - self.black) * self.luma
    }
}

enum Matrix {
    /// The planes are green, blue and red.
    Identity,
    YCgCo,
    /// Red of Cr, green of Cb and Cr, blue of Cb.
    Weights {
        red: f32,
        green: [f32; 2],
        blue: f32,
    },
}

impl Matrix {
    fn new(code: u16) -> Self {
        let (kr, kb) = match code {
            0 => return Self::Identity,
            8 => return Self::YCgCo,
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 | 10 => (0.2627, 0.0593),
            // BT.601, also for what is not specified.
            _ => (0.299, 0.114),
        };
        let kg: f32 = 1.0 - kr - kb;
        Self::Weights {
            red: 2.0 * (1.0 - kr),
            green: [2.0 * kb * (1.0 - kb) / kg, 2.0 * kr * (1.0 - kr) / kg],
            blue: 2.0 * (1.0 - kb),
        }
    }

    /// `as u8` saturates at both ends.
    fn rgb(&self, y: f32, cb: f32, cr: f32, scale: &Scale) -> [u8; 3] {
        let centred = |value: f32| (value - scale.middle) * scale.chroma;
        let values = match *self {
            Self::Identity => {
                let level = |value: f32| (value - scale.black) * scale.luma;
                [level(cr), y, level(cb)]
            }
            Self::YCgCo => {
                let (green, orange) = (centred(cb), centred(cr));
                [y - green + orange, y + green, y - green - orange]
            }
            Self::Weights { red, green: [of_blue, of_red], blue } => {
                let (cb, cr) = (centred(cb), centred(cr));
                [y + red * cr, y - of_blue * cb - of_red * cr, y + blue * cb]
            }
        };
        values.map(|value| (value * 255.0 + 0.5) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bits: u8, [y, cb, cr]: [u16; 3], matrix: u16, full_range: bool) -> [u8; 3] {
        let planes = Planes {
            width: 1,
            height: 1,
            bits,
            halved: (true, true),
            luma: vec![y],
            chroma: Some([vec![cb], vec![cr]]),
            coding: Coding::UNSPECIFIED,
        };
        let mut found = [0; 3];
        planes
            .rows(Coding { matrix, full_range, ..Coding::UNSPECIFIED }, |_, row| found.copy_from_slice(row));
        found
    }

    #[test]
    fn matrices_and_ranges_give_the_primaries() {
        let cases = [
            (8, [16, 128, 128], 1, false, [0, 0, 0]),
            (8, [235, 128, 128], 9, false, [255, 255, 255]),
            (8, [0, 128, 128], 6, true, [0, 0, 0]),
            (8, [255, 128, 128], 6, true, [255, 255, 255]),
            // Pure red, from the definitions of BT.601 and BT.709.
            (8, [76, 85, 255], 6, true, [254, 0, 0]),
            (8, [63, 102, 240], 1, false, [255, 1, 0]),
            (10, [940, 512, 512], 1, false, [255, 255, 255]),
            (12, [4095, 2048, 2048], 2, true, [255, 255, 255]),
            (8, [10, 20, 30], 0, true, [30, 10, 20]),
        ];
        for (bits, samples, matrix, full, expected) in cases {
            assert_eq!(one(bits, samples, matrix, full), expected, "{bits} {samples:?} {matrix}");
        }
    }

    #[test]
    fn chroma_is_mixed_between_its_neighbours() {
        let planes = Planes {
            width: 4,
            height: 1,
            bits: 8,
            halved: (true, false),
            luma: vec![0; 4],
            chroma: Some([vec![0, 100], vec![0, 100]]),
            coding: Coding::UNSPECIFIED,
        };
        let mut line = [0.0; 4];
        planes.upsample(&[0, 100], 0, &mut line);
        assert_eq!(line, [0.0, 25.0, 75.0, 100.0]);
    }
}
