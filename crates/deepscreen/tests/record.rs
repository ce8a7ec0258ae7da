//! The JSON record against its schema, over every fixture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use deepscreen::bank::{Added, Bank, Entry};
use deepscreen::hash::Pdq;
use deepscreen::{
    Analyzer, BankAnalyzer, Contract, Detector, EngineChoice, EngineOptions, EntryLabel, Evidence,
    FaceDetector, Finding, HashAnalyzer, Kind, Language, Limits, Media, MetadataAnalyzer, Probability, Score,
    Screener, Screening, walk,
};
use serde_json::Value;

#[test]
fn every_record_fits_the_schema() {
    let schema = schema();
    let detector = Detector::bundled(&EngineOptions::default().with_choice(EngineChoice::Rten)).unwrap();
    let hashes_only = Screener::builder().analyzer(MetadataAnalyzer).analyzer(HashAnalyzer).build().unwrap();
    let with_detector =
        Screener::builder().analyzer(MetadataAnalyzer).analyzer(detector).analyzer(HashAnalyzer);
    let with_detector = with_detector.build().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut records = 0;
    let mut check = |screening: Screening| {
        let texts = [Language::English, Language::Vietnamese].map(|language| screening.to_json(language));
        let [mut english, mut vietnamese]: [Value; 2] =
            texts.map(|text| serde_json::from_str(&text).unwrap());
        let errors: Vec<String> = schema.iter_errors(&english).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{english:#}");
        // Sentences differ by language, nothing else does.
        for record in [&mut english, &mut vietnamese] {
            for reason in record["verdict"]["reasons"].as_array_mut().unwrap() {
                reason["message"].take();
            }
        }
        assert_eq!(english, vietnamese);
        records += 1;
    };
    hashes_only.screen_paths(walk(&fixtures).chain([fixtures.join("missing.jpg")]), &mut check);
    // A build without optimisation takes a quarter of a second for each picture that the detector sees.
    with_detector.screen_paths(walk(&fixtures).step_by(9), &mut check);
    assert!(records > 200, "only {records} fixtures");
}

struct ThreeClasses;

impl Analyzer for ThreeClasses {
    fn id(&self) -> &str {
        "detector/three@1"
    }

    fn analyze(&self, _: &Media) -> deepscreen::Result<Vec<Evidence>> {
        let probability = |value| Probability::new(value).unwrap();
        let mut score = Score::new(probability(0.75), Kind::AiGenerated, "0".repeat(64));
        score.classes = [("real", 0.25), ("sdxl", 0.5), ("Flux \"1\"", 0.25)]
            .map(|(name, value)| (name.to_owned(), probability(value)))
            .to_vec();
        Ok(vec![Evidence::new(self.id(), Finding::Score(score))])
    }
}

#[test]
fn classes_stand_in_the_models_order() {
    let screener = Screener::builder().analyzer(ThreeClasses).build().unwrap();
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/bmp_24.bmp");
    let mut text = String::new();
    screener.screen_paths([picture], |screening| text = screening.to_json(Language::English));
    assert!(text.contains(r#""classes":{"real":0.25,"sdxl":0.5,"Flux \"1\"":0.25}"#), "{text}");
    let mut record: Value = serde_json::from_str(&text).unwrap();
    assert!(schema().is_valid(&record));
    record["evidence"][0]["classes"]["real"] = 2.into();
    assert!(!schema().is_valid(&record));
}

/// The record of a photograph under one detector.
fn record_of(detector: Detector) -> Value {
    let screener = Screener::builder().analyzer(detector).build().unwrap();
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/png_photo.png");
    let mut record = Value::Null;
    screener.screen_paths([picture], |screening| {
        record = serde_json::from_str(&screening.to_json(Language::English)).unwrap();
    });
    record
}

#[test]
fn variants_maps_and_faces_fit_the_schema_and_nothing_else_does() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/networks");
    let options = EngineOptions::default().with_choice(EngineChoice::Rten).with_threads(1);
    let map = record_of(Detector::open(networks.join("map"), &options).unwrap().with_variants(8));
    let contract = std::fs::read_to_string(networks.join("letterbox/model.toml")).unwrap();
    let contract = Contract::from_toml(&format!("{contract}\n[faces]\nscale = 1.2\n")).unwrap();
    let faces = FaceDetector::open(networks.join("finds-faces"), &options).unwrap();
    let of_faces = Detector::with_contract(contract, networks.join("letterbox"), &options).unwrap();
    let faces = record_of(of_faces.with_faces(Arc::new(faces)));
    let schema = schema();
    for record in [&map, &faces] {
        let errors: Vec<String> = schema.iter_errors(record).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{record:#}");
    }
    assert_eq!(map["evidence"][0]["variants"].as_object().unwrap().len(), 8);
    assert_eq!(map["evidence"][0]["map"]["regions"].as_array().unwrap().len(), 2);
    assert_eq!(faces["evidence"].as_array().unwrap().len(), 2);
    for (record, place, value) in [
        (&map, "variants/jpeg 75", Value::from(2)),
        (&map, "variants", serde_json::json!({})),
        (&map, "variants", Value::from("none")),
        (&map, "map/columns", Value::from(0)),
        (&map, "map/rows", Value::from(1.5)),
        (&map, "map/area/width", Value::from(-1)),
        (&map, "map/area", serde_json::json!({"x": 0, "y": 0, "width": 1})),
        (&map, "map/regions", Value::Null),
        (&map, "map/regions/0/probability", Value::from(1.01)),
        (&map, "map/regions/1/x", Value::from("left")),
        (&faces, "face/probability", Value::from(-0.1)),
        (&faces, "face/height", Value::Null),
        (&faces, "face", serde_json::json!({"x": 0, "y": 0, "width": 1, "height": 1})),
    ] {
        let mut wrong = record.clone();
        *wrong.pointer_mut(&format!("/evidence/0/{place}")).unwrap() = value.clone();
        assert!(!schema.is_valid(&wrong), "{place} of {value} is accepted");
    }
}

#[test]
fn matches_fit_the_schema_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("party.bank");
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/photo_valley.jpg");
    let media = Media::open(picture, &Limits::default()).unwrap();
    let bank = Bank::create(&path).unwrap();
    let mut same = Entry::of(&media, EntryLabel::KnownFake).unwrap();
    same.name = Some("valley.jpg".to_owned());
    same.source = Some("a desk".to_owned());
    same.link = Some("https://example.org/debunked".to_owned());
    same.note = Some("x\u{1b}".repeat(3000));
    let too_long = bank.add(&same).unwrap_err();
    assert_eq!(too_long.kind().code(), "invalid_bank");
    same.note = Some("x\u{1b}".repeat(2048));
    bank.add(&same).unwrap();
    let mut turned = Entry::new(EntryLabel::Ignore);
    turned.pdq = Pdq::transformed(media.luma().unwrap()).0.last().copied();
    bank.add(&turned).unwrap();
    // The same picture, as another file, and kept.
    let mut original = Entry::new(EntryLabel::VerifiedOriginal);
    original.pdq = Some(Pdq::of(media.luma().unwrap()).0);
    let Added::New(id) = bank.add(&original).unwrap() else { panic!("known") };
    let altered = image::load_from_memory(media.bytes()).unwrap().into_rgb8();
    let (mut altered, size) = (altered.clone(), altered.width() / 8);
    let patch = image::RgbImage::from_pixel(size, size, image::Rgb([200, 30, 40]));
    image::imageops::replace(&mut altered, &patch, i64::from(size), i64::from(size));
    let mut png = std::io::Cursor::new(Vec::new());
    altered.write_to(&mut png, image::ImageFormat::Png).unwrap();
    bank.write(|writer| writer.keep_original(id, png.get_ref())).unwrap();
    let analyzer = BankAnalyzer::open(&path).unwrap().with_transforms(true);
    let screening = Screener::builder().analyzer(analyzer).build().unwrap().screen(&media);
    let record: Value = serde_json::from_str(&screening.to_json(Language::English)).unwrap();
    let schema = schema();
    let errors: Vec<String> = schema.iter_errors(&record).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{record:#}");
    let [same, turned, kept] = record["evidence"].as_array().unwrap().as_slice() else {
        panic!("{record:#}")
    };
    assert_eq!(kept["comparison"]["relation"], "altered");
    assert!(!kept["comparison"]["regions"].as_array().unwrap().is_empty());
    assert_eq!((&same["hash"], &same["origin"]), (&"sha256".into(), &"a desk".into()));
    assert_eq!((&turned["distance"], &turned["transform"]), (&0.into(), &"turned_90".into()));
    assert!(record["replay"]["lists"]["bank/party"].is_string());
    for (place, value) in [
        ("0/label", Value::from("fake")),
        ("0/hash", Value::from("phash")),
        ("0/hash", Value::from("pdq")),
        ("0/entry", Value::from(1)),
        ("0/entry", Value::from("first")),
        ("0/link", Value::Null),
        ("0/note", Value::from("x".repeat(4097))),
        ("1/hash", Value::from("sha256")),
        ("2/comparison/relation", Value::from("fake")),
        ("2/comparison/regions", Value::Null),
        ("2/comparison/regions/0/width", Value::from(-1)),
        ("1/distance", Value::from(256)),
        ("1/distance", Value::from(0.5)),
        ("1/transform", Value::from("none")),
    ] {
        let mut wrong = record.clone();
        *wrong.pointer_mut(&format!("/evidence/{place}")).unwrap() = value.clone();
        assert!(!schema.is_valid(&wrong), "{place} of {value} is accepted");
    }
    for (place, field) in [(0, "label"), (0, "hash"), (0, "entry"), (1, "distance")] {
        let mut wrong = record.clone();
        wrong["evidence"][place].as_object_mut().unwrap().remove(field);
        assert!(!schema.is_valid(&wrong), "{place} without {field} is accepted");
    }
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../schema/deepscreen-1.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_schema_can_refuse() {
    let schema = schema();
    let screener = Screener::builder().analyzer(HashAnalyzer).build().unwrap();
    let mut record = Value::Null;
    screener.screen_paths(["missing.jpg".into()], |screening| {
        record = serde_json::from_str(&screening.to_json(Language::English)).unwrap();
    });
    assert!(schema.is_valid(&record));
    record["verdict"]["label"] = "real".into();
    assert!(!schema.is_valid(&record));
}
