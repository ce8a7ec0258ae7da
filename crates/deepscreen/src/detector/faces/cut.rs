//! A picture and a face in, the cut-out that a model of faces sees out.

use crate::detector::contract::FaceShape;
use crate::detector::geometry::window;
use crate::error::Result;
use crate::evidence::Face;
use crate::media::Pixels;

/// Cuts a face out with what is around it: `scale` times the sides of the face, about its middle. Coordinates are cut
/// to whole pixels towards zero.
///
/// # Errors
/// [`TooLarge`](crate::ErrorKind::TooLarge) for a cut-out of more than 100 million pixels.
pub(in crate::detector) fn cut(pixels: &Pixels, face: &Face, scale: f64, shape: FaceShape) -> Result<Pixels> {
    let [left, top, right, bottom] = match shape {
        FaceShape::Square => square(face, scale),
        FaceShape::Inside => inside(face, scale, pixels),
    };
    let side = |from: i64, to: i64| u32::try_from(to.saturating_sub(from).max(1)).unwrap_or(u32::MAX);
    // Black beyond the picture, as Pillow crops. A square around a face that fills a large picture is mostly that.
    window(pixels, left, top, side(left, right), side(top, bottom), 0)
}

/// A square of the longer side.
fn square(face: &Face, scale: f64) -> [i64; 4] {
    let [left, top, right, bottom] = face.corners();
    let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let radius = (right - left).max(bottom - top) * scale / 2.0;
    // `as` cuts towards zero and saturates.
    [x - radius, y - radius, x + radius, y + radius].map(|edge| edge as i64)
}

/// The face's own proportions, as far as the picture goes: as Silent-Face-Anti-Spoofing cuts faces.
fn inside(face: &Face, scale: f64, pixels: &Pixels) -> [i64; 4] {
    let [left, top, right, bottom] = face.corners();
    let (width, height) = (right - left, bottom - top);
    let (most_x, most_y) = (f64::from(pixels.width() - 1), f64::from(pixels.height() - 1));
    let scale = scale.min(most_y / height).min(most_x / width);
    let (width, height) = (width * scale, height * scale);
    let left = ((left + right) / 2.0 - width / 2.0).max(0.0).min(most_x - width);
    let top = ((top + bottom) / 2.0 - height / 2.0).max(0.0).min(most_y - height);
    [left as i64, top as i64, (left + width) as i64 + 1, (top + height) as i64 + 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn picture(width: u32, height: u32) -> Pixels {
        let bytes = |x: u32, y: u32| [(x * 5 + 1) as u8, (y * 7 + 2) as u8, (x * y + 3) as u8];
        let row = |y| (0..width).flat_map(move |x| bytes(x, y));
        Pixels::from_rgb8(width, height, (0..height).flat_map(row).collect()).unwrap()
    }

    fn face([x, y, width, height]: [f64; 4], picture: &Pixels) -> Face {
        Face::new([x, y, x + width, y + height], 0.9, picture.width(), picture.height()).unwrap()
    }

    fn hash(pixels: &Pixels) -> u32 {
        pixels.as_rgb8().iter().fold(0, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)))
    }

    /// What Pillow 13.0.0 crops, with the coordinates of the module's formulas in Python.
    #[test]
    fn cut_outs_are_those_of_the_reference() {
        let picture = picture(40, 30);
        use FaceShape::{Inside, Square};
        for (corners, scale, shape, expected) in [
            ([10.0, 8.0, 12.0, 10.0], 1.0, Square, (12, 12, 440_607_596)),
            ([10.0, 8.0, 12.0, 10.0], 1.3, Square, (15, 15, 3_603_354_477)),
            ([0.0, 0.0, 9.7, 12.4], 1.7, Square, (20, 20, 1_483_096_400)),
            ([30.5, 20.1, 9.5, 9.9], 2.7, Square, (27, 27, 298_505_700)),
            ([0.0, 0.0, 40.0, 30.0], 2.0, Square, (80, 80, 984_642_100)),
            ([10.0, 8.0, 12.0, 10.0], 1.0, Inside, (13, 11, 82_907_271)),
            ([10.0, 8.0, 12.0, 10.0], 2.7, Inside, (33, 28, 2_372_485_182)),
            ([0.0, 0.0, 9.7, 12.4], 1.7, Inside, (17, 22, 3_499_763_435)),
            ([30.5, 20.1, 9.5, 9.9], 2.7, Inside, (27, 28, 3_263_186_826)),
            ([0.0, 0.0, 40.0, 30.0], 2.0, Inside, (40, 30, 557_880_372)),
            ([5.3, 2.2, 1.0, 27.0], 4.0, Inside, (2, 30, 2_439_299_593)),
        ] {
            let cut = cut(&picture, &face(corners, &picture), scale, shape).unwrap();
            let found = (cut.width(), cut.height(), hash(&cut));
            assert_eq!(found, expected, "{corners:?} {scale} {shape:?}");
        }
    }

    #[test]
    fn a_cut_out_has_a_pixel_at_least_and_a_limit() {
        let small = picture(1, 1);
        let only = face([0.0, 0.0, 1.0, 1.0], &small);
        for shape in [FaceShape::Square, FaceShape::Inside] {
            let cut = cut(&small, &only, 0.5, shape).unwrap();
            assert_eq!((cut.width(), cut.height()), (1, 1));
        }
        let long = picture(10_000, 1);
        let whole = face([0.0, 0.0, 10_000.0, 1.0], &long);
        let error = cut(&long, &whole, 1.1, FaceShape::Square).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(cut(&long, &whole, f64::MAX, FaceShape::Square).is_err());
    }
}
