//! Content Credentials, in pictures that are signed here.
#![cfg(feature = "c2pa")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod signing;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use deepscreen::c2pa::{Credentials, Integrity, Manifest, Relationship, Trust};
use deepscreen::{
    C2paAnalyzer, ErrorKind, Finding, Kind, Label, Language, Limits, Media, Screener, Screening,
};
use serde_json::{Value, json};
use signing::{Authority, Draft, jpeg, uri};

fn screen(bytes: &[u8]) -> Screening {
    screen_with(C2paAnalyzer::new(), bytes, Limits::default())
}

fn screen_with(analyzer: C2paAnalyzer, bytes: &[u8], limits: Limits) -> Screening {
    let screener = Screener::builder().analyzer(analyzer).limits(limits.clone()).build().unwrap();
    screener.screen(&Media::from_bytes(bytes, &limits).unwrap())
}

fn trusting(authority: &Authority) -> C2paAnalyzer {
    C2paAnalyzer::new().with_trust_anchors(&authority.pem).unwrap()
}

fn credentials(screening: &Screening) -> &Credentials {
    let found = screening.evidence.iter().find_map(|evidence| match &evidence.finding {
        Finding::C2pa(credentials) => Some(credentials),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no evidence: {:?}", screening.failures))
}

fn manifest(screening: &Screening) -> &Manifest {
    match credentials(screening) {
        Credentials::Present(manifest) => manifest,
        other => panic!("{other:?}"),
    }
}

fn codes(screening: &Screening) -> Vec<(String, &'static str)> {
    screening.verdict.reasons.iter().map(|reason| (reason.code(), reason.strength.code())).collect()
}

/// The first reason in English.
fn message(screening: &Screening) -> String {
    screening.verdict.reasons[0].message(Language::English)
}

fn generated(signer: &dyn c2pa::Signer) -> Vec<u8> {
    Draft::created("Paint Machine", "trainedAlgorithmicMedia").sign(signer, "image/jpeg", &jpeg(10))
}

/// One byte of the picture's coded data is another.
fn altered(mut signed: Vec<u8>) -> Vec<u8> {
    let at = signed.len() - 20;
    signed[at] ^= 1;
    signed
}

#[test]
fn a_signed_picture_of_a_generator_is_flagged_though_nobody_knows_the_signer() {
    let signed = generated(&*Authority::new("Nobody").signer("Paint Inc"));
    let screening = screen(&signed);
    let manifest = manifest(&screening);
    assert_eq!((manifest.integrity, manifest.trust), (Integrity::Intact, Trust::Untrusted));
    assert_eq!(manifest.signer.as_deref(), Some("Paint Inc"));
    assert_eq!(manifest.claims.generator.as_deref(), Some("Paint Machine"));
    assert_eq!(manifest.claims.digital_source_types(), ["trainedAlgorithmicMedia"]);
    assert_eq!(manifest.failures, ["signingCredential.untrusted"]);
    assert_eq!(screening.verdict.label, Label::LikelyManipulated);
    assert_eq!(screening.verdict.kinds, [Kind::AiGenerated]);
    assert_eq!(screening.verdict.probability, None);
    assert_eq!(codes(&screening), [("c2pa.ai_generated".to_owned(), "strong")]);
    let says = "AI generated: its Content Credentials say so (trainedAlgorithmicMedia; written by “Paint Machine”; signed by “Paint Inc”, whom no trust list vouches for)";
    assert_eq!(message(&screening), says);
}

#[test]
fn only_the_list_that_is_given_makes_a_signer_trusted() {
    let authority = Authority::new("Nobody");
    let signed = generated(&*authority.signer("Paint Inc"));
    let other = Authority::new("Somebody Else");
    let two = C2paAnalyzer::new().with_trust_anchors(&format!("{}{}", other.pem, authority.pem)).unwrap();
    for (analyzer, trust, strength) in [
        (trusting(&authority), Trust::Trusted, "decisive"),
        (two, Trust::Trusted, "decisive"),
        (trusting(&other), Trust::Untrusted, "strong"),
    ] {
        let screening = screen_with(analyzer, &signed, Limits::default());
        assert_eq!((manifest(&screening).integrity, manifest(&screening).trust), (Integrity::Intact, trust));
        assert_eq!(codes(&screening), [("c2pa.ai_generated".to_owned(), strength)]);
        // The verdict depends on the list, so that the record names it.
        assert_eq!(screening.replay.lists["trust_anchors"].len(), 64);
    }
}

#[test]
fn trust_anchors_that_are_no_certificates_are_refused() {
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let torn = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, says) in
        [("", "no certificate"), ("hello", "no certificate"), (key, "PRIVATE KEY"), (torn, "PEM")]
    {
        let error = C2paAnalyzer::new().with_trust_anchors(pem).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(says), "{pem:?}: {error}");
    }
}

