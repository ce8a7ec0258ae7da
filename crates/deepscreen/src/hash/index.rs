//! Hashes in, an index out that finds every hash near another by Hamming distance. Never misses one, never guesses.
//!
//! Multi-index hashing (Norouzi, Punjani, Fleet, "Fast search in Hamming space with multi-index hashing", CVPR 2012)
//! with uneven radii (Qin et al., "GPH: similarity search in Hamming space", ICDE 2018). The 256 bits are cut into
//! chunks, and a table for each chunk lists the hashes by its value. Where chunk `i` may differ in fewer than `s[i]`
//! bits, and all `s[i]` add up to more than the distance, a hash that differs in `s[i]` or more bits of every chunk
//! is too far away: so all others, and they are few, are looked up and compared in full.

use super::Pdq;

/// An immutable index over PDQ hashes. Queries take `&self` and may run on many threads.
///
/// From 100,000 hashes on it takes 70 to 180 bytes a hash (1.2 GB for 10 million). With 10 million and a distance of
/// 31 a query takes about a millisecond or less (`benches/bank_index.py`). Where there are few hashes, or the distance is
/// so large that most would be looked at anyway, all are compared, in 2 or 3 nanoseconds each.
///
/// ```
/// use deepscreen::hash::{Index, Near, Pdq};
///
/// let index = Index::new([Pdq::from_bytes([0; 32]), Pdq::from_bytes([1; 32]), Pdq::from_bytes([255; 32])]);
/// let near = index.within(&Pdq::from_bytes([1; 32]), 31);
/// assert_eq!(near, [Near { distance: 0, position: 1 }]);
/// ```
pub struct Index {
    hashes: Box<[Bits]>,
    tables: Vec<Table>,
}

/// A hash that an [`Index`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// In how many of 256 bits it differs.
    pub distance: u32,
    /// Its place among the hashes that the index was made of, from 0.
    pub position: u32,
}

impl Index {
    /// Indexes hashes; the first has the position 0. Repeated ones are kept.
    ///
    /// # Panics
    /// With more than `u32::MAX` hashes.
    pub fn new(hashes: impl IntoIterator<Item = Pdq>) -> Self {
        let hashes: Box<[Bits]> = hashes.into_iter().map(|hash| spread(&hash)).collect();
        assert!(u32::try_from(hashes.len()).is_ok(), "more hashes than positions");
        let tables = chunks(hashes.len()).into_iter().map(|chunk| Table::new(chunk, &hashes)).collect();
        Self { hashes, tables }
    }

    /// The number of hashes.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no hash.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Memory that the index takes, in bytes.
    pub fn bytes(&self) -> usize {
        let tables =
            self.tables.iter().map(|table| size_of_val(&*table.starts) + size_of_val(&*table.positions));
        size_of_val(&*self.hashes) + tables.sum::<usize>()
    }

    /// All hashes that differ from `hash` in at most `distance` of 256 bits: the nearest first, equally near ones by
    /// position.
    pub fn within(&self, hash: &Pdq, distance: u32) -> Vec<Near> {
        let query = spread(hash);
        let comparing_all = self.hashes.len() as f64 * COMPARE;
        let found = self.look_up(&query, distance, comparing_all);
        let mut found = found.unwrap_or_else(|| self.compare(0..self.hashes.len() as u32, query, distance));
        found.sort_unstable();
        found
    }

