//! A JPEG at 1/2, 1/4 or 1/8 of its size, from the low frequencies of each block alone.
//!
//! A perceptual hash looks at few pixels. To read past the chroma and the high frequencies takes a third of the time in
//! which `zune-jpeg`, which decodes no scaled pictures, decodes all of the luma (7.5 ms against 22, the mean of baseline
//! camera pictures of 10 megapixels at 1/8), and little of its memory. Read are interleaved baseline and, at 1/8, the
//! scans of a progressive picture that bring the means of the blocks; anything else is left to `zune-jpeg`.

mod codes;
mod transform;

use codes::{AcCodes, Bits, Huffman};
use transform::transform;

/// What the file holds, or why it was left.
pub(super) enum Outcome {
    /// A plane for each component that was asked for, all of one size: the picture's width over the factor a row
    /// and its height over the factor rows, both rounded up. Not converted: the first is luma.
    Planes(Vec<Vec<u8>>),
    /// The data end early.
    Truncated,
    /// Another kind of JPEG, or a fault: the whole has to be decoded.
    Left,
}

/// One colour component of the frame.
#[derive(Default)]
struct Component {
    id: u8,
    /// Blocks across and down in one unit of all components.
    across: usize,
    down: usize,
    quantization: usize,
    /// Samples, `stride` a row; empty where the component is not wanted.
    plane: Vec<u8>,
    stride: usize,
    /// Of a progressive picture: the first coefficient of each block, and how many bits of it are still to come.
    means: Vec<i16>,
    missing: Option<u8>,
}

/// Where the coefficients are in their block, in the order of the file.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

#[derive(Default)]
struct Decoder {
    width: usize,
    height: usize,
    /// Of the components, how many from the first are wanted.
    wanted: usize,
    components: Vec<Component>,
    is_progressive: bool,
    quantization: [Option<[f32; 64]>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<AcCodes>; 4],
    interval: usize,
    factor: usize,
    /// Samples a side that one block becomes.
    size: usize,
}

/// What a scan says of one component.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

