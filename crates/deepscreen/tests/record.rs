//! The JSON record against its schema, over every fixture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use deepscreen::{Detector, EngineChoice, EngineOptions, HashAnalyzer, Language, Screener, Screening, walk};
use serde_json::Value;

#[test]
fn every_record_fits_the_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/deepscreen-1.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let detector = Detector::bundled(&EngineOptions::default().with_choice(EngineChoice::Rten)).unwrap();
    let hashes_only = Screener::builder().analyzer(HashAnalyzer).build().unwrap();
    let with_detector = Screener::builder().analyzer(detector).analyzer(HashAnalyzer).build().unwrap();
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

#[test]
fn the_schema_can_refuse() {
    let schema: Value = serde_json::from_str(include_str!("../schema/deepscreen-1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let screener = Screener::builder().analyzer(HashAnalyzer).build().unwrap();
    let mut record = Value::Null;
    screener.screen_paths(["missing.jpg".into()], |screening| {
        record = serde_json::from_str(&screening.to_json(Language::English)).unwrap();
    });
    assert!(schema.is_valid(&record));
    record["verdict"]["label"] = "real".into();
    assert!(!schema.is_valid(&record));
}
