//! The shipped model on one core: through a [`Detector`] on both engines, and as a bare ONNX Runtime session on
//! tensors of the same shape.
//!
//! A process can hold one ONNX Runtime environment only, so each of the three runs in a process of its own, in turn,
//! round by round; the ratios are of one round, so that a machine that slows down slows all. The ratio to the bare
//! session says what our own code costs (the aim: 0.9 of its speed). Needs `pip install onnxruntime`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use deepscreen::{Analyzer, Detector, EngineChoice, EngineOptions, EngineStatus, Limits, Media};
use deepscreen_benches::photograph;
use ndarray::Array4;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

/// Views of a picture that the shipped model looks at.
const VIEWS: usize = 4;
const ROUNDS: usize = 7;
const RUNS: usize = 10;

fn main() {
    let role = std::env::var("DEEPSCREEN_BENCH_ROLE").ok();
    match role.as_deref() {
        None => compare(),
        Some("bare") => println!("{}", bare()),
        Some("rten") => println!("{}", detector(EngineChoice::Rten)),
        Some(_) => println!("{}", detector(EngineChoice::OnnxRuntime)),
    }
}

fn compare() {
    let engines = EngineStatus::all(&EngineOptions::default());
    let Some(library) = engines.into_iter().find_map(|engine| engine.library) else {
        println!("left out: no ONNX Runtime is found (pip install onnxruntime)");
        return;
    };
    for pictures in [1, 2, 4, 8] {
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| ["bare", "onnxruntime", "rten"].map(|role| in_a_process(role, pictures, &library)))
            .collect();
        let of = |pick: &dyn Fn(&[f64; 3]) -> f64| median(rounds.iter().map(pick).collect());
        println!(
            "batches of {pictures}: bare {:.1} ms a picture; detector on ONNX Runtime {:.1} ms ({:.2} of the bare \
             speed); on rten {:.1} ms ({:.1} times the bare time)",
            of(&|ms| ms[0]),
            of(&|ms| ms[1]),
            of(&|ms| ms[0] / ms[1]),
            of(&|ms| ms[2]),
            of(&|ms| ms[2] / ms[0]),
        );
    }
}

fn in_a_process(role: &str, pictures: usize, library: &Path) -> f64 {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .env("ORT_DYLIB_PATH", library)
        .env("DEEPSCREEN_BENCH_ROLE", role)
        .env("DEEPSCREEN_BENCH_PICTURES", pictures.to_string());
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().parse().unwrap()
}

fn pictures() -> usize {
    std::env::var("DEEPSCREEN_BENCH_PICTURES").unwrap().parse().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Milliseconds a picture, median of several runs after one that does not count.
fn measure(mut run: impl FnMut()) -> f64 {
    run();
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3 / pictures() as f64
    };
    median(std::iter::repeat_with(once).take(RUNS).collect())
}

fn detector(choice: EngineChoice) -> f64 {
    let media = Media::from_bytes(photograph(1024, 768), &Limits::default()).unwrap();
    let detector = Detector::bundled(&EngineOptions::default().with_threads(1).with_choice(choice)).unwrap();
    let batched = detector.batched().unwrap();
    let samples: Vec<_> = (0..pictures()).map(|_| batched.prepare(&media).unwrap()).collect();
    let samples: Vec<_> = samples.iter().collect();
    measure(|| assert!(batched.analyze_batch(&samples).iter().all(Result::is_ok)))
}

/// A session as one would open it by hand.
fn bare() -> f64 {
    let library = std::env::var_os("ORT_DYLIB_PATH").unwrap();
    let environment = ort::init_from(PathBuf::from(library)).unwrap().build().unwrap();
    let builder = Session::builder(&environment).unwrap().with_intra_threads(1).unwrap();
    let builder = builder.with_inter_threads(1).unwrap();
    let mut builder = builder.with_optimization_level(GraphOptimizationLevel::Level3).unwrap();
    let mut session = builder.commit_from_memory(deepscreen_models::AI_IMAGE.weights).unwrap();
    let tensor = Array4::from_shape_fn((pictures() * VIEWS, 3, 224, 224), |(n, c, y, x)| {
        ((n * 7 + c * 5 + y * 3 + x) % 255) as f32 / 127.5 - 1.0
    });
    measure(|| {
        let input = TensorRef::from_array_view(tensor.view()).unwrap();
        assert_eq!(session.run(ort::inputs![input]).unwrap().len(), 1);
    })
}
