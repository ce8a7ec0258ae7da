//! The worst mistakes, with their pictures where there are any.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Words;
use crate::Truth;
use crate::report::text::fill;
use crate::report::{Mistake, Outcome, shown};

/// On the first degradation with thumbnails, on the others as tables: a page of a thousand pictures helps nobody.
#[derive(Serialize)]
pub(super) struct Mistakes {
    shown: Vec<OfDetector>,
    tables: Vec<OfDegradation>,
}

#[derive(Serialize)]
struct OfDetector {
    detector: String,
    fakes: Vec<Shown>,
    reals: Vec<Shown>,
}

#[derive(Serialize)]
struct OfDegradation {
    summary: String,
    degradation: String,
    detectors: Vec<OfDetector>,
}

#[derive(Serialize)]
struct Shown {
    path: String,
    truth: &'static str,
    group: Option<String>,
    score: String,
    answer: &'static str,
    wrong: bool,
    /// The thumbnail as a `data:` address, of letters that need no escape.
    image: Option<String>,
    alt: String,
}

impl Words<'_> {
    pub(super) fn mistakes(&self, thumbnails: &BTreeMap<String, Vec<u8>>) -> Mistakes {
        let none = BTreeMap::new();
        let mut degradations = self.report.degradations().into_iter().map(|degradation| {
            let with_mistakes =
                |outcome: &&Outcome| outcome.degradation == degradation && !outcome.mistakes.is_empty();
            (degradation, self.report.outcomes.iter().filter(with_mistakes).collect::<Vec<_>>())
        });
        let first = degradations.next().map(|(_, outcomes)| outcomes).unwrap_or_default();
        let table = |(degradation, outcomes): (&str, Vec<&Outcome>)| OfDegradation {
            summary: fill(self.texts.mistakes_of, &[("degradation", &shown::name(degradation))]),
            degradation: shown::name(degradation),
            detectors: outcomes.into_iter().map(|outcome| self.mistakes_of(outcome, &none)).collect(),
        };
        Mistakes {
            shown: first.into_iter().map(|outcome| self.mistakes_of(outcome, thumbnails)).collect(),
            tables: degradations.filter(|(_, outcomes)| !outcomes.is_empty()).map(table).collect(),
        }
    }

    fn mistakes_of(&self, outcome: &Outcome, thumbnails: &BTreeMap<String, Vec<u8>>) -> OfDetector {
        let threshold =
            self.report.detectors.get(outcome.detector).map_or(0.5, |detector| detector.threshold);
        let of = |truth| {
            let mistakes = outcome.mistakes.iter().filter(move |mistake| mistake.truth == truth);
            mistakes.map(|mistake| self.mistake(mistake, threshold, thumbnails)).collect()
        };
        OfDetector {
            detector: self.detector(outcome.detector),
            fakes: of(Truth::Fake),
            reals: of(Truth::Real),
        }
    }

    fn mistake(&self, mistake: &Mistake, threshold: f64, thumbnails: &BTreeMap<String, Vec<u8>>) -> Shown {
        let texts = &self.texts;
        let wrong = (mistake.score >= threshold) != (mistake.truth == Truth::Fake);
        let (path, score) = (shown::name(&mistake.path), shown::number(mistake.score, 3, self.language));
        let truth = self.truth(mistake.truth);
        Shown {
            alt: fill(texts.alt, &[("path", &path), ("truth", truth), ("score", &score)]),
            path,
            truth,
            group: mistake.group.as_deref().map(shown::name),
            score,
            answer: match (wrong, mistake.truth) {
                (false, _) => texts.right,
                (true, Truth::Fake) => texts.missed,
                (true, Truth::Real) => texts.false_alarm,
            },
            wrong,
            image: thumbnails.get(&mistake.path).and_then(|bytes| address(bytes)),
        }
    }
}

/// A picture as an address; `None` for what is neither JPEG nor PNG.
fn address(bytes: &[u8]) -> Option<String> {
    let kind = match bytes {
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", base64(bytes)))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let at = |i: usize| u32::from(part.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let is_there = digit <= part.len();
            let place = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if is_there { char::from(DIGITS[place]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        // Its section 10.
        let golden = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in golden {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn what_is_no_picture_has_no_address() {
        assert_eq!(address(b"<svg onload=alert(1)>"), None);
        assert!(
            address(&[0xff, 0xd8, 0xff, 0xe0])
                .is_some_and(|it| it.starts_with("data:image/jpeg;base64,/9j/"))
        );
    }
}
