//! The JSON of DeepfakeBench (Yan et al., NeurIPS 2023), as its `preprocessing/rearrange.py` writes it:
//! data set, label, split, for FaceForensics++ the compression, then videos with `label`, `frames` and perhaps `masks`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::collector::Collector;
use super::list::located;
use super::{FaultKind, Item, Options};
use crate::Truth;
use crate::fault::Place;

const SPLITS: [&str; 3] = ["train", "val", "test"];
const COMPRESSIONS: [&str; 3] = ["raw", "c23", "c40"];

/// Adds the frames of a data set, or of whatever else the file has at its top.
pub(super) fn add(name: &str, set: &Value, root: &Path, options: &Options, all: &mut Collector) {
    let mut walk = Walk { root, options, all, group: None };
    walk.below(&mut vec![name], set, true);
}

struct Walk<'a> {
    root: &'a Path,
    options: &'a Options,
    all: &'a mut Collector,
    /// The key below the data set's name: `FF-DF`.
    group: Option<String>,
}

impl Walk<'_> {
    fn below<'a>(&mut self, keys: &mut Vec<&'a str>, value: &'a Value, is_wanted: bool) {
        let Value::Object(fields) = value else {
            let place = Place::path(keys.join("/"));
            return self.all.fault(FaultKind::Malformed, &place, "is neither a video nor a group of videos");
        };
        if let Some(frames) = fields.get("frames") {
            return self.video(keys, fields.get("label"), frames, fields.get("masks"), is_wanted);
        }
        // In byte order, whichever order serde_json was built to keep.
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in fields {
            // Below the label, so that a video that is called `test` is none.
            let is_chosen = match keys.len() {
                2 if SPLITS.contains(&key.as_str()) => chosen(&self.options.split, key),
                3 if COMPRESSIONS.contains(&key.as_str()) => chosen(&self.options.compression, key),
                _ => true,
            };
            if keys.len() == 1 {
                self.group = Some(key.clone());
            }
            keys.push(key);
            self.below(keys, value, is_wanted && is_chosen);
            keys.pop();
        }
    }

    fn video(
        &mut self,
        keys: &[&str],
        label: Option<&Value>,
        frames: &Value,
        masks: Option<&Value>,
        is_wanted: bool,
    ) {
        // Without the split, which is no part of a video's name.
        let mut named = keys.iter().enumerate().filter(|(depth, key)| *depth != 2 || !SPLITS.contains(key));
        let mut video = named.next().map(|(_, key)| (*key).to_owned()).unwrap_or_default();
        named.for_each(|(_, key)| {
            video.push('/');
            video.push_str(key);
        });
        let place = Place::path(&video);
        let Some(frames) = frames.as_array() else {
            return self.all.fault(FaultKind::Malformed, &place, "its frames are no array");
        };
        if !is_wanted {
            self.all.left_out += frames.len() as u64;
            return;
        }
        let Some(label) = label.and_then(Value::as_str) else {
            return self.all.fault(FaultKind::UnknownLabel, &place, "the video has no label");
        };
        let Some(truth) = truth(label) else {
            return self.all.fault(FaultKind::UnknownLabel, &place, format!("the label is {label:?}"));
        };
        if frames.is_empty() {
            return self.all.fault(FaultKind::NoFrames, &place, "the video has no frames");
        }
        let masks: HashMap<&str, &str> = masks
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|mask| Some((stem(mask.as_str()?), mask.as_str()?)))
            .collect();
        for frame in frames {
            let Some(frame) = frame.as_str() else {
                self.all.fault(FaultKind::Malformed, &place, "a frame that is no path");
                continue;
            };
            let mask = masks.get(stem(frame)).map(|mask| located(self.root, mask));
            let (group, video) = (self.group.clone(), Some(video.clone()));
            let item = Item { path: located(self.root, frame), truth, group, video, mask };
            self.all.add(Place::path(frame), item);
        }
    }
}

fn chosen(wanted: &Option<String>, key: &str) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == key)
}

/// The labels of `training/config/test_config.yaml` (`FF-DF`, `CelebDFv2_real`, `DFDCP_FakeA`), and others that end in
/// the class.
fn truth(label: &str) -> Option<Truth> {
    let label = label.to_ascii_lowercase();
    match label.as_str() {
        "ff-sh" | "ff-f2f" | "ff-df" | "ff-fs" | "ff-nt" | "ff-fh" | "dfdcp_fakea" | "dfdcp_fakeb" => {
            Some(Truth::Fake)
        }
        _ => match label.rsplit(['_', '-']).next() {
            Some("real") => Some(Truth::Real),
            Some("fake") => Some(Truth::Fake),
            _ => Truth::parse(&label),
        },
    }
}

/// A file's name without its end, in a path with slashes or backslashes.
fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_benchmark() {
        // https://github.com/SCLBD/DeepfakeBench, training/config/test_config.yaml, `label_dict`.
        for (label, is_fake) in [
            ("DFD_fake", 1),
            ("DFD_real", 0),
            ("FF-SH", 1),
            ("FF-F2F", 1),
            ("FF-DF", 1),
            ("FF-FS", 1),
            ("FF-NT", 1),
            ("FF-FH", 1),
            ("FF-real", 0),
            ("CelebDFv1_real", 0),
            ("CelebDFv1_fake", 1),
            ("CelebDFv2_real", 0),
            ("CelebDFv2_fake", 1),
            ("DFDCP_Real", 0),
            ("DFDCP_FakeA", 1),
            ("DFDCP_FakeB", 1),
            ("DFDC_Fake", 1),
            ("DFDC_Real", 0),
            ("DF_fake", 1),
            ("DF_real", 0),
            ("UADFV_Fake", 1),
            ("UADFV_Real", 0),
            ("roop_Real", 0),
            ("roop_Fake", 1),
        ] {
            let expected = if is_fake == 1 { Truth::Fake } else { Truth::Real };
            assert_eq!(truth(label), Some(expected), "{label}");
        }
        assert_eq!(truth("FF-XY"), None);
    }
}