/// The next marker at or behind `from`: 0xFF and a byte that is neither stuffing nor fill.
pub(super) fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        match bytes.get(at + 1)? {
            0x00 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// Decodes the first `wanted` components at `1 / factor`, which is 2, 4 or 8; the caller has checked the sizes and,
/// of a progressive picture, that its scans bring everything.
pub(super) fn decode(bytes: &[u8], factor: usize, wanted: usize) -> Outcome {
    read(bytes, factor, wanted).unwrap_or(Outcome::Left)
}

fn read(bytes: &[u8], factor: usize, wanted: usize) -> Option<Outcome> {
    let mut decoder = Decoder { wanted, factor, size: 8 / factor, ..Decoder::default() };
    let mut at = 2;
    loop {
        // Anything between the segments is for the other decoder.
        let [0xFF, code] = *bytes.get(at..)?.first_chunk()? else { return None };
        if code == 0xFF {
            at += 1;
            continue;
        }
        if code == 0xD9 {
            return decoder.means();
        }
        let length = usize::from(u16::from_be_bytes(*bytes.get(at + 2..)?.first_chunk()?));
        let segment = bytes.get(at + 4..at + 2 + length.max(2))?;
        at += 2 + length.max(2);
        match code {
            0xC0 | 0xC1 => decoder.frame(segment)?,
            0xC2 if factor == 8 => {
                decoder.is_progressive = true;
                decoder.frame(segment)?;
            }
            0xC4 => decoder.codes(segment)?,
            0xDB => decoder.levels(segment)?,
            0xDD => decoder.interval = usize::from(u16::from_be_bytes(*segment.first_chunk()?)),
            0xDA if decoder.is_progressive => at = decoder.scan_of_means(segment, Bits::new(bytes, at))?,
            0xDA => return decoder.scan(segment, Bits::new(bytes, at)),
            0xE0..=0xEF | 0xFE => {}
            _ => return None,
        }
    }
}

impl Decoder {
    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let [8, h1, h0, w1, w0, count, components @ ..] = segment else { return None };
        if !self.components.is_empty() || !matches!(count, 1 | 3) {
            return None;
        }
        self.height = usize::from(u16::from_be_bytes([*h1, *h0]));
        self.width = usize::from(u16::from_be_bytes([*w1, *w0]));
        for component in components.as_chunks::<3>().0 {
            let [id, sampling, quantization] = *component;
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            // A picture of one component has one block in each unit, whatever its sampling says.
            let (across, down) = if *count == 1 { (1, 1) } else { (across, down) };
            if !matches!((across, down), (1 | 2, 1 | 2)) || quantization > 3 {
                return None;
            }
            let quantization = usize::from(quantization);
            self.components.push(Component { id, across, down, quantization, ..Component::default() });
        }
        let (most_across, most_down) = self.most()?;
        let luma = self.components.first()?;
        // Luma that is coarser than chroma would have to be stretched.
        if (luma.across, luma.down) != (most_across, most_down) {
            return None;
        }
        let units = self.units()?;
        for component in self.components.iter_mut().take(self.wanted) {
            component.stride = units.0 * component.across * self.size;
            let samples = component.stride * units.1 * component.down * self.size;
            if self.is_progressive {
                component.means = vec![0; samples];
            } else {
                component.plane = vec![0; samples];
            }
        }
        (self.components.len() == usize::from(*count)).then_some(())
    }

    fn most(&self) -> Option<(usize, usize)> {
        let across = self.components.iter().map(|component| component.across).max()?;
        Some((across, self.components.iter().map(|component| component.down).max()?))
    }

    /// Units of all components across and down.
    fn units(&self) -> Option<(usize, usize)> {
        let (across, down) = self.most()?;
        Some((self.width.div_ceil(8 * across), self.height.div_ceil(8 * down)))
    }

    fn codes(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first_chunk::<17>() {
            let count = head[1..].iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let index = usize::from(head[0] & 15);
            if head[0] >> 4 == 0 {
                *self.dc.get_mut(index)? = Some(Huffman::new(&head[1..], symbols)?);
            } else if !self.is_progressive {
                *self.ac.get_mut(index)? = Some(AcCodes::new(Huffman::new(&head[1..], symbols)?));
            }
            segment = rest;
        }
        Some(())
    }

    fn levels(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = segment.split_first() {
            let wide = head >> 4 == 1;
            let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let mut table = [0.0; 64];
            for (index, &place) in ZIGZAG.iter().enumerate() {
                let level = if wide {
                    u16::from_be_bytes([values[2 * index], values[2 * index + 1]])
                } else {
                    u16::from(values[index])
                };
                table[usize::from(place)] = f32::from(level);
            }
            *self.quantization.get_mut(usize::from(head & 15))? = Some(table);
            segment = rest;
        }
        Some(())
    }

    /// The components of a scan, and the bytes behind them.
    fn parts<'a>(&self, segment: &'a [u8]) -> Option<(Vec<Part>, &'a [u8])> {
        let (&count, rest) = segment.split_first()?;
        let (pairs, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let part = |&[id, tables]: &[u8; 2]| {
            let component = self.components.iter().position(|component| component.id == id)?;
            Some(Part { component, dc: usize::from(tables >> 4), ac: usize::from(tables & 15) })
        };
        let parts = pairs.as_chunks().0.iter().map(part).collect::<Option<Vec<_>>>()?;
        // Each but once, in the order of the frame.
        parts.is_sorted_by(|a, b| a.component < b.component).then_some((parts, rest))
    }

    /// The one scan of a baseline picture.
    fn scan(mut self, segment: &[u8], mut bits: Bits<'_>) -> Option<Outcome> {
        let (parts, _) = self.parts(segment)?;
        if parts.len() != self.components.len() {
            return None;
        }
        let units = self.units()?;
        let mut predictions = [0_i32; 3];
        let mut restarts = Restarts::new(self.interval);
        for row in 0..units.1 {
            for column in 0..units.0 {
                if restarts.is_due() {
                    bits.restart()?;
                    predictions = [0; 3];
                }
                for (part, prediction) in parts.iter().zip(&mut predictions) {
                    let component = self.components.get_mut(part.component)?;
                    let dc = self.dc.get(part.dc)?.as_ref()?;
                    let ac = self.ac.get(part.ac)?.as_ref()?;
                    if part.component >= self.wanted {
                        for _ in 0..component.across * component.down {
                            bits.pass_block(dc, ac)?;
                        }
                        continue;
                    }
                    let levels = self.quantization[component.quantization].as_ref()?;
                    for y in row * component.down..(row + 1) * component.down {
                        for x in column * component.across..(column + 1) * component.across {
                            let at = (y * component.stride + x) * self.size;
                            let into = component.plane.get_mut(at..)?;
                            if self.size == 1 {
                                *prediction = prediction.wrapping_add(bits.pass_block(dc, ac)?);
                                *into.first_mut()? = flat(*prediction, levels);
                            } else {
                                let low = read_block(&mut bits, dc, ac, levels, prediction, self.size)?;
                                write_block(&low, self.size, into, component.stride);
                            }
                        }
                    }
                }
                if bits.is_beyond() {
                    return Some(Outcome::Truncated);
                }
            }
        }
        self.planes()
    }

    /// A scan of a progressive picture: read where it holds the first coefficients, else passed over. Returns where
    /// the next marker is.
    fn scan_of_means(&mut self, segment: &[u8], mut bits: Bits<'_>) -> Option<usize> {
        let (parts, rest) = self.parts(segment)?;
        let [start, end, approximation] = *rest.first_chunk()?;
        if start > 0 || parts.iter().all(|part| part.component >= self.wanted) {
            return bits.marker();
        }
        let (before, shift) = (approximation >> 4, approximation & 15);
        if end > 0 || shift > 13 {
            return None;
        }
        for part in &parts {
            let missing = &mut self.components[part.component].missing;
            // A first scan has nothing before it; each of the others brings one bit.
            if *missing != (before > 0).then_some(before) || before > 0 && before != shift + 1 {
                return None;
            }
            *missing = Some(shift);
        }
        let units = match &parts[..] {
            // A component alone has no blocks beyond its edges.
            [part] => {
                let (component, (across, down)) = (&self.components[part.component], self.most()?);
                let blocks = |side: usize, own: usize, most: usize| (side * own).div_ceil(most).div_ceil(8);
                (blocks(self.width, component.across, across), blocks(self.height, component.down, down))
            }
            _ => self.units()?,
        };
        let mut predictions = [0_i32; 3];
        let mut restarts = Restarts::new(self.interval);
        for row in 0..units.1 {
            for column in 0..units.0 {
                if restarts.is_due() {
                    bits.restart()?;
                    predictions = [0; 3];
                }
                for (part, prediction) in parts.iter().zip(&mut predictions) {
                    let is_wanted = part.component < self.wanted;
                    let component = self.components.get_mut(part.component)?;
                    let (across, down) =
                        if parts.len() == 1 { (1, 1) } else { (component.across, component.down) };
                    let dc = self.dc.get(part.dc).and_then(Option::as_ref);
                    for block in 0..across * down {
                        let bit = if before > 0 {
                            i16::from(bits.bit()) << shift
                        } else {
                            *prediction = prediction.wrapping_add(bits.first(dc?)?);
                            (*prediction << shift) as i16
                        };
                        if is_wanted {
                            let (x, y) = (column * across + block % across, row * down + block / across);
                            *component.means.get_mut(y * component.stride + x)? |= bit;
                        }
                    }
                }
                if bits.is_beyond() {
                    return None;
                }
            }
        }
        bits.marker()
    }

    /// The planes of a progressive picture, from the means of its blocks.
    fn means(mut self) -> Option<Outcome> {
        for component in self.components.iter_mut().take(self.wanted) {
            if component.missing != Some(0) {
                return None;
            }
            let levels = self.quantization[component.quantization].as_ref()?;
            component.plane = component.means.iter().map(|&mean| flat(i32::from(mean), levels)).collect();
        }
        self.planes()
    }

    /// The planes without what lies beyond the picture's edges, chroma stretched to the size of luma.
    fn planes(self) -> Option<Outcome> {
        let (most_across, most_down) = self.most()?;
        let (width, height) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        let planes = self.components.iter().take(self.wanted).map(|component| {
            let (across, down) = (most_across / component.across, most_down / component.down);
            let rows = (0..height).map(|y| &component.plane[y / down * component.stride..]);
            let mut plane = Vec::with_capacity(width * height);
            for row in rows {
                if across == 1 {
                    plane.extend_from_slice(&row[..width]);
                } else {
                    plane.extend((0..width).map(|x| row[x / across]));
                }
            }
            plane
        });
        Some(Outcome::Planes(planes.collect()))
    }
}

