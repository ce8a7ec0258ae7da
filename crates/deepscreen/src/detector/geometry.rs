//! The steps of a contract, one after another: a picture of another size out, and which part of the picture it shows.

use std::borrow::Cow;

use super::contract::{CropOrigin, Step};
use super::resample::{self, Filter};
use crate::error::Result;
use crate::evidence::Region;
use crate::media::Pixels;

/// The part of `area` that begins at `corner` and has `part` pixels where the area has `whole`.
pub(super) fn part(area: Region, whole: (u32, u32), corner: (i64, i64), part: (u32, u32)) -> Region {
    let (across, down) = (area.width / f64::from(whole.0), area.height / f64::from(whole.1));
    Region {
        x: area.x + corner.0 as f64 * across,
        y: area.y + corner.1 as f64 * down,
        width: f64::from(part.0) * across,
        height: f64::from(part.1) * down,
    }
}

/// What the steps have made of a picture so far.
pub(super) struct Frame<'a> {
    pub(super) pixels: Cow<'a, Pixels>,
    /// Which part of the picture they show.
    pub(super) area: Region,
}

impl<'a> Frame<'a> {
    pub(super) fn of(pixels: &'a Pixels) -> Self {
        let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
        Self { pixels: Cow::Borrowed(pixels), area: Region { x: 0.0, y: 0.0, width, height } }
    }

    /// The same part of the picture in other pixels.
    pub(super) fn with(&self, pixels: Pixels) -> Self {
        Self { pixels: Cow::Owned(pixels), area: self.area }
    }

    /// A window of `width` x `height` pixels whose corner lies at `left`, `top`, filled where nothing is.
    fn window(&self, left: i64, top: i64, width: u32, height: u32, fill: u8) -> Result<Self> {
        let pixels = window(&self.pixels, left, top, width, height, fill)?;
        let whole = (self.pixels.width(), self.pixels.height());
        Ok(Self { pixels: Cow::Owned(pixels), area: part(self.area, whole, (left, top), (width, height)) })
    }
}

/// A part of a picture, or more than the picture: filled where nothing is.
pub(super) fn window(
    pixels: &Pixels,
    left: i64,
    top: i64,
    width: u32,
    height: u32,
    fill: u8,
) -> Result<Pixels> {
    resample::check_size(width, height)?;
    let mut data = vec![fill; width as usize * height as usize * 3];
    let clamp = |at: i64, side: u32| at.clamp(0, i64::from(side)) as usize;
    let (from, to) = (clamp(left, pixels.width()), clamp(left + i64::from(width), pixels.width()));
    let stride = pixels.width() as usize * 3;
    for (y, row) in data.chunks_exact_mut(width as usize * 3).enumerate() {
        let Ok(source) = u32::try_from(top + y as i64) else { continue };
        if source < pixels.height() && from < to {
            let start = source as usize * stride;
            let place = (from as i64 - left) as usize * 3;
            row[place..place + (to - from) * 3]
                .copy_from_slice(&pixels.as_rgb8()[start + from * 3..start + to * 3]);
        }
    }
    resample::from_bytes(width, height, data)
}

/// Takes all steps.
pub(super) fn apply_all<'a>(steps: &[Step], mut frame: Frame<'a>) -> Result<Frame<'a>> {
    let mut steps = steps;
    while let [step, rest @ ..] = steps {
        if let Some((cut, rest)) = resized_and_cropped(steps, &frame)? {
            (frame, steps) = (cut, rest);
        } else {
            (frame, steps) = (apply(step, frame)?, rest);
        }
    }
    Ok(frame)
}

/// Takes the first two steps at once where they resize the picture and cut the middle out: only that is resized.
fn resized_and_cropped<'s>(
    steps: &'s [Step],
    frame: &Frame<'_>,
) -> Result<Option<(Frame<'static>, &'s [Step])>> {
    let size = (frame.pixels.width(), frame.pixels.height());
    let [step, Step::CenterCrop { width, height, like }, rest @ ..] = steps else { return Ok(None) };
    let Some((to, resample, antialias)) = resizing(step, size) else { return Ok(None) };
    if to == size {
        return Ok(None);
    }
    let side = |whole: u32, part: u32| {
        let start = u32::try_from(like.corner(whole, part)).ok()?;
        Some(start..start + part)
    };
    let (Some(columns), Some(rows)) = (side(to.0, *width), side(to.1, *height)) else { return Ok(None) };
    let corner = (i64::from(columns.start), i64::from(rows.start));
    let pixels = resample::resize_part(&frame.pixels, to, [columns, rows], resample, antialias)?;
    let area = part(frame.area, to, corner, (*width, *height));
    Ok(Some((Frame { pixels: Cow::Owned(pixels), area }, rest)))
}

