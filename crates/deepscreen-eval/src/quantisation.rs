//! The quantisation tables of JPEG: those of a quality, and the quality of a file's.

/// Zigzag place to row-major place (ITU-T T.81, figure 5).
#[rustfmt::skip]
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10,
    17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34,
    27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46,
    53, 60, 61, 54, 47, 55, 62, 63,
];

/// Luminance at quality 50, row by row (ITU-T T.81, table K.1).
#[rustfmt::skip]
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// Chrominance at quality 50, row by row (ITU-T T.81, table K.2).
#[rustfmt::skip]
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// The tables for luminance and chrominance of a quality from 1 to 100, row by row, as libjpeg scales those of the
/// standard (`jpeg_quality_scaling` and `jpeg_add_quant_table` of IJG libjpeg 6b, baseline).
pub(crate) fn tables(quality: u8) -> [[u8; 64]; 2] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    [LUMINANCE, CHROMINANCE]
        .map(|table| table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8))
}

/// What the quantisation tables of a JPEG say of its quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JpegQuality {
    /// The first table is that of the standard, scaled by IJG's quality: 1 to 100.
    Standard(u8),
    /// It is another; the quality, 1 to 100, whose table is nearest by least squares.
    Nonstandard(u8),
}

impl JpegQuality {
    /// Reads the quality off the luminance table of a JPEG: IJG's where a table equals that of a quality, else that of
    /// the nearest. Looks at no byte after the start of the scan. `None` where there is no such table before it.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let table = luminance(bytes)?;
        let distance = |quality: u8| -> u64 {
            let steps = tables(quality)[0];
            let pairs = table.iter().zip(steps);
            pairs.map(|(found, step)| u64::from(found.abs_diff(step.into())).pow(2)).sum()
        };
        // The highest of equally near ones.
        let nearest = (1..=100).rev().min_by_key(|quality| distance(*quality))?;
        Some(if distance(nearest) == 0 { Self::Standard(nearest) } else { Self::Nonstandard(nearest) })
    }

    /// The quality, exact or nearest, 1 to 100.
    pub const fn quality(self) -> u8 {
        match self {
            Self::Standard(quality) | Self::Nonstandard(quality) => quality,
        }
    }
}

/// The quantisation table 0, row by row. Encoders number luminance's so.
fn luminance(bytes: &[u8]) -> Option<[u16; 64]> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (marker, after) = match rest {
            [0xff, 0xff, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xff, marker, after @ ..] => (*marker, after),
            _ => return None,
        };
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        let segment = after.get(2..length)?;
        match marker {
            0xdb => {
                if let Some(table) = table_0(segment) {
                    return Some(table);
                }
            }
            0xd9 | 0xda => return None,
            _ => {}
        }
        rest = &after[length..];
    }
}

fn table_0(mut segment: &[u8]) -> Option<[u16; 64]> {
    while let [head, rest @ ..] = segment {
        let width = if head >> 4 == 0 { 1 } else { 2 };
        let steps = rest.get(..64 * width)?;
        if head & 15 == 0 {
            let mut table = [0; 64];
            for (step, place) in steps.chunks_exact(width).zip(ZIGZAG) {
                table[usize::from(place)] = step.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
            }
            return Some(table);
        }
        segment = &rest[64 * width..];
    }
    None
}
