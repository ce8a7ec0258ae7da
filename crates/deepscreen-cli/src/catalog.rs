//! The text of a `catalog.toml` in, checked entries out: public models and where their files are.

use std::collections::HashSet;
use std::path::{Component, Path};

use deepscreen::{Error, ErrorKind, Kind, Result};
use serde::Deserialize;

use crate::added_models::is_id;

/// Public models that can be fetched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalog {
    schema: u32,
    #[serde(default, rename = "model")]
    pub(crate) models: Vec<Entry>,
}

/// A model; `models/catalog.toml` says what its fields mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) detects: String,
    pub(crate) licence: String,
    pub(crate) homepage: String,
    pub(crate) about: String,
    pub(crate) contract: Option<String>,
    pub(crate) files: Vec<File>,
}

/// A file of a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Below the model's folder.
    pub(crate) path: String,
    pub(crate) url: String,
    pub(crate) sha256: Option<String>,
    pub(crate) bytes: Option<u64>,
}

impl Catalog {
    /// The one that travels inside.
    pub(crate) fn embedded() -> Result<Self> {
        Self::from_toml(deepscreen_models::CATALOG)
    }

    /// Reads and checks a catalogue.
    pub(crate) fn from_toml(text: &str) -> Result<Self> {
        let wrong = |message: String| Error::new(ErrorKind::InvalidConfig, message);
        let catalog: Self =
            toml::from_str(text).map_err(|error| wrong("not a catalogue".to_owned()).because(error))?;
        if catalog.schema != 1 {
            let message = format!("schema {} of a catalogue: this version knows schema 1", catalog.schema);
            return Err(wrong(message));
        }
        let mut ids = HashSet::new();
        for entry in &catalog.models {
            entry.check().map_err(|message| wrong(format!("model {:?}: {message}", entry.id)))?;
            if !ids.insert(&entry.id) {
                return Err(wrong(format!("model {:?}: listed twice", entry.id)));
            }
        }
        Ok(catalog)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.id == id)
    }
}

impl Entry {
    fn check(&self) -> Result<(), String> {
        if !is_id(&self.id) {
            return Err("lower-case letters, digits and hyphens expected in an id".to_owned());
        }
        if Kind::from_code(&self.detects).is_none() {
            let known = Kind::ALL.map(Kind::code).join(", ");
            return Err(format!("detects {:?}: one of {known} expected", self.detects));
        }
        if self.files.is_empty() {
            return Err("no files".to_owned());
        }
        // Where a file lies must not depend on whether the file system tells `A` from `a`.
        let mut paths = HashSet::from(["source.toml".to_owned()]);
        let mut urls = HashSet::new();
        if self.contract.is_some() {
            paths.insert("model.toml".to_owned());
        }
        for file in &self.files {
            file.check()?;
            if !paths.insert(file.path.to_ascii_lowercase()) {
                return Err(format!("path {:?}: taken", file.path));
            }
            if !urls.insert(&file.url) {
                return Err(format!("url {:?}: listed twice", file.url));
            }
        }
        Ok(())
    }

    /// The bytes of all files, where all are known.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl File {
    fn check(&self) -> Result<(), String> {
        let plain = |part: Component<'_>| match part {
            Component::Normal(name) => name.to_str().is_some_and(|name| !name.starts_with('.')),
            _ => false,
        };
        let portable = !self.path.contains(['\\', ':', '\0']) && !self.path.contains("//");
        if self.path.is_empty() || !portable || !Path::new(&self.path).components().all(plain) {
            return Err(format!("path {:?}: a path below the model's folder expected", self.path));
        }
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            return Err(format!("url {:?}: http or https expected", self.url));
        }
        if let Some(sha256) = &self.sha256
            && (sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return Err(format!("sha256 {sha256:?}: 64 hexadecimal digits expected"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
schema = 1
[[model]]
id = "example"
name = "Example"
detects = "face_swap"
licence = "MIT"
homepage = "https://example.org"
about = "An example."
files = [{ path = "model.onnx", url = "https://example.org/m", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }]
"#;

    /// Everything that `pull` offers has a licence and a page to read about it, comes encrypted and is what its id
    /// says, none of which a reader of the list can check.
    #[test]
    fn the_embedded_catalogue_is_sound() {
        let catalog = Catalog::embedded().unwrap();
        assert!(!catalog.models.is_empty());
        for entry in &catalog.models {
            let texts = [&entry.name, &entry.licence, &entry.homepage, &entry.about];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", entry.id);
            assert!(deepscreen_models::ALL.iter().all(|model| model.id != entry.id), "{}", entry.id);
            for file in &entry.files {
                assert!(file.url.starts_with("https://"), "{}", file.url);
                assert!(file.sha256.as_ref().is_none_or(|sha| sha.to_lowercase() == *sha), "{}", file.path);
            }
        }
    }

    #[test]
    fn each_wrong_catalogue_names_what_is_wrong() {
        Catalog::from_toml(EXAMPLE).unwrap();
        for (from, to, says) in [
            ("schema = 1", "schema = 2", "schema 2"),
            ("id = \"example\"", "id = \"../x\"", "../x"),
            ("face_swap", "magic", "ai_generated"),
            ("\"model.onnx\"", "\"../model.onnx\"", "path"),
            ("\"model.onnx\"", "\"/etc/passwd\"", "path"),
            ("\"model.onnx\"", "'a\\b'", "path"),
            ("\"model.onnx\"", "\"C:x\"", "path"),
            ("\"model.onnx\"", "\".hidden\"", "path"),
            ("\"model.onnx\"", "\"Source.toml\"", "taken"),
            ("https://example.org/m", "file:///etc/passwd", "http or https"),
            ("0000\"", "xyz!\"", "64 hexadecimal"),
            ("licence = \"MIT\"", "license = \"MIT\"", "license"),
        ] {
            assert!(EXAMPLE.contains(from), "{from}");
            let error = Catalog::from_toml(&EXAMPLE.replacen(from, to, 1)).unwrap_err();
            assert!(format!("{error:#}").contains(says), "{to}: {error:#}");
        }
    }
}