#[test]
fn a_picture_altered_after_signing_goes_to_review_and_its_claims_prove_nothing() {
    let authority = Authority::new("Nobody");
    for source_type in ["trainedAlgorithmicMedia", "digitalCapture"] {
        let draft = Draft::created("Camera or not", source_type);
        let signed = draft.sign(&*authority.signer("Maker"), "image/jpeg", &jpeg(20));
        let screening = screen_with(trusting(&authority), &altered(signed), Limits::default());
        assert_eq!(manifest(&screening).integrity, Integrity::Broken);
        assert!(manifest(&screening).failures.contains(&"assertion.dataHash.mismatch".to_owned()));
        assert_eq!((screening.verdict.label, screening.verdict.kinds.len()), (Label::NeedsReview, 0));
        assert_eq!(codes(&screening), [("c2pa.tampered".to_owned(), "strong")]);
        assert!(message(&screening).ends_with("changed after signing (assertion.dataHash.mismatch)"));
    }
}

#[test]
fn claims_that_were_rewritten_are_broken() {
    let mut signed = generated(&*Authority::new("Nobody").signer("Paint Inc"));
    let claim = b"trainedAlgorithmicMedia";
    let at = signed.windows(claim.len()).position(|window| window == claim).unwrap();
    signed[at..at + claim.len()].copy_from_slice(b"digitalCapture.........");
    let screening = screen(&signed);
    assert_eq!(manifest(&screening).integrity, Integrity::Broken);
    assert_eq!(screening.verdict.label, Label::NeedsReview);
}

#[test]
fn an_expired_certificate_is_not_trusted_and_breaks_nothing() {
    let authority = Authority::new("Nobody");
    let signed = generated(&*authority.expired_signer("Late Inc"));
    let screening = screen_with(trusting(&authority), &signed, Limits::default());
    let manifest = manifest(&screening);
    assert_eq!((manifest.integrity, manifest.trust), (Integrity::Intact, Trust::Untrusted));
    assert!(manifest.failures.contains(&"signingCredential.expired".to_owned()), "{:?}", manifest.failures);
    assert_eq!(codes(&screening), [("c2pa.ai_generated".to_owned(), "strong")]);
}

#[test]
fn a_camera_that_signs_clears_nothing() {
    let authority = Authority::new("Nobody");
    let draft = Draft::created("Camera", "digitalCapture");
    let signed = draft.sign(&*authority.signer("Camera Inc"), "image/jpeg", &jpeg(30));
    let screening = screen_with(trusting(&authority), &signed, Limits::default());
    assert_eq!(manifest(&screening).trust, Trust::Trusted);
    // No word for it and none against it: nothing that may judge has looked at the picture.
    assert_eq!(screening.verdict.label, Label::Inconclusive);
    assert_eq!(codes(&screening), [("policy.nothing_judged".to_owned(), "weak")]);
}

#[test]
fn what_a_picture_was_made_from_is_looked_through() {
    let authority = Authority::new("Nobody");
    let signer = authority.signer("Editor Inc");
    let signer = &*signer;
    let ai = generated(signer);
    let sign = |draft: Draft| draft.sign(signer, "image/jpeg", &jpeg(40));
    let capture = || Draft::created("Editor", "compositeCapture");
    let part = sign(capture().placed("robot.jpg", &ai));
    let later = sign(Draft::opened("Editor", "robot.jpg", &ai));
    let part_of_part = sign(capture().placed("poster.jpg", &part));
    let shown = sign(capture().shown("robot.jpg", &ai));
    let plain = sign(capture().placed("flower.jpg", &jpeg(41)));
    for (name, bytes, kinds, relationships) in [
        ("a part", &part, vec![Kind::AiEdited], vec![Relationship::Component]),
        ("a later state", &later, vec![Kind::AiGenerated], vec![Relationship::Parent]),
        (
            "a part of a part",
            &part_of_part,
            vec![Kind::AiEdited],
            vec![Relationship::Component, Relationship::Component],
        ),
        ("only shown", &shown, vec![], vec![Relationship::Input]),
        ("no manifest of its own", &plain, vec![], vec![Relationship::Component]),
    ] {
        let screening = screen(bytes);
        assert_eq!(manifest(&screening).integrity, Integrity::Intact, "{name}: {:?}", manifest(&screening));
        assert_eq!(screening.verdict.kinds, kinds, "{name}");
        let found: Vec<_> = manifest(&screening).ingredients.iter().map(|one| one.relationship).collect();
        assert_eq!(found, relationships, "{name}");
        // The picture's own claims stay its own.
        let own = manifest(&screening).claims.digital_source_types();
        assert!(!own.contains(&"trainedAlgorithmicMedia"), "{name}: {own:?}");
    }
    let screening = screen(&part_of_part);
    let robot = &manifest(&screening).ingredients[0];
    assert_eq!(robot.title.as_deref(), Some("robot.jpg"), "the one made by AI comes first");
    assert_eq!(robot.claims.generator.as_deref(), Some("Paint Machine"));
    assert!(
        message(&screening).contains("of “robot.jpg”, which it was made from"),
        "{}",
        message(&screening)
    );
}

