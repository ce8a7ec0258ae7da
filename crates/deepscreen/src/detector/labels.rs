//! The labels of a classifier in, which of them mean fake out. Words are compared whole: `unreal` is not `real`.
//!
//! A label that is not understood entirely is not guessed at.

use crate::evidence::Kind;

/// What a label says of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Real,
    /// And of what kind, where the label tells.
    Fake(Option<Kind>),
}

/// What a word adds to a label.
#[derive(Clone, Copy)]
enum Word {
    Says(Meaning),
    /// Real, unless another word says fake: `photo`, but `AI photo`.
    Photo,
    Not,
    Neutral,
}

const REAL: &[&str] = &[
    "authentic",
    "bona",
    "bonafide",
    "genuine",
    "handmade",
    "hum",
    "human",
    "humanmade",
    "humans",
    "live",
    "natural",
    "nature",
    "original",
    "originals",
    "pristine",
    "real",
    "realart",
    "realface",
    "realimage",
    "realimages",
    "realism",
    "realphoto",
    "reals",
    "thật",
    "unaltered",
    "unedited",
    "unmanipulated",
];

const FAKE: &[&str] = &[
    "counterfeit",
    "fake",
    "faked",
    "fakeface",
    "fakeimage",
    "fakeimages",
    "fakes",
    "forged",
    "forgery",
    "giả",
    "spoof",
    "spoofed",
    "spoofing",
];

const AI_GENERATED: &[&str] = &[
    "adm",
    "ai",
    "aiart",
    "aigc",
    "aigen",
    "aigenerated",
    "aiimage",
    "aiimages",
    "artificial",
    "artificially",
    "biggan",
    "chatgpt",
    "cyclegan",
    "dall",
    "dalle",
    "ddim",
    "ddpm",
    "deepfloyd",
    "diffusion",
    "firefly",
    "flux",
    "gan",
    "gans",
    "gemini",
    "gen",
    "generated",
    "generative",
    "generator",
    "gigagan",
    "glide",
    "gpt",
    "grok",
    "ideogram",
    "imagen",
    "kandinsky",
    "ldm",
    "midjourney",
    "mj",
    "pixart",
    "progan",
    "recraft",
    "sd",
    "sdxl",
    "seedream",
    "stable",
    "stablediffusion",
    "stargan",
    "stylegan",
    "synth",
    "synthesised",
    "synthesized",
    "synthetic",
    "vqdm",
    "vqgan",
    "wukong",
];

const FACE_SWAP: &[&str] = &[
    "deepfake",
    "deepfaked",
    "deepfakes",
    "face2face",
    "faceshifter",
    "faceswap",
    "faceswapped",
    "neuraltextures",
    "swap",
    "swapped",
];

const EDITED: &[&str] = &[
    "altered",
    "doctored",
    "edited",
    "manipulated",
    "manipulation",
    "photoshopped",
    "spliced",
    "tampered",
    "tampering",
];

const PHOTO: &[&str] = &["camera", "photo", "photograph", "photographs", "photography", "photos"];

const NOT: &[&str] = &["no", "non", "not"];

const NEUTRAL: &[&str] = &[
    "a", "an", "art", "arts", "artwork", "by", "class", "content", "created", "data", "deep", "e", "face",
    "faces", "fide", "frame", "frames", "from", "image", "images", "img", "imgs", "in", "is", "l", "label",
    "made", "media", "model", "of", "person", "pic", "pics", "picture", "pictures", "pro", "the", "turbo",
    "v", "version", "video", "videos", "with", "xl",
];

fn word(text: &str) -> Option<Word> {
    let fake = |kind| Word::Says(Meaning::Fake(kind));
    [
        (REAL, Word::Says(Meaning::Real)),
        (FAKE, fake(None)),
        (AI_GENERATED, fake(Some(Kind::AiGenerated))),
        (FACE_SWAP, fake(Some(Kind::FaceSwap))),
        (EDITED, fake(Some(Kind::Edited))),
        (PHOTO, Word::Photo),
        (NOT, Word::Not),
        (NEUTRAL, Word::Neutral),
    ]
    .into_iter()
    .find_map(|(words, meaning)| words.contains(&text).then_some(meaning))
}

/// What a label means; `None` where a word of it is unknown, or two contradict each other.
pub(super) fn meaning(label: &str) -> Option<Meaning> {
    let (mut said, mut photo, mut negated): (Option<Meaning>, _, _) = (None, false, false);
    for word in words(label)? {
        let meaning = match word {
            Word::Neutral => continue,
            Word::Not if negated => return None,
            Word::Not => {
                negated = true;
                continue;
            }
            Word::Photo if negated => return None,
            Word::Photo => {
                photo = true;
                continue;
            }
            Word::Says(Meaning::Real) if negated => Meaning::Fake(None),
            Word::Says(Meaning::Fake(_)) if negated => Meaning::Real,
            Word::Says(meaning) => meaning,
        };
        said = match (said, meaning) {
            (None, meaning) => Some(meaning),
            (Some(Meaning::Real), Meaning::Real) => said,
            // The word that tells the kind counts: `fake`, but `AI fake`.
            (Some(Meaning::Fake(before)), Meaning::Fake(kind)) => Some(Meaning::Fake(before.or(kind))),
            _ => return None,
        };
    }
    said.or(photo.then_some(Meaning::Real))
}