/// Counts the units to the next restart marker.
struct Restarts {
    interval: usize,
    left: usize,
}

impl Restarts {
    const fn new(interval: usize) -> Self {
        Self { interval, left: interval }
    }

    /// Whether there is a marker before the next unit.
    #[inline]
    const fn is_due(&mut self) -> bool {
        if self.interval == 0 {
            return false;
        }
        let is_due = self.left == 0;
        if is_due {
            self.left = self.interval;
        }
        self.left -= 1;
        is_due
    }
}

/// Low frequencies of one block, and whether there are any but the first.
struct Low {
    frequencies: [f32; 64],
    is_flat: bool,
}

/// Reads one block and keeps its frequencies below `size`, which is 2 or 4.
#[inline]
fn read_block(
    bits: &mut Bits<'_>,
    dc: &Huffman,
    ac: &AcCodes,
    levels: &[f32; 64],
    prediction: &mut i32,
    size: usize,
) -> Option<Low> {
    let mut low = Low { frequencies: [0.0; 64], is_flat: true };
    *prediction = prediction.wrapping_add(bits.first(dc)?);
    low.frequencies[0] = *prediction as f32 * levels[0];
    // The last place that is kept: 1, 1 of two frequencies a side, 3, 3 of four.
    let last = if size == 2 { 4 } else { 24 };
    let mut index = 1;
    while index <= last {
        let Some((run, length)) = bits.next(ac)? else { return Some(low) };
        index += run;
        let place = usize::from(*ZIGZAG.get(index)?);
        if length > 0 && place % 8 < size && place / 8 < size {
            low.frequencies[place] = bits.number(length) as f32 * levels[place];
            low.is_flat = false;
        } else {
            bits.skip(length);
        }
        index += 1;
    }
    bits.pass(ac, index)?;
    Some(low)
}

/// One block as `size` samples a side.
#[inline]
fn write_block(low: &Low, size: usize, into: &mut [u8], stride: usize) {
    if low.is_flat {
        let value = (low.frequencies[0] / 8.0 + 128.5) as u8;
        for row in into.chunks_mut(stride).take(size) {
            row[..size].fill(value);
        }
    } else {
        transform(&low.frequencies, size, into, stride);
    }
}

/// The mean of a block, of its first coefficient.
fn flat(first: i32, levels: &[f32; 64]) -> u8 {
    (first as f32 * levels[0] / 8.0 + 128.5) as u8
}
