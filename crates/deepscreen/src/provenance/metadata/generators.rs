//! A field in, the tool that left it out, by the table `generators.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::evidence::Kind;

/// The table, as it travels inside.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    software_fields: Vec<String>,
    mention_fields: Vec<String>,
    mentions: Vec<String>,
    tool: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: String,
    #[serde(default)]
    software: Vec<String>,
    #[serde(default)]
    named: Vec<String>,
    #[serde(default)]
    sign: Vec<Sign>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    fields: Vec<String>,
    #[serde(default)]
    has: Vec<String>,
}

/// A tool that a field speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Table =
            toml::from_str(include_str!("generators.toml")).unwrap_or_else(|_| Table::nothing());
        for tool in &mut table.tool {
            for name in tool.software.iter_mut().chain(&mut tool.named) {
                *name = name.to_lowercase();
            }
        }
        table
    })
}

impl Table {
    /// A test reads the table, so that this never stands in for it.
    fn nothing() -> Self {
        Self {
            software_fields: Vec::new(),
            mention_fields: Vec::new(),
            mentions: Vec::new(),
            tool: Vec::new(),
        }
    }
}

impl Entry {
    fn tool(&'static self) -> Tool {
        // A test holds that every kind is one.
        Tool { name: &self.name, kind: Kind::from_code(&self.kind).unwrap_or(Kind::Edited) }
    }
}

/// Whether a field names the software that wrote the file.
pub(super) fn names_software(field: &str) -> bool {
    table().software_fields.iter().any(|known| known == field)
}

/// The tool that left a field.
pub(super) fn tool_of(field: &str, value: &str) -> Option<Tool> {
    let table = table();
    // Only as much as a name can have: what stands behind is no name any more.
    let software = names_software(field).then(|| value.chars().take(512).collect::<String>().to_lowercase());
    let fits = |entry: &&Entry| {
        let left = |sign: &Sign| {
            sign.fields.iter().any(|known| known == field)
                && sign.has.iter().all(|part| value.contains(part.as_str()))
        };
        let names = |value: &String| {
            entry.software.iter().any(|name| has_words(value, name))
                || entry.named.iter().any(|name| is_named(value, name))
        };
        entry.sign.iter().any(left) || software.as_ref().is_some_and(names)
    };
    table.tool.iter().find(fits).map(Entry::tool)
}

/// The generator, or the word for one, that a person named in a field for authors or keywords: the tool where it is one.
pub(super) fn mention_in(field: &str, value: &str) -> Option<Option<Tool>> {
    let table = table();
    if !table.mention_fields.iter().any(|known| known == field) {
        return None;
    }
    value.split([',', ';', '|']).take(64).find_map(|keyword| {
        let keyword = keyword.trim().to_lowercase();
        let is_meant = |entry: &&Entry| {
            let names = entry.software.iter().chain(&entry.named);
            entry.kind != "edited"
                && (entry.name.to_lowercase() == keyword || names.into_iter().any(|name| *name == keyword))
        };
        match table.tool.iter().find(is_meant) {
            Some(entry) => Some(Some(entry.tool())),
            None => table.mentions.contains(&keyword).then_some(None),
        }
    })
}

/// Whether `words` stand in `text` with no letter or digit beside them; both in lower case.
fn has_words(text: &str, words: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // Chinese, Japanese and Korean have no spaces between words.
    let is_spaced = words.is_ascii();
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + words.len()..]);
        !is_spaced || !(is_part(before.chars().next_back()) || is_part(after.chars().next()))
    })
}

