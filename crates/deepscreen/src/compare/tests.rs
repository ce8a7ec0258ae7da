//! Copies and forgeries of procedural scenes, at sizes that a build without optimisation can bear.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};

use super::*;

/// Numbers that look random and never change.
fn noise(x: u32, y: u32, seed: u32) -> u32 {
    let mut value =
        x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2C1B_3C6D);
    value ^ (value >> 13)
}

/// Smooth ground, some sixty rectangles and discs of all colours, some of them striped, a little grain.
fn scene(width: u32, height: u32, seed: u32) -> RgbImage {
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let wave = 30.0 * (5.0 * u + seed as f32).sin() * (4.0 * v).cos();
        Rgb([110.0 + wave + 60.0 * v, 120.0 + wave, 150.0 - 50.0 * v].map(|value| value as u8))
    });
    for shape in 0..60 {
        let draw = |of, below: u32| noise(shape, of, seed) % below;
        let (left, top) = (draw(1, width), draw(2, height));
        let (across, down) = (12 + draw(3, width / 6), 12 + draw(4, height / 6));
        let colour = [draw(5, 200), draw(6, 200), draw(7, 200)].map(|value| value as i32 + 30);
        let stripe = 5 + draw(8, 12);
        for y in top..(top + down).min(height) {
            for x in left..(left + across).min(width) {
                let (u, v) = (
                    2.0 * (x - left) as f32 / across as f32 - 1.0,
                    2.0 * (y - top) as f32 / down as f32 - 1.0,
                );
                if shape % 2 == 0 || u * u + v * v < 1.0 {
                    let stripe = if shape % 3 == 0 && (x + y) / stripe % 2 == 0 { 35 } else { 0 };
                    *picture.get_pixel_mut(x, y) =
                        Rgb(colour.map(|value| (value - stripe).clamp(0, 255) as u8));
                }
            }
        }
    }
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let grain = (noise(x, y, seed + 7) % 9) as i32 - 4;
        pixel.0 = pixel.0.map(|value| (i32::from(value) + grain).clamp(0, 255) as u8);
    }
    picture
}

fn original() -> RgbImage {
    scene(480, 360, 1)
}

fn jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(Cursor::new(&mut bytes), quality)
        .encode_image(picture)
        .unwrap();
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}

fn resized(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    imageops::resize(picture, width, height, FilterType::CatmullRom)
}

fn cropped(picture: &RgbImage, x: u32, y: u32, width: u32, height: u32) -> RgbImage {
    imageops::crop_imm(picture, x, y, width, height).to_image()
}

fn pixels(picture: &RgbImage) -> Pixels {
    Pixels::from_rgb8(picture.width(), picture.height(), picture.as_raw().clone()).unwrap()
}

fn compared(picture: &RgbImage) -> Comparison {
    compare(&pixels(&original()), &pixels(picture))
}

fn region([x, y, width, height]: [u32; 4]) -> Region {
    let [x, y, width, height] = [x, y, width, height].map(f64::from);
    Region { x, y, width, height }
}

/// Intersection over union.
fn overlap(a: &Region, b: &Region) -> f64 {
    let along = |a: [f64; 2], b: [f64; 2]| ((a[0] + a[1]).min(b[0] + b[1]) - a[0].max(b[0])).max(0.0);
    let both = along([a.x, a.width], [b.x, b.width]) * along([a.y, a.height], [b.y, b.height]);
    both / (a.width * a.height + b.width * b.height - both)
}

/// That it is altered, in one place, and there.
fn assert_altered(name: &str, comparison: &Comparison, place: [u32; 4]) {
    assert_eq!(comparison.relation, Relation::Altered, "{name}");
    let found = &comparison.regions;
    assert!(
        found.len() == 1 && overlap(&found[0], &region(place)) > 0.4,
        "{name}: {place:?}, found {found:?}"
    );
    let map = comparison.heat_map.as_ref().unwrap();
    let cell = |x: u32, y: u32| map.cells()[(y * map.columns() + x) as usize];
    let [x, y, width, height] = place.map(f64::from);
    let column = (x + 0.5 * width) / map.area().width * f64::from(map.columns());
    let row = (y + 0.5 * height) / map.area().height * f64::from(map.rows());
    assert!(cell(column as u32, row as u32) > 0.5, "{name}");
}

