//! A folder of pictures and a folder of masks, each pair by name: `images/a.jpg` with `masks/a.png`, `masks/a_mask.png`
//! or `masks/a_gt.png`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deepscreen::{Result, walk};

use super::collector::{Collector, is_picture};
use super::{Dataset, FaultKind, Item, Layout};
use crate::Truth;
use crate::fault::Place;

/// What a mask's name has more than that of its picture.
const SUFFIXES: [&str; 3] = ["_mask", "_gt", "-mask"];

/// The folders of pictures and of masks, where there are both.
pub(super) fn folders(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let both = (root.join("images"), root.join("masks"));
    (both.0.is_dir() && both.1.is_dir()).then_some(both)
}

pub(super) fn read(pictures: &Path, masks: &Path) -> Result<Dataset> {
    let mut all = Collector::new();
    let mut by_name: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for mask in files(masks, &mut all) {
        if let Some(earlier) = by_name.insert(name(masks, &mask, true), mask.clone()) {
            let message = format!("is of the same picture as {}", earlier.display());
            all.fault(FaultKind::Repeated, &Place::path(&mask), message);
            by_name.insert(name(masks, &mask, true), earlier);
        }
    }
    for path in files(pictures, &mut all) {
        let place = Place::path(&path);
        let below = name(pictures, &path, false);
        // A picture may itself be called `a_mask`.
        let Some(mask) = by_name.remove(&below).or_else(|| by_name.remove(&name(pictures, &path, true)))
        else {
            all.fault(FaultKind::NoMask, &place, "has no mask");
            continue;
        };
        let folder = below.parent().filter(|folder| !folder.as_os_str().is_empty());
        let group = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
        all.add(place, Item { path, truth: Truth::Fake, group, video: None, mask: Some(mask) });
    }
    for mask in by_name.into_values() {
        all.fault(FaultKind::NoPicture, &Place::path(mask), "is a mask without a picture");
    }
    Ok(all.finish(Layout::Pairs))
}

fn files(folder: &Path, all: &mut Collector) -> Vec<PathBuf> {
    let mut pictures = Vec::new();
    for path in walk(folder) {
        if path.is_dir() {
            all.fault(FaultKind::Unreadable, &Place::path(path), "the folder cannot be read");
        } else if is_picture(&path) {
            pictures.push(path);
        } else {
            all.fault(FaultKind::NotAPicture, &Place::path(path), "is no picture by its name");
        }
    }
    pictures
}

/// The path below the folder without its end, and if asked without what makes it a mask's.
fn name(folder: &Path, path: &Path, is_mask: bool) -> PathBuf {
    let mut below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    if is_mask && let Some(name) = below.file_name().and_then(|name| name.to_str()) {
        let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned();
        below.set_file_name(stem);
    }
    below
}