/// Whether `text` is the name and, at most, a version: `sora 2`, `flux v1.1`.
fn is_named(text: &str, name: &str) -> bool {
    let Some(rest) = text.trim().strip_prefix(name) else { return false };
    let version = rest.trim_start_matches([' ', '-', '_', '/']).trim_start_matches('v');
    rest.is_empty()
        || (rest.len() > version.len() || !rest.starts_with(char::is_alphanumeric))
            && version.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound_and_knows_the_tools() {
        let table: Table = toml::from_str(include_str!("generators.toml")).unwrap();
        let mut names: Vec<&str> = table.tool.iter().map(|tool| tool.name.as_str()).collect();
        for tool in &table.tool {
            assert!(Kind::from_code(&tool.kind).is_some(), "{}: {}", tool.name, tool.kind);
            assert!(
                !(tool.software.is_empty() && tool.named.is_empty() && tool.sign.is_empty()),
                "{}",
                tool.name
            );
        }
        let generators = table.tool.iter().filter(|tool| tool.kind != "edited").count();
        assert!(generators >= 90, "{generators} generators");
        assert!(table.tool.len() - generators >= 50, "{} editors", table.tool.len() - generators);
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "two tools of one name");
    }

    #[test]
    fn each_tool_is_found_by_its_own_names() {
        for entry in &table().tool {
            for name in entry.software.iter().chain(&entry.named) {
                let found = tool_of("exif.Software", name).map(|tool| tool.kind);
                assert_eq!(found, Kind::from_code(&entry.kind), "{name} of {}", entry.name);
            }
        }
    }

    #[test]
    fn names_count_as_whole_words_and_where_software_is_named() {
        for (field, value, expected) in [
            ("exif.Software", "Adobe Photoshop 25.0 (Windows)", Some("Adobe Photoshop")),
            ("exif.Software", "MIDJOURNEY v6", Some("Midjourney")),
            ("exif.Make", "Ideogram AI", Some("Ideogram")),
            ("xmp.xmp:CreatorTool", "DALL·E 3", Some("DALL-E")),
            ("exif.Software", "即梦AI", Some("Dreamina (Jimeng)")),
            ("exif.Software", "Sora 2", Some("Sora")),
            ("exif.Software", "flux-v1.1", Some("FLUX")),
            ("exif.Software", "wan2.6", None),
            ("exif.Software", "Gemini", Some("Google AI")),
            ("exif.Software", "Wan 2.6", Some("Qwen Image")),
            ("exif.Software", "Muse Hub 3", None),
            ("exif.Software", "Flux Capacitor Firmware", None),
            ("exif.Software", "Fluxus", None),
            ("exif.Software", "aurora soraya 1.0", None),
            ("exif.Model", "Gemini", None),
            ("xmp.photoshop:Credit", "OpenAI", None),
            ("xmp.photoshop:Credit", "Made with Google AI", Some("Google AI")),
            ("exif.Software", "Imagenomic Portraiture", None),
            ("exif.ImageDescription", "Midjourney", None),
            ("jpeg.comment", "made with Midjourney", None),
            ("gif.comment", "ComfyUI", None),
            ("png.text.Comment", "Stable Diffusion", None),
        ] {
            assert_eq!(tool_of(field, value).map(|tool| tool.name), expected, "{field} {value}");
        }
    }

    #[test]
    fn a_keyword_is_a_hint_only_as_a_whole() {
        for (field, value, expected) in [
            ("xmp.dc:subject", "Generative AI", Some(None)),
            ("exif.XPKeywords", "cat; AI generated", Some(None)),
            ("xmp.dc:creator", "Midjourney", Some(Some("Midjourney"))),
            ("xmp.dc:creator", "Flux", Some(Some("FLUX"))),
            ("iptc.Credit", "OpenAI", Some(Some("ChatGPT"))),
            ("iptc.Credit", "OpenAI/Handout", None),
            ("iptc.Keywords", "not AI generated", None),
            ("iptc.Keywords", "Adobe Photoshop", None),
            ("iptc.Headline", "AI generated", None),
        ] {
            let found = mention_in(field, value).map(|tool| tool.map(|tool| tool.name));
            assert_eq!(found, expected, "{field} {value}");
        }
    }
}
