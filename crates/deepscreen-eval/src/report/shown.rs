//! Names and numbers in, what a reader sees of them out. Marks nothing up: that is for who knows the format.

use deepscreen::Language;

/// A name of strangers in one line: what a screen does not show, or what turns the direction of writing around, is
/// spelled out.
pub(super) fn name(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.extend(c.escape_default()),
            c if c.is_control() || is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// The name in at most so many characters, its middle left out: beginnings and ends tell names apart.
pub(super) fn short(text: &str, most: usize) -> String {
    let text = name(text);
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let head = most.div_ceil(2);
    let tail = most.saturating_sub(head + 1);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// Marks of direction, line and paragraph separators, byte order marks, and what XML knows no character for.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// A number with so many decimals, the decimal mark as the language writes it.
pub(super) fn number(value: f64, decimals: usize, language: Language) -> String {
    let text = format!("{value:.decimals$}");
    // What rounds to zero has no sign.
    let text =
        if text.starts_with('-') && !text.contains(|c| matches!(c, '1'..='9')) { &text[1..] } else { &text };
    let text = text.replacen('-', "\u{2212}", 1);
    localized(text, language)
}

/// A share as a percentage.
pub(super) fn percent(share: f64, decimals: usize, language: Language) -> String {
    format!("{}\u{a0}%", number(100.0 * share, decimals, language))
}

/// A difference, with its sign.
pub(super) fn signed(value: f64, language: Language) -> String {
    let text = number(value, 3, language);
    if text.starts_with('\u{2212}') || !text.contains(|c| matches!(c, '1'..='9')) {
        text
    } else {
        format!("+{text}")
    }
}

/// A threshold or a score with as many decimals as it has, at most four.
pub(super) fn score(value: f64, language: Language) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    localized(text.to_owned(), language)
}

fn localized(text: String, language: Language) -> String {
    match language {
        Language::Vietnamese => text.replacen('.', ",", 1),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(name("a\u{202e}gpj.exe\n\u{0}"), "a\\u{202e}gpj.exe\\n\\u{0}");
        assert_eq!(name("ảnh giả 假.jpg"), "ảnh giả 假.jpg");
    }

    #[test]
    fn a_long_name_keeps_its_ends() {
        assert_eq!(short("stable-diffusion-xl-1.0", 11), "stable…-1.0");
        assert_eq!(short("real", 11), "real");
    }

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let (english, vietnamese) = (Language::English, Language::Vietnamese);
        assert_eq!(number(0.9876, 3, english), "0.988");
        assert_eq!(number(0.9876, 3, vietnamese), "0,988");
        assert_eq!(number(-0.0001, 3, english), "0.000");
        assert_eq!(percent(0.1234, 1, vietnamese), "12,3\u{a0}%");
        assert_eq!(signed(0.05, english), "+0.050");
        assert_eq!(signed(-0.05, english), "\u{2212}0.050");
        assert_eq!(signed(0.0, english), "0.000");
        assert_eq!(score(0.9028, english), "0.9028");
        assert_eq!(score(0.5, vietnamese), "0,5");
    }
}
