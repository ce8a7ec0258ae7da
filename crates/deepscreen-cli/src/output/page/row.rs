//! A record in, what its row on the page shows out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deepscreen::{Label, Probability};
use serde::Serialize;
use serde_json::Value;

use super::{Card, Map, Thumbnail, shown};
use crate::text::Text;

/// So much of a value that a file or a bank gives is enough for a page; the record has all of it.
const MOST_OF_A_VALUE: usize = 300;

/// So many facts of one picture are shown.
const MOST_FACTS: usize = 24;

/// What the template of a row shows.
#[derive(Serialize)]
pub(super) struct Row {
    label: &'static str,
    words: String,
    /// The path up to the name of the file.
    folder: String,
    name: String,
    probability: Option<String>,
    /// The same in hundredths.
    hundredths: u32,
    kinds: Vec<String>,
    reasons: Vec<Reason>,
    group: Option<String>,
    notes: Vec<String>,
    failures: Vec<Failure>,
    facts: String,
    details: Vec<Detail>,
    picture: Option<Picture>,
}

#[derive(Serialize)]
struct Reason {
    message: String,
    strength: String,
    code: String,
}

#[derive(Serialize)]
struct Failure {
    words: String,
    /// Nothing went wrong: an analyzer does not apply.
    is_expected: bool,
    source: String,
    /// In English, as the record has it.
    message: String,
}

#[derive(Serialize)]
struct Detail {
    name: String,
    value: String,
}

/// What there is to see.
#[derive(Serialize)]
struct Picture {
    /// A `data:` address, of letters that need no escape.
    image: Option<String>,
    alt: String,
    /// Why there is none.
    why: Option<String>,
    width: u32,
    height: u32,
    /// Percent of the box that the picture is wide, so that it fits in.
    percent: String,
    maps: Vec<Shown>,
}

/// A map over the picture.
#[derive(Serialize)]
struct Shown {
    image: String,
    says: String,
    /// Its place in percent of the picture: left, top, width, height.
    style: String,
}

