//! Hashes in, groups of near-duplicates out.

use super::{Index, Pdq};

/// A picture's place in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InGroup {
    /// The position of the group's first picture; its own where it is the first, or alone.
    pub first: usize,
    /// In how many of 256 bits its hash differs from that of the first.
    pub distance: u32,
}

/// Groups pictures by their hashes, one place for each: the first picture that is in no group yet takes all that are
/// within `distance` of it and in none. So everything in a group is near its first picture, and the order of the pictures
/// decides. `None`, for a picture whose hash means nothing, is alone.
///
/// ```
/// use deepscreen::hash::{InGroup, Pdq, groups};
///
/// let hash = |byte| Some(Pdq::from_bytes([byte; 32]));
/// let places = groups(&[hash(0), hash(255), None, hash(0)], 31);
/// let firsts: Vec<usize> = places.iter().map(|place| place.first).collect();
/// assert_eq!(firsts, [0, 1, 2, 0]);
/// ```
pub fn groups(hashes: &[Option<Pdq>], distance: u32) -> Vec<InGroup> {
    let hashed: Vec<(usize, Pdq)> =
        hashes.iter().enumerate().filter_map(|(at, hash)| Some((at, (*hash)?))).collect();
    let index = Index::new(hashed.iter().map(|(_, hash)| *hash));
    let mut places: Vec<Option<InGroup>> = vec![None; hashes.len()];
    for (first, hash) in &hashed {
        if places[*first].is_some() {
            continue;
        }
        for near in index.within(hash, distance) {
            let (at, _) = hashed[near.position as usize];
            places[at].get_or_insert(InGroup { first: *first, distance: near.distance });
        }
    }
    let alone = |(at, place): (usize, Option<InGroup>)| place.unwrap_or(InGroup { first: at, distance: 0 });
    places.into_iter().enumerate().map(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bits: u32) -> Option<Pdq> {
        let mut bytes = [0; 32];
        (0..bits as usize).for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
        Some(Pdq::from_bytes(bytes))
    }

    #[test]
    fn the_first_takes_what_is_near_it_and_no_chain_leads_on() {
        let hashes = [0, 20, 40, 60, 200, 21].map(hash);
        let places: Vec<_> = groups(&hashes, 31).iter().map(|place| (place.first, place.distance)).collect();
        assert_eq!(places, [(0, 0), (0, 20), (2, 0), (2, 20), (4, 0), (0, 21)]);
    }

    #[test]
    fn what_has_no_hash_is_alone() {
        let places = groups(&[None, hash(0), None, hash(0)], 31);
        assert_eq!(places.iter().map(|place| place.first).collect::<Vec<_>>(), [0, 1, 2, 1]);
        assert!(groups(&[], 31).is_empty());
    }
}
