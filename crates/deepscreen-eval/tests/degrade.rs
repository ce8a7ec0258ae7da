//! Degradations: sizes, qualities, texts, and that they repeat.

#![allow(clippy::unwrap_used)]

use deepscreen::media::{Format, Limits, Pixels};
use deepscreen::{ErrorKind, Media};
use deepscreen_eval::JpegQuality;
use deepscreen_eval::degrade::{Degradation, Encoded};

/// Smooth, with an edge: what a photograph is to an encoder.
fn picture(width: u32, height: u32) -> Pixels {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let wave = |scale: f32| (127.5 + 100.0 * ((x as f32 + 0.6 * y as f32) / scale).sin()) as u8;
            let edge = if x > width / 2 { 40 } else { 0 };
            data.extend([wave(9.0), wave(17.0).saturating_add(edge), wave(31.0)]);
        }
    }
    Pixels::from_rgb8(width, height, data).unwrap()
}

fn degraded(text: &str, pixels: &Pixels) -> Encoded {
    text.parse::<Degradation>().unwrap().apply(pixels, 7).unwrap()
}

fn decoded(encoded: &Encoded) -> Pixels {
    let media = Media::from_bytes(encoded.bytes.clone(), &Limits::default()).unwrap();
    assert_eq!(media.format(), encoded.format);
    media.pixels().unwrap().clone()
}

/// Root of the mean squared difference of samples.
fn difference(a: &Pixels, b: &Pixels) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let pairs = a.as_rgb8().iter().zip(b.as_rgb8());
    let sum: f64 = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    (sum / a.as_rgb8().len() as f64).sqrt()
}

#[test]
fn sizes_formats_and_qualities_are_those_named() {
    let pixels = picture(300, 170);
    for (text, size, quality) in [
        ("clean", (300, 170), None),
        ("jpeg:90", (300, 170), Some(90)),
        ("jpeg:60", (300, 170), Some(60)),
        ("jpeg:30", (300, 170), Some(30)),
        ("resize:0.5", (150, 85), None),
        ("resize:1.5", (450, 255), None),
        ("blur:1", (300, 170), None),
        ("noise:8", (300, 170), None),
        ("crop:0.6", (180, 102), None),
        ("crop:0.6:bottom-right", (180, 102), None),
        ("screenshot", (1080, 612), None),
        ("screenshot:jpeg", (1080, 612), Some(85)),
        ("social", (300, 170), Some(75)),
        ("web", (300, 170), Some(60)),
        ("crop:0.6+resize:0.5+jpeg:70", (90, 51), Some(70)),
        ("jpeg:70+blur:0.5", (300, 170), None),
        ("jpeg:70+web", (300, 170), Some(60)),
    ] {
        let encoded = degraded(text, &pixels);
        let result = decoded(&encoded);
        assert_eq!((result.width(), result.height()), size, "{text}");
        assert_eq!(encoded.format, if quality.is_some() { Format::Jpeg } else { Format::Png }, "{text}");
        assert_eq!(JpegQuality::of(&encoded.bytes), quality.map(JpegQuality::Standard), "{text}");
    }
    let wide = picture(2200, 40);
    for (text, size) in [("social", (1080, 20)), ("web", (768, 14)), ("hard", (512, 9))] {
        let result = decoded(&degraded(text, &wide));
        assert_eq!((result.width(), result.height()), size, "{text}");
    }
}

#[test]
fn every_quality_is_read_off_its_tables() {
    let pixels = picture(8, 8);
    for quality in 1..=100 {
        let encoded = degraded(&format!("jpeg:{quality}"), &pixels);
        assert_eq!(JpegQuality::of(&encoded.bytes), Some(JpegQuality::Standard(quality)));
    }
    let mut other = degraded("jpeg:80", &pixels).bytes;
    // The first step of the first table: after SOI, APP0 (18 bytes) and the head of the table.
    other[2 + 18 + 5] += 1;
    assert_eq!(JpegQuality::of(&other), Some(JpegQuality::Nonstandard(80)));
    assert_eq!(JpegQuality::of(&other[..30]), None);
    assert_eq!(JpegQuality::of(&degraded("clean", &pixels).bytes), None);
}

#[test]
fn a_jpeg_is_as_near_to_its_picture_as_its_quality_says() {
    for (width, height) in [(160, 96), (1, 1), (17, 33), (8, 100)] {
        let pixels = picture(width, height);
        let losses = [95, 60, 20]
            .map(|quality| difference(&decoded(&degraded(&format!("jpeg:{quality}"), &pixels)), &pixels));
        assert!(losses[0] < 6.0 && losses[2] < 30.0, "{width}x{height}: {losses:?}");
        if width > 100 {
            assert!(losses[0] < losses[1] && losses[1] < losses[2], "{losses:?}");
        }
    }
    // Noise has long codes, escapes and all runs of zeros.
    let pixels = decoded(&degraded("noise:100", &picture(64, 64)));
    let loss = difference(&decoded(&degraded("jpeg:100", &pixels)), &pixels);
    assert!(loss > 20.0, "4:2:0 keeps no noise of colour: {loss}");
    let grey = pixels.as_rgb8().chunks(3).flat_map(|pixel| [pixel[0]; 3]).collect();
    let grey = Pixels::from_rgb8(64, 64, grey).unwrap();
    let loss = difference(&decoded(&degraded("jpeg:100", &grey)), &grey);
    assert!(loss < 1.0, "but noise of brightness: {loss}");
}

