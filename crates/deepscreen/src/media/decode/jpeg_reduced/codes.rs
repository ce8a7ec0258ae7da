//! Entropy-coded data of a JPEG in, symbols and numbers out; or past them, several at a time.

use super::next_marker;

/// Bits of a code that are looked up at once.
const LOOK: u32 = 10;

/// Bits that are looked at to pass over several codes at once: on camera pictures 11, 12 and 14 are 2 to 5 % slower.
const REACH: u32 = 13;

/// A Huffman table: for the next bits, the length of the code and its symbol.
pub(super) struct Huffman {
    look: Vec<(u8, u8)>,
    /// By length: one past the last code, aligned to 16 bits, and what to add to a code for its symbol's place.
    ends: [u32; 18],
    shifts: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    pub(super) fn new(counts: &[u8], symbols: &[u8]) -> Option<Self> {
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

    /// The length of a code that is longer than what is looked up, and its symbol; it is at the top of `buffer`.
    #[cold]
    #[inline(never)]
    fn long(&self, buffer: u64) -> Option<(u32, u8)> {
        let next = (buffer >> 48) as u32;
        let length = (LOOK as usize + 1..17).find(|&length| next < self.ends[length])?;
        let place = (next >> (16 - length)) as i32 + self.shifts[length];
        Some((length as u32, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}

/// A Huffman table of the coefficients behind the first, and for the next bits how far to go at once.
pub(super) struct AcCodes {
    codes: Huffman,
    /// Bits 0 to 4: how many bits to skip. Bits 5 to 11: by how much the place in the block advances, where the end
    /// of the block counts as one coefficient; more than a block has, where no code fits. Bit 15: the block ends.
    leaps: Box<[u16; 1 << REACH]>,
}

/// The block ends within a leap.
const ENDS: u16 = 1 << 15;

impl AcCodes {
    pub(super) fn new(codes: Huffman) -> Self {
        let mut leaps = Box::new([0; 1 << REACH]);
        for (bits, leap) in leaps.iter_mut().enumerate() {
            *leap = leap_of(&codes, bits);
        }
        Self { codes, leaps }
    }
}

/// As many codes as lie within `REACH` bits; the number behind the last code may lie beyond.
fn leap_of(codes: &Huffman, bits: usize) -> u16 {
    const NONE: u16 = 127 << 5;
    let (mut skip, mut advance) = (0, 0);
    while skip < REACH {
        let left = bits << skip & ((1 << REACH) - 1);
        let (length, symbol) = codes.look[left >> (REACH - LOOK)];
        let behind = skip + u32::from(length);
        if length == 0 || behind > REACH {
            break;
        }
        let (run, size) = (u16::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && run != 15 {
            return behind as u16 | (advance + 1) << 5 | ENDS;
        }
        if advance + run + 1 > 63 {
            break;
        }
        (skip, advance) = (behind + size, advance + run + 1);
    }
    if skip == 0 { NONE } else { skip as u16 | advance << 5 }
}

/// Reads bits, without the stuffing, up to the next marker; then zeros, and counts those.
///
/// What is rare takes it by value: the compiler then keeps it in registers wherever it is not.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits from the top: `count` are good, those below are 0 or what comes next.
    buffer: u64,
    count: u32,
    /// Bits behind the end of the data that are in the buffer.
    invented: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, buffer: 0, count: 0, invented: 0 }
    }

    /// Leaves 56 bits or more in the buffer.
    #[inline(always)]
    fn fill(&mut self) {
        if let Some(&word) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_be_bytes(word);
            // No byte of it is 0xFF: then none of the sum's carries reaches a byte's highest bit from below.
            if word & 0x8080_8080_8080_8080 & !word.wrapping_add(0x0101_0101_0101_0101) == 0 {
                self.buffer |= word >> self.count;
                self.at += ((63 - self.count) / 8) as usize;
                self.count |= 56;
                return;
            }
        }
        *self = self.filled_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn filled_bytewise(mut self) -> Self {
        while self.count < 56 {
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
        self
    }

    /// Reads bits that are not wanted; the buffer holds as many.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// A number of `size` bits in the way of JPEG: those below the half are negative. The buffer holds as many.
    #[inline(always)]
    pub(super) fn number(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let value = (self.buffer >> (64 - size)) as i32;
        self.skip(size);
        if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
    }

    /// The next bit.
    pub(super) fn bit(&mut self) -> bool {
        if self.count == 0 {
            self.fill();
        }
        let bit = self.buffer >> 63 == 1;
        self.skip(1);
        bit
    }

    /// The next symbol, 16 bits at most; the buffer holds as many.
    #[inline(always)]
    fn symbol(&mut self, table: &Huffman) -> Option<u8> {
        let (length, symbol) = table.look[(self.buffer >> (64 - LOOK)) as usize];
        if length > 0 {
            self.skip(u32::from(length));
            return Some(symbol);
        }
        let (length, symbol) = table.long(self.buffer)?;
        self.skip(length);
        Some(symbol)
    }

    /// The difference of a block's first coefficient from that of the block before; 29 bits or more stay in the
    /// buffer.
    #[inline(always)]
    pub(super) fn first(&mut self, dc: &Huffman) -> Option<i32> {
        self.fill();
        let length = self.symbol(dc)?;
        (length <= 11).then(|| self.number(u32::from(length)))
    }

    /// How many zeros come next, and the bits of the number behind them, 0 for one more zero; `None` at the end of
    /// the block. The number is in the buffer.
    #[inline(always)]
    pub(super) fn next(&mut self, ac: &AcCodes) -> Option<Option<(usize, u32)>> {
        self.fill();
        let symbol = self.symbol(&ac.codes)?;
        let (run, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        Some((length > 0 || run == 15).then_some((run, length)))
    }

    /// Reads past the rest of a block, which goes on with the coefficient `index`.
    #[inline(always)]
    pub(super) fn pass(&mut self, ac: &AcCodes, mut index: usize) -> Option<()> {
        // A leap takes 28 bits at most: 13 of codes and 15 of a number. So one filling is enough for two.
        while index < 64 {
            self.fill();
            index = self.leap(ac, index)?;
            if index >= 64 {
                break;
            }
            index = self.leap(ac, index)?;
        }
        Some(())
    }

    /// Reads past a block; returns the difference of its first coefficient.
    ///
    /// On its own and on a copy, so that all of it stays in registers: that is 15 % faster than inlined.
    #[inline(never)]
    pub(super) fn pass_block(&mut self, dc: &Huffman, ac: &AcCodes) -> Option<i32> {
        let mut bits = *self;
        let first = bits.first(dc)?;
        // What is left in the buffer is enough for a leap.
        let index = bits.leap(ac, 1)?;
        bits.pass(ac, index)?;
        *self = bits;
        Some(first)
    }

    /// Past the next coefficients: returns the index behind them, 64 or more at the end of the block.
    #[inline(always)]
    fn leap(&mut self, ac: &AcCodes, mut index: usize) -> Option<usize> {
        let leap = ac.leaps[(self.buffer >> (64 - REACH)) as usize];
        let to = index + usize::from(leap >> 5 & 127);
        if to > 64 {
            (*self, index) = self.stepped(ac, index)?;
            return Some(index);
        }
        self.skip(u32::from(leap & 31));
        Some(to | usize::from((leap & ENDS) >> 9))
    }

    /// Past one coefficient and the zeros before it.
    #[cold]
    #[inline(never)]
    fn stepped(mut self, ac: &AcCodes, index: usize) -> Option<(Self, usize)> {
        let Some((run, length)) = self.next(ac)? else { return Some((self, 64)) };
        self.skip(length);
        let to = index + run + 1;
        (to <= 64).then_some((self, to))
    }

    /// Whether bits were used that are not in the file.
    pub(super) const fn is_beyond(&self) -> bool {
        self.invented > self.count
    }

    /// Goes on behind the next restart marker.
    pub(super) fn restart(&mut self) -> Option<()> {
        let found = next_marker(self.bytes, self.at)?;
        if !matches!(self.bytes[found + 1], 0xD0..=0xD7) {
            return None;
        }
        *self = Self::new(self.bytes, found + 2);
        Some(())
    }

    /// The next marker that is none of a restart.
    pub(super) fn marker(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            at = next_marker(self.bytes, at)?;
            if !matches!(self.bytes[at + 1], 0xD0..=0xD7) {
                return Some(at);
            }
            at += 2;
        }
    }
}