#[test]
fn an_ingredient_that_was_broken_when_it_was_taken_up_proves_nothing() {
    let authority = Authority::new("Nobody");
    let signer = authority.signer("Editor Inc");
    let broken = altered(generated(&*signer));
    let draft = Draft::created("Editor", "compositeCapture").placed("robot.jpg", &broken);
    let screening = screen(&draft.sign(&*signer, "image/jpeg", &jpeg(50)));
    assert_eq!(manifest(&screening).integrity, Integrity::Intact);
    assert_eq!(manifest(&screening).ingredients[0].integrity, Some(Integrity::Broken));
    assert_eq!(screening.verdict.label, Label::Inconclusive);
}

#[test]
fn source_types_and_actions_decide_what_is_said() {
    let authority = Authority::new("Nobody");
    let signer = authority.signer("Maker");
    let edit = |source_type: &str| json!({ "action": "c2pa.edited", "digitalSourceType": uri(source_type) });
    let created = |source_type: &str| Draft::created("Maker", source_type);
    for (draft, code) in [
        (created("trainedAlgorithmicMedia"), Some("c2pa.ai_generated")),
        (created("compositeWithTrainedAlgorithmicMedia"), Some("c2pa.ai_edited")),
        // What an edit brings in is part of the picture.
        (created("digitalCapture").action(edit("trainedAlgorithmicMedia")), Some("c2pa.ai_edited")),
        (created("trainedAlgorithmicMedia").action(edit("humanEdits")), Some("c2pa.ai_generated")),
        (created("compositeSynthetic"), Some("c2pa.synthetic")),
        // Drawn by a formula, drawn by hand, taken by a camera.
        (created("algorithmicMedia"), None),
        (created("digitalCreation"), None),
        (created("digitalCapture").action(edit("minorHumanEdits")), None),
    ] {
        let screening = screen(&draft.sign(&*signer, "image/jpeg", &jpeg(60)));
        let types = manifest(&screening).claims.digital_source_types().join(" ");
        let found =
            codes(&screening).into_iter().map(|(code, _)| code).find(|code| code.starts_with("c2pa."));
        assert_eq!(found.as_deref(), code, "{types}");
        let label = match code {
            None => Label::Inconclusive,
            Some("c2pa.synthetic") => Label::NeedsReview,
            Some(_) => Label::LikelyManipulated,
        };
        assert_eq!(screening.verdict.label, label, "{types}");
    }
}