/// Takes one step.
fn apply<'a>(step: &Step, frame: Frame<'a>) -> Result<Frame<'a>> {
    let size = (frame.pixels.width(), frame.pixels.height());
    let resized = |frame: Frame<'a>, (width, height): (u32, u32), resample, antialias| {
        if size == (width, height) {
            return Ok(frame);
        }
        resample::resize(&frame.pixels, width, height, resample, antialias).map(|pixels| frame.with(pixels))
    };
    if let Some((to, resample, antialias)) = resizing(step, size) {
        return resized(frame, to, resample, antialias);
    }
    match *step {
        Step::Letterbox { width, height, resample, antialias, fill } => {
            let inner = contained(size, (width, height));
            let middle = |outer: u32, inner: u32| (f64::from(outer - inner) / 2.0).round_ties_even() as i64;
            let (left, top) = (middle(width, inner.0), middle(height, inner.1));
            resized(frame, inner, resample, antialias)?.window(-left, -top, width, height, fill)
        }
        Step::CenterCrop { width, height, like } => {
            frame.window(like.corner(size.0, width), like.corner(size.1, height), width, height, 0)
        }
        Step::PadSquare { fill } => {
            let side = size.0.max(size.1);
            let before = |length: u32| i64::from((side - length) / 2);
            frame.window(-before(size.0), -before(size.1), side, side, fill)
        }
        // Done above.
        Step::Resize { .. } | Step::ResizeShortest { .. } | Step::ResizeLongest { .. } => Ok(frame),
    }
}

/// The size that a step brings a picture of `size` to, and how; `None` for a step that does more than that.
fn resizing(step: &Step, size: (u32, u32)) -> Option<((u32, u32), Filter, bool)> {
    match *step {
        Step::Resize { width, height, resample, antialias } => Some(((width, height), resample, antialias)),
        Step::ResizeShortest { size: short, resample, antialias } => {
            Some((shortest(size, short), resample, antialias))
        }
        Step::ResizeLongest { size: long, resample, antialias } => {
            Some((longest(size, long), resample, antialias))
        }
        Step::Letterbox { .. } | Step::CenterCrop { .. } | Step::PadSquare { .. } => None,
    }
}

/// As torchvision's `Resize(short)` and transformers' `shortest_edge`: the long side is rounded down.
fn shortest((width, height): (u32, u32), short: u32) -> (u32, u32) {
    let long = |long: u32, of: u32| (u64::from(short) * u64::from(long) / u64::from(of)) as u32;
    if width <= height { (short, long(height, width)) } else { (long(width, height), short) }
}

/// Down to a long side; smaller pictures stay.
fn longest((width, height): (u32, u32), long: u32) -> (u32, u32) {
    if width.max(height) <= long {
        return (width, height);
    }
    contained((width, height), (long, long))
}

/// As Pillow's `ImageOps.contain`.
fn contained((width, height): (u32, u32), (within_width, within_height): (u32, u32)) -> (u32, u32) {
    let (ratio, within) =
        (f64::from(width) / f64::from(height), f64::from(within_width) / f64::from(within_height));
    let side = |side: f64, most: u32| (side.round_ties_even() as u32).clamp(1, most);
    if ratio > within {
        (within_width, side(f64::from(height) / f64::from(width) * f64::from(within_width), within_height))
    } else {
        (side(ratio * f64::from(within_height), within_width), within_height)
    }
}

