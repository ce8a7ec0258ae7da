//! A picture in, a grid of windows over it out; and of the network's answer for each window, a coarse heat map.
//!
//! For networks that see windows of a picture at native resolution, and give no map themselves: the same network tells,
//! window for window, where what it looks for is.

use super::Detector;
use super::contract::{Contract, Views, sigmoid};
use super::preprocess::{self, Crops};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::HeatMap;
use crate::media::Pixels;

/// Windows beside one another, either way.
const MOST: u32 = 8;

/// The windows of one picture, row for row.
pub(super) struct Windows {
    columns: u32,
    rows: u32,
    crops: Crops,
}

/// How many windows of a length cover a side, evenly spaced, and where they begin. A side of more than [`MOST`] windows is
/// not covered whole.
fn starts(side: u32, window: u32) -> Vec<u32> {
    let count = side.div_ceil(window).clamp(1, MOST);
    let room = side.saturating_sub(window);
    (0..count).map(|at| if count < 2 { room / 2 } else { at * room / (count - 1) }).collect()
}

impl Contract {
    /// Whether the network sees windows, and says nothing of where.
    fn has_local_scores(&self) -> bool {
        self.output.map.is_none() && self.faces.is_none() && !matches!(self.preprocess.views, Views::Whole)
    }
}

impl Detector {
    /// This detector with a coarse heat map, where its network sees windows of a picture at native resolution and gives no
    /// map itself: up to 8 x 8 windows of the size of its input, evenly spaced, are looked at one by one. That takes as much
    /// time again for each window. A cell is the calibrated probability for its window alone, which was calibrated for
    /// whole pictures: read it as more or less suspicious than the others.
    #[must_use]
    pub fn with_local_scores(self) -> Self {
        let local = self.contract.has_local_scores();
        Self { local, ..self }
    }

    /// The windows of a picture, where they are to be looked at.
    pub(super) fn windows(&self, pixels: &Pixels) -> Result<Option<Windows>> {
        if !self.local {
            return Ok(None);
        }
        let frame = preprocess::frame(&self.contract, pixels)?;
        let (width, height) = preprocess::input_size(&self.contract);
        let (across, down) = (starts(frame.pixels.width(), width), starts(frame.pixels.height(), height));
        let corners = down.iter().flat_map(|top| across.iter().map(move |left| (*left, *top)));
        let crops = Crops::at(&frame, corners, width, height);
        Ok(Some(Windows { columns: across.len() as u32, rows: down.len() as u32, crops }))
    }

    /// The heat map that the network's answers for the windows make.
    pub(super) fn local_map(&self, windows: &Windows) -> Result<HeatMap> {
        let Windows { columns, rows, crops } = windows;
        let views: Vec<&[u8]> = crops.views().collect();
        let mut cells = Vec::with_capacity(views.len());
        for views in views.chunks(*columns as usize) {
            let (numbers, _) = self.infer(views, crops.width, crops.height)?;
            for numbers in numbers.chunks(self.contract.output.width()) {
                let log_odds = self.log_odds(&self.contract.output.read_window(numbers)?);
                cells.push(sigmoid(log_odds) as f32);
            }
        }
        HeatMap::new(*columns, *rows, cells, crops.area)
            .ok_or_else(|| Error::new(ErrorKind::Inference, "the network gave no score for a window"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_side_evenly() {
        assert_eq!(starts(224, 224), [0]);
        assert_eq!(starts(225, 224), [0, 1]);
        assert_eq!(starts(640, 224), [0, 208, 416]);
        assert_eq!(starts(8 * 224, 224), (0..8).map(|at| at * 224).collect::<Vec<_>>());
        let far = starts(10_000, 224);
        assert_eq!((far.len(), far[0], far[7]), (8, 0, 10_000 - 224));
        assert_eq!(starts(100, 224), [0]);
    }
}
