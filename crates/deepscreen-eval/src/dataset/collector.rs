//! Takes pictures one after the other; finds what is missing, twice there, or of one class only.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::{Dataset, Fault, FaultKind, Item, Layout};
use crate::Truth;
use crate::fault::Place;

pub(super) struct Collector {
    items: Vec<Item>,
    places: Vec<Place>,
    pub(super) faults: Vec<Fault>,
    pub(super) left_out: u64,
    known: HashMap<PathBuf, usize>,
    /// By item: something else says that it is of the other class.
    contradicted: Vec<bool>,
}

impl Collector {
    pub(super) fn new() -> Self {
        Self {
            items: Vec::new(),
            places: Vec::new(),
            faults: Vec::new(),
            left_out: 0,
            known: HashMap::new(),
            contradicted: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, kind: FaultKind, place: &Place, message: impl Into<String>) {
        self.faults.push(Fault::new(kind, message).at(place));
    }

    pub(super) fn add(&mut self, place: Place, item: Item) {
        if let Some(known) = self.known.get(&plain(&item.path)).copied() {
            let first = match self.places[known].line {
                Some(line) => format!(" in line {line}"),
                None => String::new(),
            };
            if self.items[known].truth == item.truth {
                return self.fault(FaultKind::Repeated, &place, format!("was there before{first}"));
            }
            let message =
                format!("is {} here and {}{first}: neither is taken", item.truth, self.items[known].truth);
            self.contradicted[known] = true;
            return self.fault(FaultKind::Contradiction, &place, message);
        }
        if !item.path.is_file() {
            return self.fault(FaultKind::Missing, &place, "does not exist");
        }
        if let Some(mask) = item.mask.as_ref().filter(|mask| !mask.is_file()) {
            let message = format!("its mask {} does not exist", mask.display());
            return self.fault(FaultKind::NoMask, &place, message);
        }
        self.known.insert(plain(&item.path), self.items.len());
        self.items.push(item);
        self.places.push(place);
        self.contradicted.push(false);
    }

    pub(super) fn finish(self, layout: Layout) -> Dataset {
        let mut faults = self.faults;
        let kept = self.items.into_iter().zip(self.contradicted);
        let items: Vec<Item> =
            kept.filter_map(|(item, is_contradicted)| (!is_contradicted).then_some(item)).collect();
        let fakes = items.iter().filter(|item| item.truth == Truth::Fake).count();
        match (items.len(), fakes) {
            (0, _) => faults.push(Fault::new(FaultKind::OneClass, "no picture is left")),
            (count, fakes) if fakes == count => {
                faults.push(Fault::new(FaultKind::OneClass, "all pictures are fake"));
            }
            (_, 0) => faults.push(Fault::new(FaultKind::OneClass, "all pictures are real")),
            _ => {}
        }
        Dataset { layout, items, faults, left_out: self.left_out }
    }
}

/// The path without `.` and `a/..`, as far as that can be told without a look at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Whether a name is that of a picture: by how it ends, since nothing is opened here.
pub(super) fn is_picture(path: &Path) -> bool {
    const ENDS: &[&str] = &[
        "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff", "heic",
        "heif", "hif", "avif", "jxl", "ico", "tga", "hdr", "exr", "qoi", "pnm", "pbm", "pgm", "ppm", "pam",
        "ff", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw",
    ];
    let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let end = path.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase);
    !is_hidden && end.is_some_and(|end| ENDS.contains(&end.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_by_any_detour() {
        for path in ["a/b.jpg", "./a/b.jpg", "a/./b.jpg", "a/c/../b.jpg", "a//b.jpg"] {
            assert_eq!(plain(Path::new(path)), Path::new("a/b.jpg"), "{path}");
        }
        assert_eq!(plain(Path::new("../b.jpg")), Path::new("../b.jpg"));
        assert_eq!(plain(Path::new("../../b.jpg")), Path::new("../../b.jpg"));
    }
}