#[test]
fn the_same_picture_is_the_same_even_rounded_otherwise() {
    let comparison = compared(&original());
    assert_eq!(comparison.relation, Relation::Same);
    assert_eq!((comparison.regions.len(), comparison.shown), (0, Some(region([0, 0, 480, 360]))));
    let mut rounded = original();
    rounded.pixels_mut().step_by(3).for_each(|pixel| pixel.0[1] = pixel.0[1].saturating_add(2));
    assert_eq!(compared(&rounded).relation, Relation::Same);
    rounded.get_pixel_mut(7, 7).0[0] ^= 64;
    assert_eq!(compared(&rounded).relation, Relation::Recompressed);
}

#[test]
fn what_happens_to_copies_alters_nothing_and_the_shown_part_is_right() {
    let original = original();
    let brighter = |by: i32| {
        let mut picture = original.clone();
        picture
            .pixels_mut()
            .for_each(|pixel| pixel.0 = pixel.0.map(|value| (i32::from(value) * by / 100).min(255) as u8));
        picture
    };
    let whole = [0, 0, 480, 360];
    let corner = [48, 20, 408, 306];
    let [x, y, width, height] = corner;
    for (name, picture, shown) in [
        ("q75", jpeg(&original, 75), whole),
        ("q50, half size", jpeg(&resized(&original, 240, 180), 50), whole),
        ("double size", jpeg(&resized(&original, 960, 720), 70), whole),
        ("stretched", jpeg(&resized(&original, 480, 300), 75), whole),
        ("crop of 15 %", jpeg(&cropped(&original, x, y, width, height), 75), corner),
        (
            "crop of 15 %, smaller",
            jpeg(&resized(&cropped(&original, x, y, width, height), 300, 225), 75),
            corner,
        ),
        ("half of it", jpeg(&cropped(&original, 0, 100, 300, 260), 75), [0, 100, 300, 260]),
        ("brighter", jpeg(&brighter(112), 75), whole),
        ("grey", jpeg(&DynamicImage::from(original.clone()).to_luma8().into_rgb(), 75), whole),
    ] {
        let comparison = compared(&picture);
        assert_eq!(comparison.relation, Relation::Recompressed, "{name}: {:?}", comparison.regions);
        let (found, wanted) = (comparison.shown.unwrap(), region(shown));
        let near = |a: f64, b: f64, side: f64| (a - b).abs() <= 0.02 * side;
        assert!(
            near(found.x, wanted.x, 480.0)
                && near(found.y, wanted.y, 360.0)
                && near(found.width, wanted.width, 480.0)
                && near(found.height, wanted.height, 360.0),
            "{name}: {found:?}"
        );
        let hottest = comparison.heat_map.unwrap().cells().iter().copied().fold(0.0, f32::max);
        assert!(hottest < 0.5, "{name}: {hottest}");
    }
}

trait IntoRgb {
    fn into_rgb(self) -> RgbImage;
}

impl IntoRgb for image::GrayImage {
    fn into_rgb(self) -> RgbImage {
        DynamicImage::from(self).to_rgb8()
    }
}

/// The original with part of another scene at a place.
fn pasted([x, y, width, height]: [u32; 4]) -> RgbImage {
    let mut picture = original();
    imageops::replace(
        &mut picture,
        &cropped(&scene(480, 360, 9), 200, 40, width, height),
        x.into(),
        y.into(),
    );
    picture
}

