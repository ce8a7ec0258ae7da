//! Looking for watermarks in pixels that are decoded already: a web picture, what SDXL and FLUX give, and a camera's.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepscreen::{Limits, Media, WatermarkAnalyzer};
use deepscreen_benches::photograph;

fn watermark(c: &mut Criterion) {
    let mut group = c.benchmark_group("watermark");
    for (name, width, height) in [("0.2 MP", 540, 360), ("1 MP", 1024, 1024), ("10 MP", 3888, 2592)] {
        let media = Media::from_bytes(photograph(width, height), &Limits::default()).unwrap();
        let pixels = media.pixels().unwrap();
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |b| b.iter(|| WatermarkAnalyzer::read(black_box(pixels))));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50);
    targets = watermark
}
criterion_main!(benches);