impl CropOrigin {
    /// Where a crop of `part` begins in `whole` pixels; below 0 where it is the larger one.
    fn corner(self, whole: u32, part: u32) -> i64 {
        let spare = i64::from(whole) - i64::from(part);
        match self {
            Self::Torchvision if spare >= 0 => (spare as f64 / 2.0).round_ties_even() as i64,
            Self::Torchvision => -(-spare / 2),
            Self::Transformers => spare.div_euclid(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(width: u32, height: u32) -> Pixels {
        let at = |i: u32| [(i % width) as u8, (i / width) as u8, 9];
        Pixels::from_rgb8(width, height, (0..width * height).flat_map(at).collect()).unwrap()
    }

    fn applied(step: &Step, pixels: &Pixels) -> (Pixels, Region) {
        let frame = apply(step, Frame::of(pixels)).unwrap();
        (frame.pixels.into_owned(), frame.area)
    }

    // The tables were made with torchvision 0.29.2, transformers 5.24.0 and Pillow 13.0.0.

    #[test]
    fn the_long_side_is_rounded_down_as_by_torchvision() {
        for (size, short, expected) in [
            ((4000, 3000), 256, (341, 256)),
            ((3000, 4001), 256, (256, 341)),
            ((300, 200), 256, (384, 256)),
            ((333, 500), 224, (224, 336)),
            ((224, 224), 224, (224, 224)),
            ((7, 3), 5, (11, 5)),
            ((1, 65_535), 224, (224, 14_679_840)),
        ] {
            assert_eq!(shortest(size, short), expected, "{size:?} to {short}");
        }
    }

    #[test]
    fn crops_begin_where_those_of_torchvision_or_transformers_do() {
        for (whole, part, torchvision, transformers) in [
            (10, 5, 2, 2),
            (11, 4, 4, 3),
            (12, 5, 4, 3),
            (13, 6, 4, 3),
            (11, 6, 2, 2),
            (7, 4, 2, 1),
            (5, 8, -1, -2),
            (5, 9, -2, -2),
            (5, 12, -3, -4),
            (20, 7, 6, 6),
            (8, 8, 0, 0),
        ] {
            assert_eq!(CropOrigin::Torchvision.corner(whole, part), torchvision, "{whole} {part}");
            assert_eq!(CropOrigin::Transformers.corner(whole, part), transformers, "{whole} {part}");
        }
    }

    #[test]
    fn a_letterbox_is_that_of_pillow() {
        for (size, bounds, inner, at) in [
            ((400, 300), (224, 224), (224, 168), (0, 28)),
            ((300, 400), (224, 224), (168, 224), (28, 0)),
            ((10, 5), (5, 5), (5, 2), (0, 2)),
            ((3, 10), (7, 5), (2, 5), (2, 0)),
            ((100, 100), (7, 9), (7, 7), (0, 1)),
            ((5, 5), (8, 8), (8, 8), (0, 0)),
            ((30, 7), (15, 15), (15, 4), (0, 6)),
            ((7, 30), (15, 15), (4, 15), (6, 0)),
        ] {
            assert_eq!(contained(size, bounds), inner, "{size:?} in {bounds:?}");
            let white = vec![255; size.0 as usize * size.1 as usize * 3];
            let white = Pixels::from_rgb8(size.0, size.1, white).unwrap();
            let (width, height) = bounds;
            let step = Step::Letterbox { width, height, resample: Filter::Bicubic, antialias: true, fill: 7 };
            let (made, _) = applied(&step, &white);
            for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                let inside = (at.0..at.0 + inner.0).contains(&x) && (at.1..at.1 + inner.1).contains(&y);
                let expected = if inside { [255; 3] } else { [7; 3] };
                assert_eq!(made.get(x, y), Some(expected), "{size:?} in {bounds:?} at {x}, {y}");
            }
        }
        assert_eq!(longest((3000, 20), 1000), (1000, 7));
        assert_eq!(longest((30, 20), 1000), (30, 20));
    }

    #[test]
    fn a_strip_is_not_padded_to_a_square_that_nobody_can_hold() {
        let error = apply(&Step::PadSquare { fill: 0 }, Frame::of(&numbered(1, 20_000))).err().unwrap();
        assert_eq!(error.kind(), crate::ErrorKind::TooLarge);
    }

    #[test]
    fn windows_cut_and_fill_and_know_where_they_are() {
        let step = Step::CenterCrop { width: 4, height: 9, like: CropOrigin::Torchvision };
        let (pixels, area) = applied(&step, &numbered(10, 6));
        assert_eq!((pixels.width(), pixels.height()), (4, 9));
        assert_eq!(pixels.get(0, 0), Some([0, 0, 0]));
        assert_eq!(pixels.get(0, 1), Some([3, 0, 9]));
        assert_eq!(pixels.get(3, 6), Some([6, 5, 9]));
        assert_eq!(pixels.get(3, 7), Some([0, 0, 0]));
        assert_eq!(area, Region { x: 3.0, y: -1.0, width: 4.0, height: 9.0 });
        let (pixels, area) = applied(&Step::PadSquare { fill: 7 }, &numbered(3, 6));
        assert_eq!(
            (pixels.get(0, 5), pixels.get(1, 5), pixels.get(4, 0)),
            (Some([7; 3]), Some([0, 5, 9]), Some([7; 3]))
        );
        assert_eq!(area, Region { x: -1.0, y: 0.0, width: 6.0, height: 6.0 });
    }

    #[test]
    fn steps_taken_at_once_are_those_taken_one_by_one() {
        let (resample, antialias) = (Filter::Bicubic, true);
        let resizing = [
            Step::ResizeShortest { size: 20, resample, antialias },
            Step::ResizeLongest { size: 25, resample, antialias },
            Step::Resize { width: 33, height: 21, resample, antialias },
        ];
        for (first, side) in resizing.iter().flat_map(|step| [5, 16, 40].map(|side| (step, side))) {
            let crop = Step::CenterCrop { width: side, height: side / 2, like: CropOrigin::Torchvision };
            for pixels in [numbered(90, 70), numbered(30, 61), numbered(20, 20)] {
                let one = apply(&crop, apply(first, Frame::of(&pixels)).unwrap()).unwrap();
                let both = apply_all(&[first.clone(), crop.clone()], Frame::of(&pixels)).unwrap();
                assert!(one.pixels == both.pixels && one.area == both.area, "{first:?} {crop:?} {pixels:?}");
            }
        }
    }

    #[test]
    fn a_letterbox_keeps_proportions() {
        let step =
            Step::Letterbox { width: 20, height: 20, resample: Filter::Nearest, antialias: true, fill: 114 };
        let (pixels, area) = applied(&step, &numbered(10, 4));
        assert_eq!((pixels.width(), pixels.height()), (20, 20));
        assert_eq!(pixels.get(0, 5), Some([114; 3]));
        assert_eq!(pixels.get(0, 6), Some([0, 0, 9]));
        assert_eq!(area, Region { x: 0.0, y: -3.0, width: 10.0, height: 10.0 });
    }
}
