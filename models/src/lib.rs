//! The detectors that ship with deepscreen, as bytes: nothing has to lie beside a program that embeds them.
//!
//! Each model is a folder with its weights (`model.onnx`), its contract (`model.toml`) and its card (`README.md`).
#![forbid(unsafe_code)]