    /// Goes by the tables; `None` where that would take longer than `most` nanoseconds.
    fn look_up(&self, query: &Bits, distance: u32, most: f64) -> Option<Vec<Near>> {
        let chunks: Vec<Chunk> = self.tables.iter().map(|table| table.chunk).collect();
        let (reaches, nanoseconds) = reaches(&chunks, self.hashes.len(), distance)?;
        if nanoseconds >= most {
            return None;
        }
        // First where buckets start, then the positions in them, then the hashes: each read misses the caches, and in
        // a loop in which none waits for another the processor has many under way.
        let tables = self.tables.iter().zip(&reaches);
        let buckets: Vec<_> = tables.map(|(table, reach)| table.buckets(query, *reach)).collect();
        let candidates: usize = buckets.iter().flatten().map(|(start, end)| (end - start) as usize).sum();
        if candidates as f64 * CANDIDATE >= most {
            return None;
        }
        let mut found = Vec::new();
        for (i, (table, buckets)) in self.tables.iter().zip(&buckets).enumerate() {
            let near = self.compare(table.positions(buckets).into_iter(), *query, distance);
            // What an earlier chunk leads to as well is found already.
            found.extend(near.into_iter().filter(|near| {
                let difference = difference(&self.hashes[near.position as usize], query);
                let mut earlier = chunks[..i].iter().zip(&reaches);
                !earlier.any(|(chunk, reach)| chunk.of(&difference).count_ones() < *reach)
            }));
        }
        Some(found)
    }

    fn compare(&self, candidates: impl Iterator<Item = u32>, query: Bits, distance: u32) -> Vec<Near> {
        pulp::Arch::new().dispatch(Compare { candidates, hashes: &self.hashes, query, distance })
    }
}

/// A hash with its bits in the order in which chunks take them.
type Bits = [u64; 4];

/// Bit `i` of the result is bit `157 i` of the hash: 157 is 256 by the golden ratio, so that the bits of a chunk lie
/// far from one another in the picture's spectrum, where neighbours are alike.
fn spread(hash: &Pdq) -> Bits {
    let bytes = hash.as_bytes();
    std::array::from_fn(|word| {
        (0..64).fold(0, |bits, i| {
            let from = (64 * word + i) * 157 % 256;
            bits | u64::from(bytes[from / 8] >> (from % 8) & 1) << i
        })
    })
}

#[inline(always)]
fn difference(a: &Bits, b: &Bits) -> Bits {
    std::array::from_fn(|i| a[i] ^ b[i])
}

/// Those of the candidates that are near, compiled for the processor that it runs on: counting bits is an instruction
/// of its own there.
struct Compare<'a, Candidates> {
    candidates: Candidates,
    hashes: &'a [Bits],
    query: Bits,
    distance: u32,
}

impl<Candidates: Iterator<Item = u32>> pulp::WithSimd for Compare<'_, Candidates> {
    type Output = Vec<Near>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<Near> {
        let mut near = Vec::new();
        self.candidates.for_each(
            #[inline(always)]
            |position| {
                let difference = difference(&self.hashes[position as usize], &self.query);
                let distance = difference.iter().map(|word| word.count_ones()).sum();
                if distance <= self.distance {
                    near.push(Near { distance, position });
                }
            },
        );
        near
    }
}

/// Bits `first..first + width` of a hash.
#[derive(Clone, Copy)]
struct Chunk {
    first: u32,
    width: u32,
}

impl Chunk {
    fn of(self, bits: &Bits) -> u32 {
        let word = (self.first / 64) as usize;
        let next = bits.get(word + 1).copied().unwrap_or(0);
        let two = u128::from(next) << 64 | u128::from(bits[word]);
        (two >> (self.first % 64)) as u32 & ((1 << self.width) - 1)
    }
}

