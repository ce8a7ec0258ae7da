//! The JSON record against its schema, over every fixture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use deepscreen::{
    Analyzer, Detector, EngineChoice, EngineOptions, Evidence, Finding, HashAnalyzer, Kind, Language, Media,
    Probability, Score, Screener, Screening, walk,
};
use serde_json::Value;

#[test]
fn every_record_fits_the_schema() {
    let schema = schema();
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