impl Row {
    pub(super) fn new(card: &Card<'_>, label: Label, root: Option<&str>, text: Text) -> Self {
        let record = card.record;
        let words = text.words_of_page();
        let path = record["input"]["path"].as_str();
        let shown_path = path.map_or(words.from_memory, |path| below(path, root));
        let (folder, name) = match shown_path.rfind(['/', '\\']) {
            Some(at) if at + 1 < shown_path.len() => shown_path.split_at(at + 1),
            _ => ("", shown_path),
        };
        let probability = record["verdict"]["probability"].as_f64().and_then(Probability::new);
        let strength = |code: &str| match code {
            "decisive" => words.decisive,
            "strong" => words.strong,
            _ => words.weak,
        };
        let reasons = list(&record["verdict"]["reasons"]).map(|reason| Reason {
            message: sentence(field(reason, "message")),
            strength: strength(reason["strength"].as_str().unwrap_or_default()).to_owned(),
            code: shown(field(reason, "code")),
        });
        let group = record.get("group").map(|group| {
            let first = field(group, "first");
            let is_first = path == Some(first);
            sentence(&text.group_of_record(group, (!is_first).then(|| below(first, root))))
        });
        let mut failures: Vec<Failure> = Vec::new();
        for failure in list(&record["failures"]) {
            let message = shown(field(failure, "message"));
            if failures.iter().all(|known| known.message != message) {
                failures.push(Failure {
                    words: sentence(&text.failure_code(field(failure, "code"))),
                    is_expected: failure["code"] == "not_applicable",
                    source: shown(field(failure, "source")),
                    message,
                });
            }
        }
        Self {
            label: label.code(),
            words: sentence(label.text(text.language())),
            folder: shown(folder),
            name: shown(name),
            hundredths: probability.map_or(0, |it| (it.get() * 100.0).round() as u32),
            probability: probability.map(|it| it.to_string()),
            kinds: list(&record["verdict"]["kinds"])
                .filter_map(Value::as_str)
                .map(|kind| shown(&text.kind_code(kind)))
                .collect(),
            reasons: reasons.collect(),
            group,
            notes: notes(record, text),
            failures,
            facts: facts(record, text),
            details: details(record, text),
            picture: picture(card, name, text),
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The path below the folder that was scanned.
fn below<'a>(path: &'a str, root: Option<&str>) -> &'a str {
    let root = root.map(|root| root.trim_end_matches(['/', '\\'])).filter(|root| !root.is_empty());
    let rest = root.and_then(|root| path.strip_prefix(root)).filter(|rest| rest.starts_with(['/', '\\']));
    match rest.map(|rest| rest.trim_start_matches(['/', '\\'])) {
        Some(rest) if !rest.is_empty() => rest,
        _ => path,
    }
}

/// A sentence of the library, which begins with a small letter, as one that stands alone.
pub(super) fn sentence(text: &str) -> String {
    let text = shown(text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

fn notes(record: &Value, text: Text) -> Vec<String> {
    let mut said = Vec::new();
    for evidence in list(&record["evidence"]).filter(|evidence| evidence["kind"] == "media") {
        let frames = evidence["frames"].as_u64().and_then(|frames| u32::try_from(frames).ok());
        for note in list(&evidence["notes"]).filter_map(Value::as_str) {
            said.push(sentence(&text.note_code(note, frames)));
        }
    }
    said
}

/// `jpeg, 640 × 427, 84.1 KiB`
fn facts(record: &Value, text: Text) -> String {
    let input = &record["input"];
    let mut facts = Vec::new();
    facts.extend(input["format"].as_str().map(|format| shown(format).to_uppercase()));
    if let (Some(width), Some(height)) = (input["width"].as_u64(), input["height"].as_u64()) {
        facts.push(format!("{width}\u{a0}×\u{a0}{height}"));
    }
    facts.extend(input["bytes"].as_u64().map(|bytes| text.bytes(bytes).replace(' ', "\u{a0}")));
    facts.join(" · ")
}

/// What a reviewer may want to check: what each source found.
fn details(record: &Value, text: Text) -> Vec<Detail> {
    let mut details = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() && details.len() < MOST_FACTS {
            // Its lines stay lines.
            let lines: Vec<String> = value.split('\n').map(shown).collect();
            details.push(Detail { name: shown(name), value: cut(&lines.join("\n")) });
        }
    };
    for evidence in list(&record["evidence"]) {
        let source = field(evidence, "source");
        match field(evidence, "kind") {
            "score" => {
                let probability = evidence["probability"].as_f64().and_then(Probability::new);
                let kind = text.kind_code(field(evidence, "detects"));
                put(source, probability.map_or_else(String::new, |it| format!("{it} ({kind})")));
            }
            "metadata" => put(field(evidence, "field"), field(evidence, "value").to_owned()),
            "c2pa" => {
                let manifest = [field(evidence, "manifest"), field(evidence, "integrity")];
                let signer = match field(evidence, "signer") {
                    "" => String::new(),
                    signer => {
                        let trust = field(evidence, "trust");
                        format!("{} {signer} ({trust})", text.words_of_page().signer)
                    }
                };
                let parts: Vec<&str> =
                    manifest.into_iter().chain([signer.as_str()]).filter(|part| !part.is_empty()).collect();
                if parts != ["absent"] {
                    put("Content Credentials", parts.join(", "));
                }
            }
            "match" => {
                let names = ["label", "name", "origin", "note", "link"];
                let parts: Vec<&str> =
                    names.map(|name| field(evidence, name)).into_iter().filter(|it| !it.is_empty()).collect();
                put(source, parts.join(", "));
            }
            _ => {}
        }
    }
    for (name, value) in
        [("SHA-256", record["input"]["sha256"].as_str()), ("PDQ", record["hashes"]["pdq"]["hash"].as_str())]
    {
        if let Some(value) = value {
            details.push(Detail { name: name.to_owned(), value: cut(&shown(value)) });
        }
    }
    details
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_A_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn picture(card: &Card<'_>, name: &str, text: Text) -> Option<Picture> {
    let input = &card.record["input"];
    let side =
        |name: &str| input[name].as_u64().and_then(|side| u32::try_from(side).ok()).unwrap_or(1).max(1);
    let (width, height) = (side("width"), side("height"));
    let words = text.words_of_page();
    let (image, why) = match &card.thumbnail {
        Thumbnail::Small(bytes) => (address(bytes), None),
        Thumbnail::LeftOut => return None,
        Thumbnail::Gone => (None, Some(words.file_gone.to_owned())),
        Thumbnail::Changed => (None, Some(words.file_changed.to_owned())),
        Thumbnail::Unreadable => {
            let failure = list(&card.record["failures"]).find(|failure| failure["source"] == "media");
            (None, failure.map(|failure| text.failure_code(field(failure, "code"))))
        }
    };
    let why = image.is_none().then(|| sentence(&why.unwrap_or_else(|| words.no_preview.to_owned())));
    let maps = if image.is_some() { card.maps.as_slice() } else { &[] };
    Some(Picture {
        image,
        alt: shown(&text.thumbnail_of(name)),
        why,
        width,
        height,
        percent: percent(f64::from(width) / f64::from(width.max(height))),
        maps: maps.iter().filter_map(|map| shown_map(map, (width, height), text)).collect(),
    })
}

fn shown_map(map: &Map, (width, height): (u32, u32), text: Text) -> Option<Shown> {
    let (width, height) = (f64::from(width), f64::from(height));
    let area = map.area;
    let places = [
        ("left", area.x / width),
        ("top", area.y / height),
        ("width", area.width / width),
        ("height", area.height / height),
    ];
    let style: Vec<String> =
        places.iter().map(|(name, share)| format!("{name}:{}%", percent(*share))).collect();
    Some(Shown { image: address(&map.png)?, says: shown(&text.map_of(&map.name)), style: style.join(";") })
}

fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

/// A picture as an address; `None` for what is neither JPEG nor PNG.
fn address(bytes: &[u8]) -> Option<String> {
    let kind = match bytes {
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_below_what_was_scanned() {
        assert_eq!(below("photos/a/b.jpg", Some("photos")), "a/b.jpg");
        assert_eq!(below("photos/a.jpg", Some("photos/")), "a.jpg");
        assert_eq!(below("photos/a.jpg", Some("other")), "photos/a.jpg");
        assert_eq!(below("photosets/a.jpg", Some("photos")), "photosets/a.jpg");
        assert_eq!(below("photos", Some("photos")), "photos");
    }

    #[test]
    fn what_is_no_picture_has_no_address() {
        assert_eq!(address(b"<svg onload=alert(1)>"), None);
        assert_eq!(address(&[0xff, 0xd8, 0xff, 0xe0]).as_deref(), Some("data:image/jpeg;base64,/9j/4A=="));
    }
}
