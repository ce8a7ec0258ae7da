//! Records in, a log in SARIF 2.1.0 out (OASIS, 2020), which CI systems show beside the files: a result for every reason
//! why a picture is likely manipulated (an error) or needs review (a warning), and for every picture that could not be
//! judged (a note).
//!
//! Results are written as they come. What they rest on, the rules, follows them: in JSON the order means nothing.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use deepscreen::Label;
use serde_json::{Value, json};

use super::{Sink, escape};
use crate::Failed;
use crate::text::Text;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// So many analyzers' failures are listed; the rest is counted.
const MOST_NOTIFICATIONS: usize = 1000;

/// A log as it grows.
pub(crate) struct Results {
    out: Sink,
    text: Text,
    is_first: bool,
    /// The place of each rule, and all of them in that order.
    places: HashMap<String, usize>,
    rules: Vec<Value>,
    notifications: Vec<Value>,
    notifications_left_out: u64,
}

impl Results {
    pub(crate) fn new(mut out: Sink, text: Text) -> Result<Self, Failed> {
        write!(out, r#"{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{"results":["#)?;
        Ok(Self {
            out,
            text,
            is_first: true,
            places: HashMap::new(),
            rules: Vec::new(),
            notifications: Vec::new(),
            notifications_left_out: 0,
        })
    }

    /// `path` is where the picture is; a record has its name only, in which bytes that are no UTF-8 are lost.
    pub(crate) fn add(&mut self, record: &Value, path: Option<&Path>) -> Result<(), Failed> {
        let failures = || record["failures"].as_array().into_iter().flatten();
        if failures().any(|failure| failure["code"] == "not_an_image") {
            return Ok(());
        }
        let label = record["verdict"]["label"].as_str().unwrap_or_default();
        let level = match Label::ALL.into_iter().find(|known| known.code() == label) {
            Some(Label::LikelyManipulated) => "error",
            Some(Label::NeedsReview) => "warning",
            Some(Label::NoIndication) => "none",
            _ => "note",
        };
        let uri = match (path, record["input"]["path"].as_str()) {
            (Some(path), _) => Some(uri(path)),
            (None, Some(name)) => Some(uri(Path::new(name))),
            (None, None) => None,
        };
        let locations: Vec<Value> = uri
            .map(|uri| {
                // GitHub shows no result without a line, be it of a picture.
                json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}})
            })
            .into_iter()
            .collect();

        // Analyzers that failed change no label here, but nobody shall think that they looked.
        for failure in failures().filter(|it| it["source"] != "media" && it["code"] != "not_applicable") {
            if self.notifications.len() == MOST_NOTIFICATIONS {
                self.notifications_left_out += 1;
                continue;
            }
            let message = format!("{}: {}", field(failure, "source"), self.failure(failure));
            self.notifications.push(json!({
                "level": "warning", "message": {"text": message}, "locations": locations,
            }));
        }
        if level == "none" {
            return Ok(());
        }

        // What it says, for how sure and by which rule.
        let mut said: Vec<(String, String, Value)> = Vec::new();
        for failure in failures().filter(|it| it["source"] == "media") {
            let message = self.text.could_not_be_judged(&self.failure(failure));
            said.push((format!("media.{}", field(failure, "code")), message, Value::Null));
        }
        if said.is_empty() {
            for reason in record["verdict"]["reasons"].as_array().into_iter().flatten() {
                let message = escape(field(reason, "message"));
                said.push((escape(field(reason, "code")), message, reason["strength"].clone()));
            }
        }
        if said.is_empty() {
            let why: Vec<String> = failures().map(|failure| self.failure(failure)).collect();
            said.push((
                "inconclusive".to_owned(),
                self.text.could_not_be_judged(&why.join("; ")),
                Value::Null,
            ));
        }
        for (rule, message, strength) in said {
            let place = self.rule(&rule);
            let mut properties = json!({
                "label": label,
                "probability": record["verdict"]["probability"],
                "kinds": record["verdict"]["kinds"],
            });
            if !strength.is_null() {
                properties["strength"] = strength;
            }
            let mut result = json!({
                "ruleId": rule,
                "ruleIndex": place,
                "level": level,
                "message": {"text": sentence(&message)},
                "locations": locations,
                "properties": properties,
            });
            // The same file is the same result, wherever it is moved.
            if let Some(sha256) = record["input"]["sha256"].as_str() {
                result["partialFingerprints"] = json!({"sha256/v1": sha256});
            }
            let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
            write!(self.out, "{comma}\n{result}")?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), Failed> {
        if self.notifications_left_out > 0 {
            let message = format!("+ {}", self.notifications_left_out);
            self.notifications.push(json!({"level": "warning", "message": {"text": message}}));
        }
        let tool = json!({"driver": {
            "name": "deepscreen",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": self.rules,
        }});
        let invocations = json!([{
            "executionSuccessful": true,
            "toolExecutionNotifications": self.notifications,
        }]);
        let language = self.text.language().code();
        writeln!(
            self.out,
            "\n],\n\"tool\":{tool},\n\"invocations\":{invocations},\n\"language\":\"{language}\"}}]}}"
        )?;
        Ok(self.out.flush()?)
    }

    fn failure(&self, failure: &Value) -> String {
        let words = self.text.failure_code(field(failure, "code"));
        escape(&format!("{words}, {}", field(failure, "message")))
    }

    /// The place of a rule among those of the run.
    fn rule(&mut self, id: &str) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let about = match id.strip_prefix("media.") {
            Some(code) => self.text.could_not_be_judged(&self.text.failure_code(code)),
            None if id == "inconclusive" => self.text.label_means(Label::Inconclusive).to_owned(),
            None => self.text.reason_code(id),
        };
        self.rules.push(json!({"id": id, "shortDescription": {"text": sentence(&about)}}));
        self.places.insert(id.to_owned(), self.rules.len() - 1);
        self.rules.len() - 1
    }
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let sentence: String = first.chain(letters).collect();
    if sentence.ends_with('.') { sentence } else { sentence + "." }
}

/// A path as RFC 3986 writes it: relative where it is relative.
fn uri(path: &Path) -> String {
    let mut bytes = bytes_of(path);
    if cfg!(windows) {
        bytes.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    let mut rest = bytes.as_slice();
    let mut uri = String::new();
    if path.is_absolute() {
        uri.push_str(if rest.starts_with(b"/") { "file://" } else { "file:///" });
    } else {
        while let Some(below) = rest.strip_prefix(b"./") {
            rest = below;
        }
    }
    for byte in rest {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(unix)]
fn bytes_of(path: &Path) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()
}

#[cfg(not(unix))]
fn bytes_of(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_and_stay_relative() {
        for (path, expected) in [
            ("a/b.jpg", "a/b.jpg"),
            ("./a.jpg", "a.jpg"),
            ("../ảnh 1.jpg", "../%E1%BA%A3nh%201.jpg"),
            ("c:d#?%.jpg", "c%3Ad%23%3F%25.jpg"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
        if cfg!(unix) {
            assert_eq!(uri(Path::new("/a b")), "file:///a%20b");
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_utf_8_are_kept() {
        let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"a\xff.jpg");
        assert_eq!(uri(Path::new(name)), "a%FF.jpg");
    }

    #[test]
    fn messages_are_sentences() {
        assert_eq!(sentence("perhaps edited"), "Perhaps edited.");
        assert_eq!(sentence("ảnh."), "Ảnh.");
    }
}
