//! What reasons about Content Credentials say.

use crate::evidence::Kind;
use crate::evidence::c2pa::{Trust, breaks_integrity};
use crate::language::Language;

/// A claim that a signer makes about the picture.
pub(super) struct Claim<'a> {
    pub(super) kind: Option<Kind>,
    pub(super) source_type: &'a str,
    pub(super) generator: Option<&'a str>,
    /// The ingredient that it is about; empty where it has no title.
    pub(super) ingredient: Option<&'a str>,
    pub(super) signer: Option<&'a str>,
    pub(super) trust: Trust,
}

impl Claim<'_> {
    pub(super) const fn code(kind: Option<Kind>) -> &'static str {
        match kind {
            Some(Kind::AiGenerated) => "c2pa.ai_generated",
            Some(_) => "c2pa.ai_edited",
            None => "c2pa.synthetic",
        }
    }

    pub(super) fn message(&self, language: Language) -> String {
        let Self { kind, source_type, generator, ingredient, signer, trust } = self;
        let signer = signer.unwrap_or("?");
        let (mut sentence, generator, ingredient, trust) = match language {
            Language::English => (
                kind.map_or_else(|| "parts are synthetic".to_owned(), |kind| kind.text(language).to_owned())
                    + ": its Content Credentials say so",
                generator.map(|generator| format!("written by “{generator}”")),
                ingredient.map(|title| match title {
                    "" => "of something that it was made from".to_owned(),
                    title => format!("of “{title}”, which it was made from"),
                }),
                match trust {
                    Trust::Trusted => format!("signed by “{signer}”, whom the trust list vouches for"),
                    _ => format!("signed by “{signer}”, whom no trust list vouches for"),
                },
            ),
            Language::Vietnamese => (
                kind.map_or_else(|| "có phần tổng hợp".to_owned(), |kind| kind.text(language).to_owned())
                    + ": Content Credentials của ảnh ghi như vậy",
                generator.map(|generator| format!("do “{generator}” ghi")),
                ingredient.map(|title| match title {
                    "" => "về một thành phần tạo nên ảnh".to_owned(),
                    title => format!("về “{title}”, một thành phần tạo nên ảnh"),
                }),
                match trust {
                    Trust::Trusted => format!("“{signer}” ký, có trong danh sách tin cậy"),
                    _ => format!("“{signer}” ký, không danh sách tin cậy nào bảo đảm"),
                },
            ),
        };
        if let Some(ingredient) = ingredient {
            sentence = format!("{sentence} {ingredient}");
        }
        let details = [Some((*source_type).to_owned()), generator, Some(trust)];
        let details: Vec<String> = details.into_iter().flatten().collect();
        format!("{sentence} ({})", details.join("; "))
    }
}

pub(super) fn broken(failures: &[String], language: Language) -> String {
    let codes: Vec<&str> =
        failures.iter().map(String::as_str).filter(|code| breaks_integrity(code)).collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    match language {
        Language::English => {
            format!(
                "the Content Credentials are broken: they or the picture were changed after signing{codes}"
            )
        }
        Language::Vietnamese => {
            format!(
                "Content Credentials không còn hợp lệ: ảnh hoặc chính chúng đã bị thay đổi sau khi ký{codes}"
            )
        }
    }
}
