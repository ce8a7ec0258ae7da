//! The eight ways to turn and mirror a picture.

use crate::evidence::Region;
use crate::hash::Transform;
use crate::media::Pixels;

/// What was done to the original: mirrored or not, then turned clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// Left and right are exchanged, before it is turned.
    pub(super) mirrored: bool,
    /// Quarter turns clockwise, 0 to 3; 4 are none.
    pub(super) quarters: u8,
}

impl From<Transform> for Turn {
    fn from(transform: Transform) -> Self {
        let (mirrored, quarters) = match transform {
            Transform::None => (false, 0),
            Transform::Turned90 => (false, 1),
            Transform::Turned180 => (false, 2),
            Transform::Turned270 => (false, 3),
            Transform::Mirrored => (true, 0),
            Transform::Transversed => (true, 1),
            Transform::Flipped => (true, 2),
            Transform::Transposed => (true, 3),
        };
        Self { mirrored, quarters }
    }
}

impl Turn {
    /// Whether it changes nothing.
    pub(super) fn is_none(self) -> bool {
        !self.mirrored && self.quarters.is_multiple_of(4)
    }

    /// The picture with this done to it.
    pub(super) fn applied(self, pixels: &Pixels) -> Pixels {
        let size = [pixels.width(), pixels.height()];
        let [width, height] = self.size(size);
        let source = pixels.as_rgb8().as_chunks::<3>().0;
        let mut data = Vec::with_capacity(pixels.as_rgb8().len());
        for y in 0..height {
            for x in 0..width {
                let [x, y] = self.source([x, y], size);
                data.extend(source[y as usize * size[0] as usize + x as usize]);
            }
        }
        Pixels::from_rgb8(width, height, data).unwrap_or_else(|| pixels.clone())
    }

    /// What undoes it.
    #[must_use]
    pub(super) fn undone(self) -> Self {
        // A mirrored picture that is turned is undone by the same again.
        if self.mirrored { self } else { Self { quarters: (4 - self.quarters % 4) % 4, ..self } }
    }

    /// The sides of a picture of that size afterwards.
    fn size(self, [width, height]: [u32; 2]) -> [u32; 2] {
        if self.quarters.is_multiple_of(2) { [width, height] } else { [height, width] }
    }

    /// Which pixel of a picture of that size comes to that place.
    fn source(self, [x, y]: [u32; 2], [width, height]: [u32; 2]) -> [u32; 2] {
        let [x, y] = match self.quarters % 4 {
            1 => [y, height - 1 - x],
            2 => [width - 1 - x, height - 1 - y],
            3 => [width - 1 - y, x],
            _ => [x, y],
        };
        if self.mirrored { [width - 1 - x, y] } else { [x, y] }
    }

    /// A region of a picture of `width` times `height` pixels, after this was done to it.
    pub(super) fn region(self, region: Region, [width, height]: [f64; 2]) -> Region {
        let Region { mut x, y, width: w, height: h } = region;
        if self.mirrored {
            x = width - x - w;
        }
        match self.quarters % 4 {
            1 => Region { x: height - y - h, y: x, width: h, height: w },
            2 => Region { x: width - x - w, y: height - y - h, width: w, height: h },
            3 => Region { x: y, y: width - x - w, width: h, height: w },
            _ => Region { x, y, width: w, height: h },
        }
    }

    /// Cells, `columns` in each row, after this was done to them; and their columns and rows then.
    pub(super) fn cells(self, cells: &[f32], columns: u32) -> (u32, u32, Vec<f32>) {
        let size = [columns, cells.len() as u32 / columns.max(1)];
        let [width, height] = self.size(size);
        let cell = |[x, y]: [u32; 2]| cells[y as usize * columns as usize + x as usize];
        let places = (0..height).flat_map(|y| (0..width).map(move |x| [x, y]));
        (width, height, places.map(|place| cell(self.source(place, size))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Pixels {
        Pixels::from_rgb8(3, 2, [1, 2, 3, 4, 5, 6].into_iter().flat_map(|value| [value; 3]).collect())
            .unwrap()
    }

    fn values(pixels: &Pixels) -> Vec<u8> {
        pixels.as_rgb8().as_chunks::<3>().0.iter().map(|rgb| rgb[0]).collect()
    }

    #[test]
    fn turns_are_clockwise_and_mirroring_comes_first() {
        let turned = |mirrored, quarters| values(&Turn { mirrored, quarters }.applied(&picture()));
        assert_eq!(turned(false, 0), [1, 2, 3, 4, 5, 6]);
        assert_eq!(turned(false, 1), [4, 1, 5, 2, 6, 3]);
        assert_eq!(turned(false, 2), [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(false, 3), [3, 6, 2, 5, 1, 4]);
        assert_eq!(turned(true, 0), [3, 2, 1, 6, 5, 4]);
        assert_eq!(turned(true, 1), [6, 3, 5, 2, 4, 1]);
    }

    #[test]
    fn every_turn_is_undone_and_carries_regions_and_cells_along() {
        for turn in Transform::ALL.map(Turn::from) {
            let turned = turn.applied(&picture());
            assert_eq!(turn.undone().applied(&turned), picture(), "{turn:?}");
            let (columns, rows, cells) = turn.cells(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
            assert_eq!((columns, rows), (turned.width(), turned.height()));
            assert_eq!(cells, values(&turned).iter().map(|value| f32::from(*value)).collect::<Vec<_>>());
            // The pixel of value 3 stands at column 2, row 0.
            let region = turn.region(Region { x: 2.0, y: 0.0, width: 1.0, height: 1.0 }, [3.0, 2.0]);
            assert_eq!(turned.get(region.x as u32, region.y as u32), Some([3; 3]), "{turn:?}");
        }
    }
}
