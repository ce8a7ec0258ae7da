//! What files say of themselves, by `fixtures/manifest.toml`; and what hostile ones cost.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deepscreen::{
    Finding, HashAnalyzer, Language, Limits, Media, Metadata, MetadataAnalyzer, Screener, Screening, walk,
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The entries that say what the metadata must give.
fn cases() -> Vec<toml::Table> {
    let text = std::fs::read_to_string(fixtures().join("manifest.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let entries = table["fixture"].as_array().unwrap().iter().map(|entry| entry.as_table().unwrap());
    entries.filter(|entry| entry.contains_key("label")).cloned().collect()
}

fn strings(entry: &toml::Table, field: &str) -> Vec<Vec<String>> {
    let row = |row: &toml::Value| -> Vec<String> {
        row.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap().to_owned()).collect()
    };
    let mut rows: Vec<Vec<String>> =
        entry.get(field).map_or_else(Vec::new, |rows| rows.as_array().unwrap().iter().map(row).collect());
    rows.sort();
    rows
}

/// Field, topic, grade, meaning and tool of each statement.
fn said(screening: &Screening) -> Vec<Vec<String>> {
    let row = |finding: &Finding| match finding {
        Finding::Metadata(s) => Some(vec![
            s.field.clone(),
            s.topic.code().to_owned(),
            s.grade.code().to_owned(),
            s.kind.map_or("", |kind| kind.code()).to_owned(),
            s.tool.clone().unwrap_or_default(),
        ]),
        _ => None,
    };
    let mut rows: Vec<_> = screening.evidence.iter().filter_map(|one| row(&one.finding)).collect();
    rows.sort();
    rows
}

fn faults(screening: &Screening) -> Vec<Vec<String>> {
    let row = |finding: &Finding| match finding {
        Finding::MetadataFault(fault) => Some(vec![fault.field.clone(), fault.kind.code().to_owned()]),
        _ => None,
    };
    let mut rows: Vec<_> = screening.evidence.iter().filter_map(|one| row(&one.finding)).collect();
    rows.sort();
    rows
}

fn screener() -> Screener {
    Screener::builder().analyzer(MetadataAnalyzer).analyzer(HashAnalyzer).build().unwrap()
}

fn screen(path: &Path) -> Screening {
    screener().screen(&Media::open(path, &Limits::default()).unwrap())
}

#[test]
fn each_tool_leaves_the_signs_that_the_manifest_says_and_nothing_else_does() {
    let cases = cases();
    assert!(cases.len() > 70, "only {} cases", cases.len());
    let mut complaints = Vec::new();
    for entry in &cases {
        let name = entry["path"].as_str().unwrap();
        let screening = screen(&fixtures().join(name));
        let found = (said(&screening), faults(&screening), screening.verdict.label.code());
        let expected = (strings(entry, "says"), strings(entry, "faults"), entry["label"].as_str().unwrap());
        if found != expected {
            complaints.push(format!("{name}:\n  expected {expected:?}\n  found    {found:?}"));
        }
        // What flags a picture says of it what its statements mean.
        for kind in &screening.verdict.kinds {
            assert!(found.0.iter().any(|row| row[3] == kind.code()), "{name}");
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_path_a_file_in_memory_and_the_analyzer_say_the_same() {
    for entry in cases() {
        let path = fixtures().join(entry["path"].as_str().unwrap());
        let limits = Limits::default();
        let from_path = Metadata::open(&path, &limits).unwrap();
        let from_memory = Metadata::read(Cursor::new(std::fs::read(&path).unwrap()), &limits).unwrap();
        assert_eq!(from_path, from_memory, "{}", path.display());
        let analyzed = screen(&path).evidence.into_iter().filter_map(|one| match one.finding {
            Finding::Metadata(statement) if statement.field != "exif.thumbnail" => Some(statement),
            _ => None,
        });
        assert_eq!(analyzed.collect::<Vec<_>>(), from_path.statements(), "{}", path.display());
    }
}

/// Behind each picture of every format: what thirteen bytes once did to another program.
#[test]
fn what_is_appended_to_a_file_says_nothing() {
    let packet = std::fs::read(fixtures().join("metadata/source_type.jpg")).unwrap();
    let mut pictures = 0;
    for path in walk(fixtures().join("images")) {
        let before = Metadata::open(&path, &Limits::default()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for tail in [&b"Midjourney v6"[..], b"\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1", &packet]
        {
            let longer = [&bytes, tail].concat();
            let after = Metadata::read(Cursor::new(longer), &Limits::default());
            // Without a magic number a format may be told by its size: then it is no picture at all.
            let Ok(after) = after else { continue };
            assert_eq!(after.statements(), before.statements(), "{}", path.display());
        }
        pictures += 1;
    }
    assert!(pictures > 100);
}

#[test]
fn metadata_speaks_where_nothing_can_be_decoded() {
    let whole = std::fs::read(fixtures().join("metadata/automatic1111.png")).unwrap();
    let at = whole.windows(4).position(|window| window == b"IDAT").unwrap();
    let screening = screener().screen(&Media::from_bytes(&whole[..at + 8], &Limits::default()).unwrap());
    assert!(screening.is_unreadable());
    assert_eq!(screening.verdict.label.code(), "likely_manipulated");
    assert_eq!(screening.verdict.reasons[0].code(), "metadata.ai_generator");
    assert_eq!(faults(&screening), [["png", "truncated"]]);
}

#[test]
fn a_record_shows_a_value_cut_and_harmless() {
    let record = |name: &str| {
        let json = screen(&fixtures().join("metadata").join(name)).to_json(Language::Vietnamese);
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    };
    let parameters = record("bomb.png");
    let statement = &parameters["evidence"][0];
    assert_eq!(statement["source"], "metadata");
    assert_eq!(statement["kind"], "metadata");
    assert_eq!(statement["field"], "png.text.parameters");
    assert_eq!(statement["grade"], "written_by_tool");
    assert_eq!(statement["cut"], true);
    assert_eq!(statement["value"].as_str().unwrap().chars().count(), 2000);
    let hostile = record("control_characters.jpg");
    let value = hostile["evidence"][0]["value"].as_str().unwrap();
    assert!(!value.contains(['\u{1b}', '\u{202e}']), "{value:?}");
    assert!(parameters["verdict"]["reasons"][0]["message"].as_str().unwrap().contains("do AI tạo"));
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    // The checksum is left wrong, as nothing reads it before the body.
    [&(body.len() as u32).to_be_bytes()[..], kind, body, &[0; 4]].concat()
}

/// A PNG with these chunks behind its header.
fn png(chunks: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(fixtures().join("images/tiny_8x8.png")).unwrap();
    bytes.splice(33..33, chunks.iter().copied());
    bytes
}

#[test]
fn hostile_metadata_costs_neither_time_nor_memory() {
    let zeros = {
        use std::io::Write;
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..256 {
            packed.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        packed.finish().unwrap()
    };
    let bomb = chunk(b"zTXt", &[b"parameters\0\0", zeros.as_slice()].concat());
    let start = std::fs::read(fixtures().join("images/tiny_8x8.jpg")).unwrap();
    let segment = |marker: u8, body: &[u8]| {
        [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
    };
    let jpeg = |segments: &[u8]| [&start[..2], segments, &start[2..]].concat();
    let xmp = |inner: String| [&b"http://ns.adobe.com/xap/1.0/\0"[..], inner.as_bytes()].concat();
    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'";
    let names: String = (0..2000).map(|i| format!(" xmlns:a{i}='urn:{i}'")).collect();
    let attributes: String = (0..7000).map(|i| format!(" a{i}='1'")).collect();
    let nested: String = (0..30).map(|i| format!("<b{i} xmlns:c{i}='urn:c'>")).collect();
    for (name, bytes) in [
        (
            "a text of 100 MB",
            png(&chunk(b"tEXt", &[b"parameters\0", vec![b'a'; 100 << 20].as_slice()].concat())),
        ),
        ("200 texts that inflate to 256 MB each", png(&bomb.repeat(200))),
        ("a million empty texts", png(&chunk(b"tEXt", b"a\0").repeat(1_000_000))),
        ("a million chunks of nothing", png(&chunk(b"abCd", b"").repeat(1_000_000))),
        ("three thousand comments", jpeg(&segment(0xFE, &[b'a'; 60_000]).repeat(3000))),
        (
            "two thousand packets",
            jpeg(&segment(0xE1, &xmp(format!("{rdf}>{}", "<rdf:li/>".repeat(6000)))).repeat(2000)),
        ),
        ("many names", jpeg(&segment(0xE1, &xmp(format!("{rdf}{names}><rdf:li/>"))).repeat(200))),
        ("many attributes", jpeg(&segment(0xE1, &xmp(format!("{rdf}{attributes}/>"))).repeat(200))),
        (
            "nested names",
            jpeg(&segment(0xE1, &xmp(format!("{nested}{}", "<x:y/>".repeat(9000)))).repeat(200)),
        ),
        ("fill bytes", jpeg(&vec![0xFF; 50 << 20])),
    ] {
        let begun = Instant::now();
        let metadata = Metadata::read(Cursor::new(&bytes), &Limits::default()).unwrap();
        let elapsed = begun.elapsed();
        assert!(name.contains("nothing") || !metadata.faults().is_empty(), "{name}: no fault");
        let kept: usize = metadata.fields().map(|(name, value)| name.len() + value.len()).sum();
        assert!(kept <= 32 << 20, "{name}: {kept} bytes kept");
        assert!(metadata.bytes_read() <= 52 << 20, "{name}: {} bytes read", metadata.bytes_read());
        // Less than a second each, without optimisation; other work may share the machine.
        assert!(elapsed < Duration::from_secs(10), "{name}: {elapsed:?}");
        println!("{name}: {elapsed:?}, {} bytes read of {}", metadata.bytes_read(), bytes.len());
    }
}

#[test]
fn limits_hold_for_metadata_too() {
    let limits = Limits::default().with_max_metadata_bytes(100);
    let path = fixtures().join("metadata/automatic1111.png");
    let metadata = Metadata::open(&path, &limits).unwrap();
    assert_eq!(metadata.faults()[0].kind.code(), "too_large");
    assert!(metadata.fields().all(|(_, value)| value.len() <= 100));
}

#[test]
fn mutated_metadata_never_panics() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for entry in cases() {
        let name = entry["path"].as_str().unwrap();
        let whole = std::fs::read(fixtures().join(name)).unwrap();
        for round in 0..40 {
            let mut bytes = whole.clone();
            if round % 4 == 0 {
                bytes.truncate(random() % bytes.len());
            }
            for _ in 0..1 + round % 8 {
                if !bytes.is_empty() {
                    // Headers and metadata stand at the front of most.
                    let at = random() % bytes.len().min(if round % 2 == 0 { 400 } else { usize::MAX });
                    bytes[at] = random() as u8;
                }
            }
            if let Ok(metadata) = Metadata::read(Cursor::new(bytes), &Limits::default()) {
                metadata.statements();
            }
        }
    }
}

/// Every file of other projects gives one record, and none takes long.
#[test]
fn files_of_other_projects_give_one_record_each() {
    let Some(folder) = std::env::var_os("DEEPSCREEN_ASSETS") else {
        return println!("skipped: DEEPSCREEN_ASSETS is not set");
    };
    let screener = Screener::builder().analyzer(MetadataAnalyzer).build().unwrap();
    let paths: Vec<PathBuf> = walk(folder).collect();
    let mut records = 0;
    screener.screen_paths(paths.clone(), |screening| {
        let path = screening.input.path.as_ref().unwrap();
        assert_eq!(path, &paths[records]);
        assert!(screening.failures.iter().all(|failure| failure.kind.code() != "panic"), "{path:?}");
        assert!(screening.elapsed < Duration::from_secs(5), "{path:?}: {:?}", screening.elapsed);
        records += 1;
    });
    assert_eq!(records, paths.len());
    println!("{records} files");
}
