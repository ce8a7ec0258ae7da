//! From the bytes of a JPEG to its hashes, on one core: a web picture of 0.2 megapixels and a camera's of 10.
//!
//! `benches/compare.py` sets the same job beside Python's pdqhash.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepscreen::media::Luma;
use deepscreen::{Hashes, Limits, Media};
use deepscreen_benches::photograph;

fn hash(c: &mut Criterion) {
    let limits = Limits::default();
    for (name, width, height) in [("0.2 MP", 540, 360), ("10 MP", 3888, 2592)] {
        let bytes = photograph(width, height);
        let media = || Media::from_bytes(bytes.as_slice(), &limits).unwrap();
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function("decode at full size", |b| {
            b.iter(|| media().pixels().map(|p| p.width()).unwrap())
        });
        group.bench_function("decode luma alone", |b| {
            b.iter(|| media().luma().map(|luma| luma.width()).unwrap())
        });
        let whole = media();
        let pixels = whole.pixels().unwrap();
        group.bench_function("luma of decoded pixels", |b| b.iter(|| Luma::of(black_box(pixels))));
        let luma = whole.luma().unwrap();
        group.bench_function("hash luma", |b| b.iter(|| Hashes::of(black_box(luma))));
        group.bench_function("bytes to hashes", |b| b.iter(|| Hashes::of(media().luma().unwrap())));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = hash
}
criterion_main!(benches);
