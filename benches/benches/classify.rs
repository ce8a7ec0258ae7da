//! The shipped model on one core: through a [`Detector`], and as a bare ONNX Runtime session on the same tensors.
//!
//! The ratio of the two says what our own code costs (the aim: at least 0.9 of the bare session); the embedded
//! engine stands beside them. Needs an ONNX Runtime (`pip install onnxruntime`), and says so without one.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepscreen::{Analyzer, Detector, EngineChoice, EngineOptions, EngineStatus, Limits, Media};
use deepscreen_benches::photograph;
use ndarray::Array4;
use ort::session::Session;
use ort::value::TensorRef;

/// Views of a picture that the shipped model looks at.
const VIEWS: usize = 3;

fn classify(c: &mut Criterion) {
    let media = Media::from_bytes(photograph(1024, 768), &Limits::default()).unwrap();
    media.pixels().unwrap();
    let options = EngineOptions::default().with_threads(1);
    for pictures in [1, 4, 16] {
        let mut group = c.benchmark_group(format!("{pictures} pictures"));
        group.throughput(Throughput::Elements(pictures as u64));
        for (name, choice) in [("onnxruntime", EngineChoice::OnnxRuntime), ("rten", EngineChoice::Rten)] {
            let detector = match Detector::bundled(&options.clone().with_choice(choice)) {
                Ok(detector) => detector,
                Err(error) => {
                    eprintln!("left out: {name}: {error:#}");
                    continue;
                }
            };
            let batched = detector.batched().unwrap();
            let samples: Vec<_> = (0..pictures).map(|_| batched.prepare(&media).unwrap()).collect();
            let samples: Vec<_> = samples.iter().collect();
            group.bench_function(format!("detector on {name}"), |b| {
                b.iter(|| batched.analyze_batch(&samples))
            });
        }
        if let Some(mut session) = bare_session(&options) {
            let tensor = Array4::from_shape_fn((pictures * VIEWS, 3, 224, 224), |(n, c, y, x)| {
                ((n * 7 + c * 5 + y * 3 + x) % 255) as f32 / 127.5 - 1.0
            });
            group.bench_function("bare ONNX Runtime", |b| {
                b.iter(|| {
                    let input = TensorRef::from_array_view(tensor.view()).unwrap();
                    session.run(ort::inputs![input]).unwrap().len()
                });
            });
        }
        group.finish();
    }
}

/// A session as the library's users would open it by hand, with one thread.
fn bare_session(options: &EngineOptions) -> Option<Session> {
    let status = EngineStatus::all(options);
    let library = status.iter().find_map(|engine| engine.library.clone())?;
    let environment = ort::init_from(library).ok()?.build().ok()?;
    let builder = Session::builder(&environment).ok()?.with_intra_threads(1).ok()?;
    builder.with_inter_threads(1).ok()?.commit_from_memory(deepscreen_models::AI_IMAGE.weights).ok()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = classify
}
criterion_main!(benches);