/// The positions of the hashes in the order of a chunk's value.
struct Table {
    chunk: Chunk,
    /// Where in `positions` each value starts; one more at the end.
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl Table {
    /// Sorts by counting.
    fn new(chunk: Chunk, hashes: &[Bits]) -> Self {
        let mut starts = vec![0; (1 << chunk.width) + 1];
        for hash in hashes {
            starts[chunk.of(hash) as usize] += 1;
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut positions = vec![0; hashes.len()];
        for (position, hash) in hashes.iter().enumerate().rev() {
            let start = &mut starts[chunk.of(hash) as usize];
            *start -= 1;
            positions[*start as usize] = position as u32;
        }
        Self { chunk, starts, positions }
    }

    /// Where the hashes are, start and end, of which the chunk differs from that of `query` in fewer than `reach` bits.
    fn buckets(&self, query: &Bits, reach: u32) -> Vec<(u32, u32)> {
        let value = self.chunk.of(query);
        let mut buckets = Vec::new();
        for bits in 0..reach {
            flips(self.chunk.width, bits).for_each(|flip| {
                let value = (value ^ flip) as usize;
                buckets.push((self.starts[value], self.starts[value + 1]));
            });
        }
        buckets
    }

    fn positions(&self, buckets: &[(u32, u32)]) -> Vec<u32> {
        let mut positions = Vec::new();
        for (start, end) in buckets {
            // Most buckets hold one hash or none: `extend` is slower.
            self.positions[*start as usize..*end as usize]
                .iter()
                .for_each(|position| positions.push(*position));
        }
        positions
    }
}

/// Nanoseconds to compare a hash where all are compared in turn. This and the next two are rough, from an AMD EPYC
/// (Zen 3) and tables that no cache holds; only their ratios count.
const COMPARE: f64 = 1.5;

/// Nanoseconds to look up one value of a chunk.
const LOOK_UP: f64 = 30.0;

/// Nanoseconds to fetch and compare a hash that a table leads to.
const CANDIDATE: f64 = 40.0;

/// The distance that tables are made for: up to it the reference calls pictures the same (facebook/ThreatExchange,
/// `pdq/`).
const USUAL_DISTANCE: u32 = 31;

/// How to cut the bits, so that a query at the usual distance takes the least time; no chunks where tables are no use.
fn chunks(hashes: usize) -> Vec<Chunk> {
    let cuts = (10..=32).map(cut);
    // Wider chunks would be faster still, but a table takes 4 bytes for each value, empty or not.
    let cuts = cuts.filter(|chunks| chunks.iter().all(|chunk| 1 << chunk.width <= 4 * hashes));
    let costs = cuts.filter_map(|chunks| Some((reaches(&chunks, hashes, USUAL_DISTANCE)?.1, chunks)));
    let best = costs.min_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(cost, _)| *cost < hashes as f64 * COMPARE).map(|(_, chunks)| chunks).unwrap_or_default()
}

/// Chunks of equal width, or one bit less.
fn cut(count: u32) -> Vec<Chunk> {
    (0..count)
        .map(|i| {
            let first = 256 * i / count;
            Chunk { first, width: 256 * (i + 1) / count - first }
        })
        .collect()
}

/// For each chunk, in fewer than how many bits it may differ (0: not looked at), adding up to more than `distance`, so
/// that looking up takes the least time, and that time. `None` where there are not as many bits.
fn reaches(chunks: &[Chunk], hashes: usize, distance: u32) -> Option<(Vec<u32>, f64)> {
    // Each bit more costs more than the one before, up to half of a chunk: the cheapest first makes the least sum.
    let mut reaches = vec![0; chunks.len()];
    let mut cost = 0.0;
    for _ in 0..=distance {
        let more = chunks.iter().zip(&reaches).map(|(chunk, reach)| {
            let values = combinations(chunk.width, *reach);
            let bucket = hashes as f64 / f64::from(1 << chunk.width);
            values * (LOOK_UP + bucket * CANDIDATE)
        });
        let (cheapest, more) =
            more.enumerate().filter(|(_, more)| *more > 0.0).min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        reaches[cheapest] += 1;
        cost += more;
    }
    Some((reaches, cost))
}

/// In how many ways `bits` of `width` bits can be chosen.
fn combinations(width: u32, bits: u32) -> f64 {
    (0..bits).fold(1.0, |ways, i| ways * f64::from(width.saturating_sub(i)) / f64::from(i + 1))
}

/// All numbers of `width` bits of which `bits` are set, in ascending order.
fn flips(width: u32, bits: u32) -> impl Iterator<Item = u32> {
    let first = (1u32 << bits) - 1;
    // The next number with as many bits: Gosper's hack (Beeler, Gosper, Schroeppel, "HAKMEM", 1972, item 175).
    let next = |flip: &u32| {
        let lowest = flip & flip.wrapping_neg();
        let carried = flip + lowest;
        (lowest > 0).then(|| carried | (flip ^ carried) >> 2 >> lowest.trailing_zeros())
    };
    std::iter::successors(Some(first), next).take_while(move |flip| flip >> width == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Xorshift (Marsaglia, 2003).
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % end
        }

        fn hash(&mut self) -> Pdq {
            Pdq::from_bytes(std::array::from_fn(|_| self.below(251) as u8))
        }

        /// Differs in at most `bits` bits.
        fn near(&mut self, hash: &Pdq, bits: u64) -> Pdq {
            let mut bytes = *hash.as_bytes();
            for _ in 0..self.below(bits + 1) {
                let bit = self.below(256) as usize;
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            Pdq::from_bytes(bytes)
        }
    }

    const DISTANCES: [u32; 11] = [0, 1, 5, 31, 32, 33, 64, 127, 128, 255, 256];

    fn one_by_one(hashes: &[Pdq], query: &Pdq, distance: u32) -> Vec<Near> {
        let all =
            hashes.iter().zip(0..).map(|(hash, position)| Near { distance: hash.distance(query), position });
        let mut near: Vec<_> = all.filter(|near| near.distance <= distance).collect();
        near.sort();
        near
    }

    #[test]
    fn an_index_finds_what_comparing_every_hash_finds() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let centres: Vec<Pdq> = (0..8).map(|_| random.hash()).collect();
        for size in [0, 1, 2, 40, 1000, 5000] {
            let scattered: Vec<Pdq> = (0..size).map(|_| random.hash()).collect();
            let clustered: Vec<Pdq> = (0..size).map(|i| random.near(&centres[i % 8], 40)).collect();
            let same = vec![centres[0]; size];
            for hashes in [scattered, clustered, same] {
                let index = Index::new(hashes.iter().copied());
                assert_eq!((index.len(), index.is_empty()), (size, size == 0));
                let some = *hashes.get(size / 2).unwrap_or(&centres[0]);
                for query in [some, random.near(&some, 31), random.near(&centres[0], 40), random.hash()] {
                    for distance in DISTANCES {
                        assert_eq!(index.within(&query, distance), one_by_one(&hashes, &query, distance));
                    }
                }
            }
        }
    }

