//! What was done to an original.

use serde::{Deserialize, Serialize};

use super::{HeatMap, Region};

/// What a picture is to the original that it was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Relation {
    /// The same size, and no sample differs by more than 2 of 255.
    Same,
    /// Nothing was found but compression, scaling, a crop, a turn, a change of tone of the whole picture.
    Recompressed,
    /// Parts show something else than the original, or something was added around it.
    Altered,
    /// The picture could not be registered to the original, so nothing is claimed: it may show something else, or too
    /// little that can be recognised.
    Unlike,
}

impl Relation {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "same_picture",
            Self::Recompressed => "recompressed_or_resized",
            Self::Altered => "altered",
            Self::Unlike => "not_comparable",
        }
    }
}

/// A picture, compared with the original that it is thought to be a copy of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// What the picture is to the original.
    pub relation: Relation,
    /// Rectangles around what was altered or added, in pixels of the picture; the largest first. Empty unless
    /// [`Altered`](Relation::Altered).
    pub regions: Vec<Region>,
    /// How much each part of the picture differs, from 0 over 0.5, where a region may begin, to 1; not a probability.
    /// `None` for the same picture and where nothing was compared.
    pub heat_map: Option<HeatMap>,
    /// The part of the original that the picture shows, in pixels of the original. `None` where nothing was compared.
    pub shown: Option<Region>,
}