fn words(label: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    for run in label.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        match word(&run.to_lowercase()) {
            Some(word) => words.push(word),
            None => {
                for part in run.split(|c: char| c.is_numeric()).filter(|part| !part.is_empty()) {
                    match word(&part.to_lowercase()) {
                        Some(word) => words.push(word),
                        None => {
                            for part in humps(part) {
                                words.push(word(&part.to_lowercase())?);
                            }
                        }
                    }
                }
            }
        }
    }
    Some(words)
}

/// `AiArtData` as `Ai`, `Art`, `Data`; `AIGenerated` as `AI`, `Generated`.
fn humps(text: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let starts = |at: &usize| {
        let upper = |at: usize| letters.get(at).is_some_and(|(_, c)| c.is_uppercase());
        let lower = |at: usize| letters.get(at).is_some_and(|(_, c)| c.is_lowercase());
        upper(*at) && (lower(*at - 1) || lower(*at + 1))
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for at in (1..letters.len()).filter(starts) {
        parts.push(&text[from..letters[at].0]);
        from = letters[at].0;
    }
    parts.push(&text[from..]);
    parts
}

/// What a high probability means, by the classes that mean fake; by the model's name where they do not tell.
pub(super) fn kind(fake: &[String], name: &str) -> Kind {
    let kinds: Vec<Kind> = fake
        .iter()
        .filter_map(|label| match meaning(label) {
            Some(Meaning::Fake(kind)) => kind,
            _ => None,
        })
        .collect();
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let named = ["deepfake", "faceswap"].iter().any(|word| plain.contains(word));
    let otherwise = if named { Kind::FaceSwap } else { Kind::AiGenerated };
    [Kind::AiGenerated, Kind::FaceSwap, Kind::Edited]
        .into_iter()
        .find(|kind| kinds.contains(kind))
        .unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_published_models_are_understood() {
        for label in [
            "Real",
            "REAL",
            "real_image",
            "human",
            "hum",
            "RealArt",
            "Realism",
            "natural",
            "Photo",
            "Not AI-Generated",
            "non_ai",
            "bona fide",
            "Human-made",
            "live",
            "thật",
        ] {
            assert_eq!(meaning(label), Some(Meaning::Real), "{label}");
        }
        for (label, kind) in [
            ("Fake", None),
            ("not real", None),
            ("spoof", None),
            ("FAKE_IMAGE", None),
            ("fake face", None),
            ("Deep Fake", None),
            ("giả", None),
            ("Deepfake", Some(Kind::FaceSwap)),
            ("DeepFakes", Some(Kind::FaceSwap)),
            ("Face2Face", Some(Kind::FaceSwap)),
            ("AiArtData", Some(Kind::AiGenerated)),
            ("AIGenerated", Some(Kind::AiGenerated)),
            ("ai_gen", Some(Kind::AiGenerated)),
            ("artificial", Some(Kind::AiGenerated)),
            ("AI photo", Some(Kind::AiGenerated)),
            ("stable-diffusion-xl", Some(Kind::AiGenerated)),
            ("sd21", Some(Kind::AiGenerated)),
            ("SDXL 1.0", Some(Kind::AiGenerated)),
            ("dall-e 3", Some(Kind::AiGenerated)),
            ("DALLE3", Some(Kind::AiGenerated)),
            ("midjourney_v5", Some(Kind::AiGenerated)),
            ("StyleGAN2", Some(Kind::AiGenerated)),
            ("GANs", Some(Kind::AiGenerated)),
            ("manipulated", Some(Kind::Edited)),
        ] {
            assert_eq!(meaning(label), Some(Meaning::Fake(kind)), "{label}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        for label in [
            "LABEL_0",
            "0",
            "",
            "unreal",
            "hyperreal",
            "surreal",
            "realistic",
            "anti-spoof",
            "cat",
            "tabby, tabby cat",
            "air plane",
            "fake and real",
            "fake human face",
            "not not real",
            "not a photo",
            "art",
            "main",
        ] {
            assert_eq!(meaning(label), None, "{label}");
        }
    }

    #[test]
    fn the_kind_follows_the_labels_and_then_the_name() {
        let kind = |labels: &[&str], name| {
            super::kind(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>(), name)
        };
        assert_eq!(kind(&["fake"], "my-detector"), Kind::AiGenerated);
        assert_eq!(kind(&["fake"], "Deep-Fake-Detector"), Kind::FaceSwap);
        assert_eq!(kind(&["AI"], "deepfake-detector"), Kind::AiGenerated);
        assert_eq!(kind(&["Deepfake"], "x"), Kind::FaceSwap);
        assert_eq!(kind(&["tampered"], "x"), Kind::Edited);
    }
}
