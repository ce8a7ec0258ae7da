//! Settings as bindings give them: what they make, and how they fail.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use deepscreen::{ErrorKind, Settings};

#[test]
fn defaults_are_the_shipped_model_and_the_default_policy() {
    let screener = Settings::from_json("{}").unwrap().screener().unwrap();
    let replay = screener.replay();
    assert_eq!(replay.models.keys().collect::<Vec<_>>(), ["ai-image"]);
    assert_eq!(replay.policy, deepscreen::Policy::default().sha256());
    assert_eq!(*screener.limits(), deepscreen::Limits::default());
}

#[test]
fn wrong_settings_are_refused_by_name() {
    let cases = [
        ("[]", "settings: invalid type", ErrorKind::InvalidConfig),
        (r#"{"modles": []}"#, "unknown field `modles`", ErrorKind::InvalidConfig),
        (r#"{"limits": {"max_byte": 1}}"#, "unknown field `max_byte`", ErrorKind::InvalidConfig),
        (r#"{"stability": 300}"#, "invalid value: integer `300`", ErrorKind::InvalidConfig),
        (r#"{"engine": "torch"}"#, "torch: not an engine", ErrorKind::InvalidConfig),
        (r#"{"provider": "tpu"}"#, "tpu: not a provider", ErrorKind::InvalidConfig),
        (r#"{"policy": "fusion = 3"}"#, "policy: ", ErrorKind::InvalidConfig),
        (r#"{"max_fpr": 2.0}"#, "max_fpr: ", ErrorKind::InvalidConfig),
        (
            r#"{"max_fpr": 0.00001}"#,
            "detector/ai-image@6: never measured at a false-alarm rate of 0.00001",
            ErrorKind::InvalidConfig,
        ),
        (r#"{"models": ["no/such/model"]}"#, "no/such/model", ErrorKind::Unreadable),
        (r#"{"faces": "no/such/faces.onnx"}"#, "no/such/faces.onnx", ErrorKind::Unreadable),
        (
            r#"{"engine": "onnxruntime", "onnxruntime": "no/such/library.so"}"#,
            "no/such/library.so",
            ErrorKind::EngineUnavailable,
        ),
    ];
    for (json, message, kind) in cases {
        let error = Settings::from_json(json).and_then(|settings| settings.screener()).err().expect(json);
        assert!(format!("{error:#}").contains(message), "{json}: {error:#}");
        assert_eq!(error.kind(), kind, "{json}");
    }
}

#[test]
fn limits_reach_every_reader() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/metadata/automatic1111.png");
    let faults = |limits: &str| {
        let json = format!(r#"{{"models": [], "limits": {{{limits}}}}}"#);
        let screening = Settings::from_json(&json).unwrap().screener().unwrap().screen_source(path.clone());
        let is_fault =
            |one: &deepscreen::Evidence| matches!(one.finding, deepscreen::Finding::MetadataFault(_));
        screening.evidence.iter().filter(|one| is_fault(one)).count()
    };
    assert_eq!((faults(""), faults(r#""max_metadata_bytes": 100"#)), (0, 1));
}