#[test]
fn edits_are_found_where_they_are() {
    let place = [300, 180, 90, 70];
    assert_altered("pasted, q75", &compared(&jpeg(&pasted(place), 75)), place);
    let [x, y, width, height] = place;
    let half = compared(&jpeg(&resized(&pasted(place), 240, 180), 75));
    assert_altered("pasted, half size", &half, place.map(|side| side / 2));
    let crop = compared(&jpeg(&cropped(&pasted(place), 60, 30, 400, 300), 75));
    assert_altered("pasted, cropped", &crop, [x - 60, y - 30, width, height]);
    assert!((crop.shown.unwrap().x - 60.0).abs() < 4.0);

    // Red and blue exchanged: most of what is seen of it is colour.
    let mut recoloured = original();
    for (x, y, pixel) in recoloured.enumerate_pixels_mut() {
        if (100..180).contains(&x) && (60..140).contains(&y) {
            let [r, g, b] = pixel.0;
            pixel.0 = [b, g.saturating_sub(20), r];
        }
    }
    assert_altered("recoloured", &compared(&jpeg(&recoloured, 75)), [100, 60, 80, 80]);
}

#[test]
fn a_caption_and_a_border_are_added_regions() {
    let original = original();
    let mut captioned = RgbImage::from_pixel(480, 420, Rgb([255; 3]));
    imageops::replace(&mut captioned, &original, 0, 60);
    assert_altered("caption", &compared(&jpeg(&captioned, 75)), [0, 0, 480, 60]);

    let mut bordered = RgbImage::from_pixel(520, 400, Rgb([0; 3]));
    imageops::replace(&mut bordered, &original, 20, 20);
    let comparison = compared(&jpeg(&bordered, 75));
    assert_eq!((comparison.relation, comparison.regions.len()), (Relation::Altered, 4));
    let shown = comparison.shown.unwrap();
    assert!(shown.width > 475.0 && shown.height > 355.0, "{shown:?}");
}

#[test]
fn nothing_is_said_of_what_cannot_be_registered() {
    let flat = |value, width, height| RgbImage::from_pixel(width, height, Rgb([value; 3]));
    let pairs = [
        ("another scene", original(), scene(480, 360, 5)),
        ("flat", flat(90, 400, 300), flat(120, 400, 300)),
        ("a flat original", flat(90, 400, 300), original()),
        ("mirrored", original(), imageops::flip_horizontal(&original())),
        ("tiny", original(), resized(&original(), 32, 24)),
        ("one pixel", flat(1, 1, 1), flat(200, 1, 1)),
        ("a line", flat(1, 20_000, 2), original()),
        ("a strip", resized(&original(), 6000, 40), original()),
        ("a strip of it", original(), cropped(&original(), 200, 0, 60, 360)),
    ];
    for (name, original, picture) in pairs {
        let comparison = compare(&pixels(&original), &pixels(&picture));
        assert_eq!(comparison.relation, Relation::Unlike, "{name}: {:?}", comparison.shown);
        assert!(comparison.regions.is_empty() && comparison.shown.is_none() && comparison.heat_map.is_none());
    }
}

#[test]
fn turned_copies_are_compared_as_turned_and_boxes_lie_in_the_picture_as_it_is() {
    let (original, place) = (pixels(&original()), [300, 180, 90, 70]);
    let forged = pixels(&jpeg(&pasted(place), 85));
    for transform in [Transform::Mirrored, Transform::Transversed, Transform::Turned270] {
        let turn = Turn::from(transform);
        let compared = |picture| compare_transformed(&original, &turn.applied(picture), transform);
        assert_eq!(compared(&original).relation, Relation::Recompressed, "{turn:?}");
        let Region { x, y, width, height } = turn.region(region(place), [480.0, 360.0]);
        let place = [x, y, width, height].map(|side| side as u32);
        assert_altered(&format!("{turn:?}"), &compared(&forged), place);
    }
}

#[test]
fn the_same_question_has_the_same_answer() {
    let picture = jpeg(&pasted([40, 200, 60, 60]), 60);
    assert_eq!(compared(&picture), compared(&picture));
}
