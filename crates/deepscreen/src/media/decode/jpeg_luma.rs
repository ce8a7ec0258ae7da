//! The luma of a baseline JPEG at 1/2, 1/4 or 1/8 of its size, from the low frequencies of each block alone.
//!
//! A perceptual hash looks at few pixels. To read past the chroma and the high frequencies takes three quarters of the
//! time in which `zune-jpeg`, which decodes no scaled pictures, decodes all of the luma, and none of its memory; on
//! camera pictures nothing else comes near (`benches/compare.py`). Anything but interleaved baseline is left to it.

/// What the file holds, or why it was left.
pub(super) enum Outcome {
    /// Samples, `width / factor` a row and `height / factor` rows, both rounded up.
    Samples(Vec<u8>),
    /// The data end early.
    Truncated,
    /// Another kind of JPEG, or a fault: the whole has to be decoded.
    Left,
}

/// One colour component of the frame.
#[derive(Clone, Default)]
struct Component {
    id: u8,
    /// Blocks across and down in one unit of all components.
    across: usize,
    down: usize,
    quantization: usize,
    dc: usize,
    ac: usize,
}

/// Bits of a code that are looked up at once.
const LOOK: u32 = 10;

/// A Huffman table: for the next bits, the length of the code and its symbol.
struct Huffman {
    look: Vec<(u8, u8)>,
    /// By length: one past the last code, aligned to 16 bits, and what to add to a code for its symbol's place.
    ends: [u32; 18],
    shifts: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    fn new(counts: &[u8], symbols: &[u8]) -> Option<Self> {
        let mut table =
            Self { look: vec![(0, 0); 1 << LOOK], ends: [0; 18], shifts: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            let count = usize::from(counts[length as usize - 1]);
            table.shifts[length as usize] = place as i32 - code as i32;
            for _ in 0..count {
                if code >= 1 << length {
                    return None;
                }
                let symbol = *symbols.get(place)?;
                if length <= LOOK {
                    let first = (code << (LOOK - length)) as usize;
                    table.look[first..first + (1 << (LOOK - length))].fill((length as u8, symbol));
                }
                code += 1;
                place += 1;
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        table.ends[17] = u32::MAX;
        Some(table)
    }
}

/// Reads bits, without the stuffing, up to the next marker; then zeros, and counts those.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    buffer: u64,
    count: u32,
    /// Bits behind the end of the data that are in the buffer.
    invented: u32,
}

impl Bits<'_> {
    #[inline]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(&word) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            let word = u32::from_be_bytes(word);
            // No byte of it is 0xFF: then none of the sum's carries reaches a byte's highest bit from below.
            if word & 0x8080_8080 & !word.wrapping_add(0x0101_0101) == 0 {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(0xFF) if self.bytes.get(self.at + 1) == Some(&0) => {
                    self.at += 2;
                    0xFF
                }
                Some(&byte) if byte != 0xFF => {
                    self.at += 1;
                    byte
                }
                _ => {
                    self.invented += 8;
                    0
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline]
    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// A number of `size` bits in the way of JPEG: those below the half are negative.
    #[inline]
    fn number(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let value = (self.buffer >> (64 - size)) as i32;
        self.skip(size);
        if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
    }

    /// The next symbol; the buffer holds 32 bits or more.
    #[inline]
    fn symbol(&mut self, table: &Huffman) -> Option<u8> {
        let (length, symbol) = table.look[(self.buffer >> (64 - LOOK)) as usize];
        if length > 0 {
            self.skip(u32::from(length));
            return Some(symbol);
        }
        let next = (self.buffer >> 48) as u32;
        let length = (LOOK as usize + 1..17).find(|&length| next < table.ends[length])?;
        let place = (next >> (16 - length)) as i32 + table.shifts[length];
        self.skip(length as u32);
        table.symbols.get(usize::try_from(place).ok()?).copied()
    }

    /// Whether bits were used that are not in the file.
    const fn is_beyond(&self) -> bool {
        self.invented > self.count
    }

    /// Goes on behind the next restart marker.
    fn restart(&mut self) -> Option<()> {
        (self.buffer, self.count, self.invented) = (0, 0, 0);
        loop {
            self.at += self.bytes.get(self.at..)?.iter().position(|&byte| byte == 0xFF)?;
            let next = *self.bytes.get(self.at + 1)?;
            match next {
                0xD0..=0xD7 => break,
                0 | 0xFF => self.at += 1,
                _ => return None,
            }
        }
        self.at += 2;
        Some(())
    }
}

/// Where the coefficients are in their block, in the order of the file.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

struct Decoder {
    width: usize,
    height: usize,
    components: Vec<Component>,
    quantization: [Option<[f32; 64]>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    interval: usize,
    /// Samples a side that one block of luma becomes.
    size: usize,
    stride: usize,
    plane: Vec<u8>,
}

/// Decodes the first component at `1 / factor`, which is 2, 4 or 8; the caller has checked the sizes.
pub(super) fn decode(bytes: &[u8], factor: usize) -> Outcome {
    read(bytes, factor).unwrap_or(Outcome::Left)
}

fn read(bytes: &[u8], factor: usize) -> Option<Outcome> {
    let mut decoder = Decoder {
        width: 0,
        height: 0,
        components: Vec::new(),
        quantization: [None; 4],
        dc: [const { None }; 4],
        ac: [const { None }; 4],
        interval: 0,
        size: 8 / factor,
        stride: 0,
        plane: Vec::new(),
    };
    let mut at = 2;
    loop {
        // Anything between the segments is for the other decoder.
        let [0xFF, code, high, low] = *bytes.get(at..)?.first_chunk::<4>()? else { return None };
        if code == 0xFF {
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = bytes.get(at + 4..at + 2 + length.max(2))?;
        at += 2 + length.max(2);
        match code {
            0xC0 | 0xC1 => decoder.frame(segment)?,
            0xC4 => decoder.codes(segment)?,
            0xDB => decoder.levels(segment)?,
            0xDD => decoder.interval = usize::from(u16::from_be_bytes(*segment.first_chunk()?)),
            0xDA => {
                decoder.scan_header(segment)?;
                return decoder.scan(bytes, at, factor);
            }
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
        let units = (self.width.div_ceil(8 * most_across), self.height.div_ceil(8 * most_down));
        let luma = self.components.first()?;
        // Luma that is coarser than chroma would have to be stretched.
        if (luma.across, luma.down) != (most_across, most_down) {
            return None;
        }
        self.stride = units.0 * most_across * self.size;
        self.plane = vec![0; self.stride * units.1 * most_down * self.size];
        (self.components.len() == usize::from(*count)).then_some(())
    }

    fn most(&self) -> Option<(usize, usize)> {
        let across = self.components.iter().map(|component| component.across).max()?;
        Some((across, self.components.iter().map(|component| component.down).max()?))
    }

    fn codes(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first_chunk::<17>() {
            let count = head[1..].iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let table = Huffman::new(&head[1..], symbols)?;
            let tables = if head[0] >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(head[0] & 15))? = Some(table);
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

    fn scan_header(&mut self, segment: &[u8]) -> Option<()> {
        let (&count, rest) = segment.split_first()?;
        if usize::from(count) != self.components.len() {
            return None;
        }
        for (component, pair) in self.components.iter_mut().zip(rest.as_chunks::<2>().0) {
            if component.id != pair[0] {
                return None;
            }
            (component.dc, component.ac) = (usize::from(pair[1] >> 4), usize::from(pair[1] & 15));
        }
        Some(())
    }

    fn scan(mut self, bytes: &[u8], at: usize, factor: usize) -> Option<Outcome> {
        let (most_across, most_down) = self.most()?;
        let across = self.width.div_ceil(8 * most_across);
        let down = self.height.div_ceil(8 * most_down);
        let mut bits = Bits { bytes, at, buffer: 0, count: 0, invented: 0 };
        let components = std::mem::take(&mut self.components);
        let mut predictions = [0_i32; 3];
        let mut left = self.interval;
        for unit in 0..across * down {
            if self.interval > 0 {
                if left == 0 {
                    bits.restart()?;
                    predictions = [0; 3];
                    left = self.interval;
                }
                left -= 1;
            }
            for (index, (component, prediction)) in components.iter().zip(&mut predictions).enumerate() {
                let levels = self.quantization[component.quantization].as_ref()?;
                let dc = self.dc.get(component.dc)?.as_ref()?;
                let ac = self.ac.get(component.ac)?.as_ref()?;
                for block in 0..component.across * component.down {
                    if index > 0 {
                        pass_block(&mut bits, dc, ac)?;
                        continue;
                    }
                    let low = read_block(&mut bits, dc, ac, levels, prediction, self.size)?;
                    let x = (unit % across * component.across + block % component.across) * self.size;
                    let y = (unit / across * component.down + block / component.across) * self.size;
                    write_block(&low, self.size, self.plane.get_mut(y * self.stride + x..)?, self.stride);
                }
            }
            if bits.is_beyond() {
                return Some(Outcome::Truncated);
            }
        }
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let rows = self.plane.chunks_exact(self.stride).take(height);
        Some(Outcome::Samples(rows.flat_map(|row| &row[..width]).copied().collect()))
    }
}

/// Low frequencies of one block, and whether there are any but the first.
struct Low {
    frequencies: [f32; 64],
    is_flat: bool,
}

/// Reads one block and keeps its frequencies below `size`.
#[inline]
fn read_block(
    bits: &mut Bits<'_>,
    dc: &Huffman,
    ac: &Huffman,
    levels: &[f32; 64],
    prediction: &mut i32,
    size: usize,
) -> Option<Low> {
    let mut low = Low { frequencies: [0.0; 64], is_flat: true };
    *prediction = prediction.wrapping_add(first(bits, dc)?);
    low.frequencies[0] = *prediction as f32 * levels[0];
    let mut index = 1;
    while index < 64 {
        let Some((run, length)) = next(bits, ac)? else { break };
        index += run;
        if length > 0 {
            let place = usize::from(*ZIGZAG.get(index)?);
            if place % 8 < size && place / 8 < size {
                low.frequencies[place] = bits.number(length) as f32 * levels[place];
                low.is_flat = false;
            } else {
                bits.skip(length);
            }
        }
        index += 1;
    }
    Some(low)
}

/// Reads past one block.
#[inline]
fn pass_block(bits: &mut Bits<'_>, dc: &Huffman, ac: &Huffman) -> Option<()> {
    first(bits, dc)?;
    let mut index = 1;
    while index < 64 {
        let Some((run, length)) = next(bits, ac)? else { break };
        bits.skip(length);
        index += run + 1;
    }
    Some(())
}

/// The difference of a block's first coefficient from that of the block before.
#[inline]
fn first(bits: &mut Bits<'_>, dc: &Huffman) -> Option<i32> {
    bits.fill();
    let length = bits.symbol(dc)?;
    (length <= 11).then(|| bits.number(u32::from(length)))
}

/// How many zeros come next, and the bits of the number behind them, 0 for one more zero; `None` at the end of the
/// block.
#[inline]
fn next(bits: &mut Bits<'_>, ac: &Huffman) -> Option<Option<(usize, u32)>> {
    bits.fill();
    let symbol = bits.symbol(ac)?;
    let (run, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
    Some((length > 0 || run == 15).then_some((run, length)))
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

/// The inverse transform of `size` points a side, of the low frequencies of an 8x8 block.
fn transform(block: &[f32; 64], size: usize, into: &mut [u8], stride: usize) {
    let basis = basis(size);
    let mut half = [0.0_f32; 64];
    for v in 0..size {
        for x in 0..size {
            half[v * 8 + x] = (0..size).map(|u| block[v * 8 + u] * basis[u * 8 + x]).sum();
        }
    }
    for (y, row) in into.chunks_mut(stride).take(size).enumerate() {
        for (x, sample) in row[..size].iter_mut().enumerate() {
            let value: f32 = (0..size).map(|v| half[v * 8 + x] * basis[v * 8 + y]).sum();
            *sample = (value + 128.5) as u8;
        }
    }
}

/// Cosines of the transform of 1, 2, 4 or 8 points, with the factor that makes 8-point coefficients fit.
fn basis(points: usize) -> &'static [f32; 64] {
    use std::sync::LazyLock;
    static TABLES: LazyLock<[[f32; 64]; 4]> = LazyLock::new(|| {
        std::array::from_fn(|power| {
            let points = 1 << power;
            let mut table = [0.0; 64];
            for frequency in 0..points {
                // Orthonormal cosines of `points`, times sqrt(points / 8): the mean of a block is its first
                // coefficient over 8, whatever the size.
                let norm = if frequency == 0 { 8.0_f64.sqrt().recip() } else { 0.5 };
                for at in 0..points {
                    let angle =
                        (2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / (2 * points) as f64;
                    table[frequency * 8 + at] = (norm * angle.cos()) as f32;
                }
            }
            table
        })
    });
    &TABLES[points.trailing_zeros() as usize]
}
