//! A folder or a list in, labelled pictures and what is wrong with them out. Opens no picture.
//!
//! | Layout | Read as |
//! |---|---|
//! | folders `real`, `fake`, `0_real`, `1_fake`, `nature`, `ai`, at any depth | the label; the folders above are the group (`progan/airplane`) |
//! | folders `images` and `masks` | manipulated pictures, each with the mask of the same name; folders below `images` are the group |
//! | CSV with a line of names: `path` or `filename`, `label`, perhaps `group`, `video`, `mask` | a picture a line |
//! | JSON `[{"path": .., "label": ..}]`, the same names | a picture an entry |
//! | JSON of DeepfakeBench (`preprocessing/dataset_json`) | the frames of its videos; the group is its label (`FF-DF`) |
//!
//! Labels are those of [`Truth::parse`]. Paths are relative to the list's folder or to [`Options::root`].

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use deepscreen::{Error, ErrorKind, Result};

use crate::Truth;
use crate::fault::Place;
pub use crate::fault::{Fault, FaultKind};

mod collector;
mod deepfakebench;
mod list;
mod pairs;
mod tree;

/// A labelled picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is. A picture with a mask counts as fake, unless a list says otherwise; whoever reads the mask learns
    /// whether it is empty.
    pub truth: Truth,
    /// The generator, source or method that it is of, for figures of their own.
    pub group: Option<String>,
    /// The video that it is a frame of.
    pub video: Option<String>,
    /// Where its mask lies.
    pub mask: Option<PathBuf>,
}

/// How a data set is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Folders of classes.
    Tree,
    /// Folders of pictures and of masks.
    Pairs,
    /// A table of pictures.
    Csv,
    /// An array of pictures.
    Json,
    /// DeepfakeBench's JSON.
    DeepfakeBench,
}

/// A data set: what can be used of it, and what cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// How it was read.
    pub layout: Layout,
    /// The pictures; a path is in it once. In the order of the list; of folders in byte order of the
    /// path, of DeepfakeBench in that of its keys.
    pub items: Vec<Item>,
    /// What is wrong with it, in the order in which it was found.
    pub faults: Vec<Fault>,
    /// Frames of DeepfakeBench that are of another split or compression than was asked for.
    pub left_out: u64,
}

/// How to read a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The folder that relative paths of a list begin at; `None` for the folder of the list.
    pub root: Option<PathBuf>,
    /// The split of DeepfakeBench: `train`, `val` or `test`; `None` for all. Some data sets have the same frames in
    /// several splits.
    pub split: Option<String>,
    /// The compression of FaceForensics++ in DeepfakeBench: `raw`, `c23` or `c40`; `None` for all.
    pub compression: Option<String>,
}

/// Split `test` with compression `c23`, as DeepfakeBench's `test.py` has them.
impl Default for Options {
    fn default() -> Self {
        Self { root: None, split: Some("test".into()), compression: Some("c23".into()) }
    }
}

impl Dataset {
    /// Reads the data set that a folder or a list describes.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] where the folder or the list cannot be read, [`ErrorKind::InvalidConfig`] where it is
    /// none of the layouts. What concerns one line or one file is among the [`faults`](Self::faults) instead.
    pub fn read(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        let metadata = path.metadata().map_err(|error| {
            Error::new(ErrorKind::Unreadable, "cannot be read").because(error).about(path.display())
        })?;
        if metadata.is_dir() {
            return match pairs::folders(path) {
                Some((pictures, masks)) => pairs::read(&pictures, &masks),
                None => tree::read(path),
            };
        }
        let root = options.root.as_deref().or_else(|| path.parent()).unwrap_or(Path::new(""));
        if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) {
            list::read_json(path, root, options)
        } else {
            list::read_csv(path, root)
        }
    }

    /// Several data sets as one, each with its name above its groups, so that `a/real` and `b/real` stay apart. Of a path
    /// that is in two of them the first counts. `None` for none.
    pub fn joined(datasets: Vec<(String, Self)>) -> Option<Self> {
        let mut datasets = datasets.into_iter();
        let (first_name, mut all) = datasets.next()?;
        if datasets.len() == 0 {
            return Some(all);
        }
        let place = |name: &str, item: &mut Item| {
            item.group = Some(match &item.group {
                Some(group) => format!("{name}/{group}"),
                None => name.to_owned(),
            });
            item.video = item.video.take().map(|video| format!("{name}/{video}"));
        };
        all.items.iter_mut().for_each(|item| place(&first_name, item));
        let mut known: HashMap<PathBuf, Truth> =
            all.items.iter().map(|item| (item.path.clone(), item.truth)).collect();
        for (name, dataset) in datasets {
            all.faults.extend(dataset.faults);
            all.left_out += dataset.left_out;
            for mut item in dataset.items {
                place(&name, &mut item);
                if let Some(truth) = known.get(&item.path) {
                    let message = format!("was there before as {truth}, and is {} in {name}", item.truth);
                    let kind = match *truth == item.truth {
                        true => FaultKind::Repeated,
                        false => FaultKind::Contradiction,
                    };
                    all.faults.push(Fault::new(kind, message).at(&Place::path(&item.path)));
                    continue;
                }
                known.insert(item.path.clone(), item.truth);
                all.items.push(item);
            }
        }
        // What one lacks the other may have.
        let both = [Truth::Real, Truth::Fake].iter().all(|truth| all.count(*truth) > 0);
        all.faults.retain(|fault| fault.kind != FaultKind::OneClass || !both);
        Some(all)
    }

    /// How many pictures are of that class.
    pub fn count(&self, truth: Truth) -> usize {
        self.items.iter().filter(|item| item.truth == truth).count()
    }

    /// How many faults of each kind there are.
    pub fn fault_counts(&self) -> BTreeMap<FaultKind, u64> {
        crate::fault::count(&self.faults)
    }
}
