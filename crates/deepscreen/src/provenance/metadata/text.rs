//! Bytes of one of the many encodings that metadata comes in, text out.

/// A text ends with the first zero byte here, as EXIF and PNG have it.
pub(super) fn terminated(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// UTF-8, and Latin-1 where it is none.
pub(super) fn from_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A long text that was cut in the middle of a character does not become Latin-1 by that.
        Err(error) if error.error_len().is_none() && bytes.len() > 4096 => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => latin1(bytes),
    }
}

/// ISO 8859-1, which PNG's older chunks are in.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// UTF-16 in the order that its mark names, or else in the one that makes more of it Latin letters: writers of EXIF
/// disagree on it.
pub(super) fn utf16(bytes: &[u8], little_by_default: bool) -> String {
    let (little, bytes) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (true, rest),
        [0xFE, 0xFF, rest @ ..] => (false, rest),
        _ => {
            let pairs = bytes.as_chunks::<2>().0;
            let high_first = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
            let low_first = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
            let little = if high_first == low_first { little_by_default } else { low_first > high_first };
            (little, bytes)
        }
    };
    let unit = |pair: &[u8; 2]| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
    let units = bytes.as_chunks::<2>().0.iter().map(unit).take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_told_from_the_others() {
        assert_eq!(from_bytes("ảnh".as_bytes()), "ảnh");
        let long = "ả".repeat(2000);
        assert_eq!(from_bytes(&long.as_bytes()[..5999]), "ả".repeat(1999));
        assert_eq!(from_bytes(b"caf\xE9"), "café");
        assert_eq!(from_bytes(b"caf\xE9 noir"), "café noir");
        assert_eq!(utf16(b"\0a\0b", true), "ab");
        assert_eq!(utf16(b"a\0b\0", false), "ab");
        assert_eq!(utf16(b"\xFE\xFF\0a\0\0\0b", true), "a");
        assert_eq!(utf16(b"N-", false), "\u{4e2d}");
        assert_eq!(terminated(b"ab\0cd"), b"ab");
    }
}