#[test]
fn webp_is_lossy_and_loses_more_at_a_lower_quality() {
    let pixels = picture(300, 170);
    let [fine, coarse] = ["webp:90", "crop:1+webp:30"].map(|text| degraded(text, &pixels));
    assert_eq!([fine.format, coarse.format], [Format::Webp; 2]);
    assert!(2 * fine.bytes.len() > 3 * coarse.bytes.len(), "{} {}", fine.bytes.len(), coarse.bytes.len());
    let [small, large] = [&fine, &coarse].map(|file| difference(&decoded(file), &pixels));
    assert!(0.5 < small && small < large && large < 40.0, "{small} {large}");
    let error = "webp:80".parse::<Degradation>().unwrap().apply(&picture(17_000, 2), 0).unwrap_err();
    assert!(error.kind() == ErrorKind::TooLarge && error.to_string().contains("webp:80"), "{error}");
}

#[test]
fn pixels_are_those_of_the_file() {
    let pixels = picture(300, 170);
    for text in ["clean", "web", "webp:60", "noise:8", "jpeg:50+blur:1"] {
        let of_pixels = text.parse::<Degradation>().unwrap().pixels(&pixels, 3).unwrap();
        assert_eq!(
            of_pixels,
            decoded(&text.parse::<Degradation>().unwrap().apply(&pixels, 3).unwrap()),
            "{text}"
        );
    }
}

#[test]
fn clean_changes_no_pixel_and_degradations_repeat_bit_for_bit() {
    let pixels = picture(90, 60);
    assert_eq!(decoded(&degraded("clean", &pixels)), pixels);
    for text in [
        "clean",
        "jpeg:60",
        "webp:60",
        "noise:8",
        "blur:1.5",
        "screenshot",
        "noise:4+social",
        "crop:0.5+hard",
    ] {
        assert_eq!(degraded(text, &pixels), degraded(text, &pixels), "{text}");
    }
}

#[test]
fn noise_and_blur_are_as_strong_as_they_say() {
    let grey = Pixels::from_rgb8(120, 120, vec![128; 3 * 120 * 120]).unwrap();
    let noisy = decoded(&degraded("noise:8", &grey));
    let strength = difference(&noisy, &grey);
    assert!((strength - 8.0).abs() < 0.2, "{strength}");
    let noise: Degradation = "noise:8".parse().unwrap();
    assert_ne!(noise.apply(&grey, 7).unwrap(), noise.apply(&grey, 8).unwrap());
    let other = Pixels::from_rgb8(120, 120, vec![129; 3 * 120 * 120]).unwrap();
    let other = decoded(&degraded("noise:8", &other));
    let shifted = other.as_rgb8().iter().zip(noisy.as_rgb8()).filter(|(a, b)| **a == **b + 1).count();
    assert!(shifted < 120 * 120, "noise of its own for each picture");

    // A white pixel spreads as the Gaussian does: 1 / (2 pi 2^2) of it stays in the middle.
    let mut data = vec![0; 3 * 41 * 41];
    data[3 * (20 * 41 + 20)..][..3].fill(255);
    let blurred = decoded(&degraded("blur:2", &Pixels::from_rgb8(41, 41, data).unwrap()));
    assert_eq!(blurred.get(20, 20), Some([10; 3]));
    assert_eq!(blurred.get(20, 22), Some([6; 3]));
    assert_eq!(blurred.get(0, 0), Some([0; 3]));
}

#[test]
fn crops_are_of_the_place_that_they_name() {
    let pixels = picture(100, 50);
    for (place, x, y) in [
        (":centre", 25, 12),
        (":top-left", 0, 0),
        (":top-right", 50, 0),
        (":bottom-left", 0, 25),
        ("", 25, 12),
    ] {
        let part = decoded(&degraded(&format!("crop:0.5{place}"), &pixels));
        assert_eq!(part.get(0, 0), pixels.get(x, y), "{place}");
        assert_eq!(part.get(49, 24), pixels.get(x + 49, y + 24), "{place}");
    }
}

#[test]
fn texts_are_read_and_written_and_wrong_ones_say_what_is_known() {
    for (text, printed) in [
        ("clean", "clean"),
        (" jpeg:60 ", "jpeg:60"),
        ("blur:1.0", "blur:1"),
        ("resize:0.50 + crop:0.6:centre", "resize:0.5+crop:0.6"),
        ("crop:0.6:top-left+noise:8+screenshot:jpeg", "crop:0.6:top-left+noise:8+screenshot:jpeg"),
        ("screenshot+social+web+hard", "screenshot+social+web+hard"),
    ] {
        let degradation: Degradation = text.parse().unwrap();
        assert_eq!(degradation.to_string(), printed);
        assert_eq!(printed.parse::<Degradation>().unwrap(), degradation);
        assert_eq!(degradation.is_clean(), text == "clean");
    }
    for (text, said) in [
        ("jpg:60", "known are jpeg:QUALITY"),
        ("", "known are jpeg:QUALITY"),
        ("clean+web", "clean alone"),
        ("web+", "known are"),
        ("webp:0", "webp needs a whole number from 1 to 100"),
        ("jpeg", "known are"),
        ("jpeg:0", "from 1 to 100"),
        ("jpeg:101", "from 1 to 100"),
        ("jpeg:high", "from 1 to 100"),
        ("resize:0", "above 0, at most 4"),
        ("resize:NaN", "above 0, at most 4"),
        ("blur:-1", "above 0"),
        ("noise:inf", "at most 128"),
        ("crop:1.2", "at most 1"),
        ("crop:0.5:middle", "centre, top-left"),
    ] {
        let error = text.parse::<Degradation>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(said), "{text}: {error}");
        assert!(error.to_string().starts_with(&format!("degradation {text}: ")), "{error}");
    }
}

#[test]
fn what_would_be_too_large_is_an_error_that_names_the_degradation() {
    let error = "blur:0.5+screenshot".parse::<Degradation>().unwrap().apply(&picture(1, 400), 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().starts_with("degradation blur:0.5+screenshot: 1080x432000"), "{error}");
}
