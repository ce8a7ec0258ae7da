//! Folders that are named after classes: ForenSynths (`progan/airplane/0_real`), GenImage (`sdv4/val/ai`), and
//! `real` beside `fake`, at any depth.

use std::path::{Component, Path};

use deepscreen::{Error, ErrorKind, Result, walk};

use super::collector::{Collector, is_picture};
use super::{Dataset, FaultKind, Item, Layout};
use crate::Truth;
use crate::fault::Place;

pub(super) fn read(root: &Path) -> Result<Dataset> {
    let mut all = Collector::new();
    let mut found_class = false;
    for path in walk(root) {
        let place = Place::path(&path);
        let below = path.strip_prefix(root).unwrap_or(&path);
        if path.is_dir() {
            all.fault(FaultKind::Unreadable, &place, "the folder cannot be read");
            continue;
        }
        let folders: Vec<String> = below
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        let mut classes = folders.iter().enumerate().filter_map(|(depth, name)| Some((depth, class(name)?)));
        let first = classes.next();
        found_class |= first.is_some();
        match first {
            _ if !is_picture(&path) => all.fault(FaultKind::NotAPicture, &place, "is no picture by its name"),
            None => all.fault(FaultKind::UnknownLabel, &place, "lies in no folder of a class"),
            Some((_, truth)) if classes.any(|(_, below)| below != truth) => {
                all.fault(FaultKind::UnknownLabel, &place, "lies in folders of both classes");
            }
            Some((depth, truth)) => {
                let group = (depth > 0).then(|| folders[..depth].join("/"));
                all.add(place, Item { path, truth, group, video: None, mask: None });
            }
        }
    }
    if !found_class {
        let message = "no folder below is named after a class (real and fake, 0_real and 1_fake, nature and ai), and \
                       there are no folders images and masks";
        return Err(Error::new(ErrorKind::InvalidConfig, message).about(root.display()));
    }
    Ok(all.finish(Layout::Tree))
}

/// As a label, but for bare digits: those are numbers of videos and of categories too.
fn class(folder: &str) -> Option<Truth> {
    Truth::parse(folder).filter(|_| !matches!(folder.trim(), "0" | "1"))
}
