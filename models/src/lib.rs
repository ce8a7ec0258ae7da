//! The detectors that ship with deepscreen, as bytes: nothing has to lie beside a program that embeds them.
//!
//! Each model is a folder with its weights (`model.onnx`), its contract (`model.toml`), which says how to feed it
//! and what its output means, and its card (`README.md`), which says how good it is and what it is not for.
#![forbid(unsafe_code)]

/// One shipped model.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Model {
    /// Its name: `ai-image`.
    pub id: &'static str,
    /// The text of `model.toml`.
    pub contract: &'static str,
    /// The bytes of `model.onnx`.
    pub weights: &'static [u8],
    /// The card, in Markdown.
    pub card: &'static str,
}

/// Whole pictures made by a generator, against photographs and pictures made by people.
pub const AI_IMAGE: Model = Model {
    id: "ai-image",
    contract: include_str!("../ai-image/model.toml"),
    weights: include_bytes!("../ai-image/model.onnx"),
    card: include_str!("../ai-image/README.md"),
};

/// Every shipped model.
pub const ALL: &[Model] = &[AI_IMAGE];

/// Public detectors of others that the program can fetch: the text of `catalog.toml`, which describes its own form.
pub const CATALOG: &str = include_str!("../catalog.toml");
