//! Numbers that repeat with their seed, on every machine.

/// xoshiro256++ 1.0 (Blackman, Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021), seeded with
/// SplitMix64 as its authors advise. For statistics, never for secrets.
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// The `stream`th of the generators of a seed. Streams do not depend on which thread draws from them.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = SplitMix(seed);
        let mut state = SplitMix(mixed.next() ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        Self { state: std::array::from_fn(|_| state.next()) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Two numbers below `end`, each as likely as the others (Lemire, "Fast random integer generation in an interval",
    /// ACM TOMACS 2019). `end` is above 0.
    pub(crate) fn two_below(&mut self, end: u32) -> [u32; 2] {
        let both = self.next();
        [both as u32, (both >> 32) as u32].map(|mut half| {
            loop {
                let wide = u64::from(half) * u64::from(end);
                if wide as u32 >= end || wide as u32 >= end.wrapping_neg() % end {
                    return (wide >> 32) as u32;
                }
                half = self.next() as u32;
            }
        })
    }
}

struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_is_that_of_its_author() {
        // The first numbers of https://prng.di.unimi.it/splitmix64.c from the state 1234567.
        let mut mixed = SplitMix(1_234_567);
        assert_eq!(
            [mixed.next(), mixed.next(), mixed.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn xoshiro_is_that_of_its_authors() {
        // The first numbers of https://prng.di.unimi.it/xoshiro256plusplus.c from the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [41_943_041, 58_720_359, 3_588_806_011_781_223]
        );
    }

    #[test]
    fn every_number_below_the_end_is_drawn_as_often() {
        let mut random = Random::new(1, 0);
        let mut counts = [0_u32; 7];
        (0..35_000).for_each(|_| random.two_below(7).iter().for_each(|number| counts[*number as usize] += 1));
        // Six standard deviations of a binomial: sqrt(70000 / 7 * 6 / 7) is 93.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 560), "{counts:?}");
    }
}
