//! What a file says of itself: read with seeks from a path, and from bytes that are in memory already.
//!
//! With exiftool on the path the same files are read by `exiftool -fast` in the same run; without, that is said.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepscreen::{Limits, Metadata};
use deepscreen_benches::photograph;

/// A JPEG of a camera's size with the metadata segments of a fixture in front.
fn camera_picture() -> Vec<u8> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/metadata/lightroom.jpg");
    let segments = std::fs::read(fixture).unwrap();
    let length = 2 + usize::from(u16::from_be_bytes([segments[22], segments[23]]));
    assert_eq!(segments[20..22], [0xFF, 0xE1], "EXIF behind JFIF's 18 bytes");
    let picture = photograph(3888, 2592);
    [&picture[..2], &segments[20..20 + length], &picture[2..]].concat()
}

fn metadata(c: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("deepscreen-metadata-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let limits = Limits::default();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/metadata");
    let comfyui = std::fs::read(fixtures.join("comfyui.png")).unwrap();
    for (name, ending, bytes) in [("camera JPEG", "jpg", camera_picture()), ("ComfyUI PNG", "png", comfyui)] {
        let path = folder.join(format!("one.{ending}"));
        std::fs::write(&path, &bytes).unwrap();
        let read = Metadata::open(&path, &limits).unwrap();
        assert!(read.fields().count() > 1, "{name}");
        println!("{name}: {} bytes read of {}", read.bytes_read(), bytes.len());
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function("fields, from a path", |b| b.iter(|| Metadata::open(&path, &limits).unwrap()));
        group.bench_function("fields, from memory", |b| {
            b.iter(|| Metadata::read(Cursor::new(black_box(&bytes)), &limits).unwrap())
        });
        group.bench_function("statements", |b| b.iter(|| black_box(&read).statements()));
        group.bench_function("reading the whole file", |b| b.iter(|| std::fs::read(&path).unwrap()));
        group.finish();
    }
    beside_exiftool(&folder, &limits);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// 300 camera pictures, once by each.
fn beside_exiftool(folder: &Path, limits: &Limits) {
    let many = folder.join("many");
    std::fs::create_dir_all(&many).unwrap();
    let bytes = camera_picture();
    let paths: Vec<_> = (0..300).map(|i| many.join(format!("{i:03}.jpg"))).collect();
    for path in &paths {
        std::fs::write(path, &bytes).unwrap();
    }
    let begun = Instant::now();
    for path in &paths {
        black_box(Metadata::open(path, limits).unwrap().statements());
    }
    let ours = begun.elapsed();
    let begun = Instant::now();
    let mut exiftool = Command::new("exiftool");
    let exiftool = exiftool.args(["-fast", "-json", "-G1", "-q"]).arg(&many).stdout(Stdio::null()).status();
    match exiftool {
        Ok(status) if status.success() => {
            let theirs = begun.elapsed();
            let times = theirs.as_secs_f64() / ours.as_secs_f64();
            println!(
                "300 camera JPEGs: deepscreen {ours:?}, exiftool -fast {theirs:?}, {times:.0} times as long"
            );
        }
        _ => println!("skipped: exiftool is not on the path; deepscreen took {ours:?} for 300 camera JPEGs"),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = metadata
}
criterion_main!(benches);