#[test]
fn a_remote_manifest_is_named_and_never_fetched() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let url = format!("http://{}/manifest.c2pa", server.local_addr().unwrap());
    let draft = Draft::created("Paint Machine", "trainedAlgorithmicMedia").remote(&url);
    let signed = draft.sign(&*Authority::new("Nobody").signer("Paint Inc"), "image/jpeg", &jpeg(70));
    let screening = screen(&signed);
    assert_eq!(*credentials(&screening), Credentials::Remote { url });
    assert_eq!(screening.verdict.label, Label::Inconclusive);
    std::thread::sleep(Duration::from_millis(100));
    let error = server.accept().expect_err("somebody has connected");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn every_format_that_can_carry_a_manifest_is_read() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let authority = Authority::new("Nobody");
    let mut seen = std::collections::BTreeSet::new();
    let mut entries: Vec<_> = std::fs::read_dir(images).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(media) = Media::from_bytes(bytes.as_slice(), &Limits::default()) else { continue };
        let format = media.format().name();
        if !["jpeg", "png", "webp", "gif", "tiff", "heic", "avif", "jxl"].contains(&format) {
            continue;
        }
        // A bare JPEG XL codestream has no place for a manifest.
        if (format == "jxl" && bytes.starts_with(b"\xff\x0a")) || !seen.insert(format) {
            continue;
        }
        let draft = Draft::created("Paint Machine", "trainedAlgorithmicMedia");
        let signed = draft.sign(&*authority.signer("Paint Inc"), format, &bytes);
        let screening = screen(&signed);
        assert_eq!(manifest(&screening).integrity, Integrity::Intact, "{format}");
        assert_eq!(codes(&screening)[0].0, "c2pa.ai_generated", "{format}");
        assert_eq!(*credentials(&screen(&bytes)), Credentials::Absent, "{format}");
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}

#[test]
fn pictures_without_a_manifest_have_none_and_nothing_fails() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let screener = Screener::builder().analyzer(C2paAnalyzer::new()).build().unwrap();
    let mut pictures = 0;
    screener.screen_paths(deepscreen::walk(&fixtures), |screening| {
        let failed = screening.failures.iter().any(|failure| failure.source != "media");
        assert!(!failed, "{:?}: {:?}", screening.input.path, screening.failures);
        if screening.failures.is_empty() {
            pictures += 1;
            let found = credentials(&screening);
            // Of a damaged TIFF, nobody can say.
            let unknown = matches!(found, Credentials::Unreadable { .. }) && screening.input.format.is_some();
            assert!(*found == Credentials::Absent || unknown, "{:?}: {found:?}", screening.input.path);
        }
    });
    assert!(pictures > 100, "only {pictures} pictures");
}

#[test]
fn a_manifest_beyond_a_limit_is_not_read() {
    let signed = generated(&*Authority::new("Nobody").signer("Paint Inc"));
    for (limits, kind) in [
        (Limits::default().with_max_manifest_bytes(1000), ErrorKind::TooLarge),
        (Limits::default().with_max_manifest_time(Duration::ZERO), ErrorKind::Timeout),
        (Limits::default().with_max_decoder_bytes(1000), ErrorKind::TooLarge),
    ] {
        let screening = screen_with(C2paAnalyzer::new(), &signed, limits);
        assert_eq!(screening.failures.iter().map(|f| f.kind).collect::<Vec<_>>(), [kind]);
        assert_eq!(screening.failures[0].source, "c2pa@1");
        assert!(screening.evidence.is_empty());
    }
}