    #[test]
    fn tables_miss_nothing_and_name_nothing_twice() {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let centre = random.hash();
        let hashes: Vec<Pdq> = (0..600).map(|i| random.near(&centre, i / 4)).collect();
        let bits: Box<[Bits]> = hashes.iter().map(spread).collect();
        for count in [16, 19, 25, 32] {
            let tables = cut(count).into_iter().map(|chunk| Table::new(chunk, &bits)).collect();
            let index = Index { hashes: bits.clone(), tables };
            for query in [centre, hashes[500], random.near(&centre, 60)] {
                for distance in [0, 1, 15, 16, 31, 32, 63, 64] {
                    let mut found = index.look_up(&spread(&query), distance, f64::INFINITY).unwrap();
                    found.sort();
                    assert_eq!(
                        found,
                        one_by_one(&hashes, &query, distance),
                        "{count} chunks, {distance} bits"
                    );
                }
            }
        }
    }

    #[test]
    fn many_hashes_are_worth_tables_and_few_are_not() {
        assert!(chunks(100).is_empty());
        for hashes in [100_000, 10_000_000, 1_000_000_000] {
            let chunks = chunks(hashes);
            assert_eq!(chunks.iter().map(|chunk| chunk.width).sum::<u32>(), 256);
            let (reaches, _) = reaches(&chunks, hashes, USUAL_DISTANCE).unwrap();
            assert_eq!(reaches.iter().sum::<u32>(), USUAL_DISTANCE + 1);
        }
    }
}
