//! Compares pictures with the original that they are thought to be copies of: one JSON object a picture.
//!
//! `cargo run --release -p deepscreen --example compare -- [--mirrored] original.jpg picture.jpg ..`

use deepscreen::compare::compare_transformed;
use deepscreen::hash::Transform;
use deepscreen::{Hashes, Limits, Media, Region};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<_> = std::env::args_os().skip(1).collect();
    let mirrored = paths.first().is_some_and(|first| first == "--mirrored");
    let transform = if mirrored { Transform::Mirrored } else { Transform::None };
    let mut media = paths
        .drain(usize::from(mirrored)..)
        .map(|path| (path.clone(), Media::open(path, &Limits::default())));
    let original = media.next().ok_or("usage: compare [--mirrored] ORIGINAL PICTURE ..")?.1?;
    let hash = Hashes::of(original.luma()?).pdq;
    let sides = |region: &Region| {
        [region.x, region.y, region.width, region.height].map(|side| (side * 10.0).round() / 10.0)
    };
    for (path, picture) in media {
        let picture = picture?;
        let started = std::time::Instant::now();
        let comparison = compare_transformed(original.pixels()?, picture.pixels()?, transform);
        let record = json!({
            "path": path.to_string_lossy(),
            "relation": comparison.relation.code(),
            "regions": comparison.regions.iter().map(sides).collect::<Vec<_>>(),
            "shown": comparison.shown.as_ref().map(sides),
            "pdq_distance": hash.distance(&Hashes::of(picture.luma()?).pdq),
            "milliseconds": started.elapsed().as_millis() as u64,
        });
        println!("{record}");
    }
    Ok(())
}