#[test]
fn a_manifest_of_a_hundred_megabytes_costs_no_time() {
    // A PNG whose manifest begins as one does, and goes on with nothing.
    let mut manifest = vec![0_u8; 100 << 20];
    manifest[..4].copy_from_slice(&(100_u32 << 20).to_be_bytes());
    manifest[4..8].copy_from_slice(b"jumb");
    manifest[8..12].copy_from_slice(&30_u32.to_be_bytes());
    manifest[12..16].copy_from_slice(b"jumd");
    manifest[16..20].copy_from_slice(b"c2pa");
    let picture = image::RgbImage::new(8, 8);
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    let header = 33;
    let mut chunk = (manifest.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(b"caBX");
    chunk.append(&mut manifest);
    chunk.extend_from_slice(&[0; 4]);
    png.splice(header..header, chunk);
    let start = Instant::now();
    let screening = screen(&png);
    assert_eq!(screening.failures.iter().map(|f| f.kind).collect::<Vec<_>>(), [ErrorKind::TooLarge]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // Where so much is allowed, it is a finding, in good time too.
    let limits = Limits::default().with_max_manifest_bytes(200 << 20).with_max_decoder_bytes(4 << 30);
    let screening = screen_with(C2paAnalyzer::new(), &png, limits);
    assert!(matches!(credentials(&screening), Credentials::Unreadable { .. }), "{:?}", screening.evidence);
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn damaged_manifests_are_findings_and_never_panic() {
    let authority = Authority::new("Nobody");
    let signer = authority.signer("Paint Inc");
    let draft = Draft::created("Editor", "compositeCapture").placed("robot.jpg", &generated(&*signer));
    let signed = draft.sign(&*signer, "image/jpeg", &jpeg(80));
    let start = signed.windows(4).position(|window| window == b"jumb").unwrap() - 20;
    let end = start + 12_000.min(signed.len() - start - 600);
    let analyzer = C2paAnalyzer::new();
    // Fixed steps that share no factor with the alignment of boxes: another byte, another value each time.
    for (step, at) in (start..end).step_by(37).enumerate() {
        let mut damaged = signed.clone();
        match step % 3 {
            0 => damaged[at] = damaged[at].wrapping_add((step % 255 + 1) as u8),
            1 => damaged[at..at + 4].copy_from_slice(&[0xff; 4]),
            _ => drop(damaged.drain(at..at + 5)),
        }
        let screening = screen_with(analyzer.clone(), &damaged, Limits::default());
        assert!(screening.failures.is_empty(), "{at}: {:?}", screening.failures);
        let told = match credentials(&screening) {
            Credentials::Present(manifest) => {
                manifest.integrity == Integrity::Broken && screening.verdict.label == Label::NeedsReview
            }
            Credentials::Unreadable { message } => !message.is_empty(),
            _ => true,
        };
        assert!(told, "{at}: {:?}", credentials(&screening));
    }
}

#[test]
fn text_of_a_manifest_cannot_steer_a_terminal_and_is_short() {
    let generator = format!("evil\u{1b}[31m\u{202e}{}", "x".repeat(5000));
    let draft = Draft::created(&generator, "trainedAlgorithmicMedia");
    let signed = draft.sign(&*Authority::new("Nobody").signer("Paint Inc"), "image/jpeg", &jpeg(90));
    let screening = screen(&signed);
    let found = manifest(&screening).claims.generator.clone().unwrap();
    assert!(found.starts_with("evil\u{fffd}[31m\u{fffd}xxx"), "{found}");
    assert_eq!((found.chars().count(), found.chars().last()), (201, Some('…')));
}

#[test]
fn records_of_all_states_fit_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/deepscreen-1.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let authority = Authority::new("Nobody");
    let signer = authority.signer("Paint Inc");
    let ai = generated(&*signer);
    let composite = Draft::created("Editor", "compositeCapture")
        .action(json!({ "action": "c2pa.edited", "softwareAgent": { "name": "Brush" } }))
        .placed("robot.jpg", &ai)
        .placed("flower.jpg", &jpeg(1))
        .sign(&*signer, "image/jpeg", &jpeg(2));
    let remote = Draft::created("Paint Machine", "trainedAlgorithmicMedia").remote("http://127.0.0.1:1/x");
    let remote = remote.sign(&*signer, "image/jpeg", &jpeg(3));
    let mut unreadable = ai.clone();
    let at = unreadable.windows(4).position(|window| window == b"jumd").unwrap();
    unreadable[at] = b'J';
    for (bytes, manifest) in [
        (&composite, "present"),
        (&altered(ai.clone()), "present"),
        (&remote, "remote"),
        (&unreadable, "unreadable"),
        (&jpeg(4), "absent"),
    ] {
        let screening = screen_with(trusting(&authority), bytes, Limits::default());
        for language in [Language::English, Language::Vietnamese] {
            let record: Value = serde_json::from_str(&screening.to_json(language)).unwrap();
            let errors: Vec<String> = schema.iter_errors(&record).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}\n{record:#}");
            assert_eq!(record["evidence"][0]["source"], "c2pa");
            assert_eq!(record["evidence"][0]["manifest"], manifest, "{record:#}");
        }
    }
    let screening = screen_with(trusting(&authority), &composite, Limits::default());
    let record: Value = serde_json::from_str(&screening.to_json(Language::English)).unwrap();
    let evidence = &record["evidence"][0];
    assert_eq!(evidence["kind"], "c2pa");
    assert_eq!(evidence["integrity"], "intact");
    assert_eq!(evidence["trust"], "trusted");
    assert_eq!(evidence["actions"], json!(["c2pa.created", "c2pa.edited", "c2pa.placed"]));
    assert_eq!(evidence["digital_source_types"], json!(["compositeCapture"]));
    assert_eq!(evidence["software"], json!(["Brush"]));
    let robot = json!({
        "title": "robot.jpg", "relationship": "componentOf", "integrity": "intact", "generator": "Paint Machine",
        "actions": ["c2pa.created"], "digital_source_types": ["trainedAlgorithmicMedia"],
    });
    assert_eq!(
        evidence["ingredients"],
        json!([robot, { "title": "flower.jpg", "relationship": "componentOf" }])
    );
}
