//! `deepscreen bank add`: pictures into a bank.

use std::path::{Path, PathBuf};

use deepscreen::bank::{Added, Bank, Entry, Writer};
use deepscreen::{ErrorKind, Limits, Media};
use rayon::prelude::*;

use crate::args::AddArguments;
use crate::output::{escape, print};
use crate::text::Text;
use crate::{Failed, Outcome, inputs};

/// Pictures that are hashed at the same time, and written as one.
const CHUNK: usize = 32;

/// What became of the pictures.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) added: u64,
    pub(crate) known: u64,
    /// Of those that are there, files that are kept from now on.
    pub(crate) kept: u64,
    pub(crate) refused: u64,
    pub(crate) not_images: u64,
}

pub(super) fn run(arguments: &AddArguments, text: Text) -> Result<Outcome, Failed> {
    let bank = Bank::open(&arguments.bank)?;
    let paths = inputs::collect(&arguments.paths, text)?;
    if paths.is_empty() {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    let mut template = Entry::new(arguments.label);
    template.source.clone_from(&arguments.source);
    template.note.clone_from(&arguments.note);
    template.link.clone_from(&arguments.link);
    let limits = Limits::default();
    let mut counts = Counts::default();
    for chunk in paths.chunks(CHUNK) {
        let read = |path: &PathBuf| picture(path, &template, &limits, arguments.keep_original);
        let read: Vec<_> = chunk.par_iter().map(read).collect();
        bank.write(|writer| {
            for (path, picture) in chunk.iter().zip(read) {
                let added = match picture {
                    // What keeps a bank from being written (a full disk) ends it; what was written before stays.
                    Ok(picture) => match add(writer, &picture) {
                        Err(error) if error.kind() != ErrorKind::InvalidBank => return Err(error),
                        added => added,
                    },
                    Err(error) => Err(error),
                };
                counts.count(path, added);
            }
            Ok(())
        })?;
    }
    print(text.added(&counts).as_bytes())?;
    if counts.refused > 0 && counts.added + counts.known == 0 {
        return Err(Failed::Message(text.nothing_added(&arguments.bank)));
    }
    Ok(Outcome::Done)
}

impl Counts {
    /// One that could not be added is named on standard error.
    fn count(&mut self, path: &Path, added: deepscreen::Result<(Added, bool)>) {
        match added {
            Ok((Added::New(_), _)) => self.added += 1,
            Ok((Added::Known(_), kept)) => {
                self.known += 1;
                self.kept += u64::from(kept);
            }
            Err(error) if error.kind() == ErrorKind::NotAnImage => self.not_images += 1,
            Err(error) => {
                self.refused += 1;
                let message = format!("{}: {}", path.display(), error.message());
                eprintln!("deepscreen: {}", escape(&message));
            }
        }
    }
}

/// A picture to be added.
struct Picture {
    entry: Entry,
    /// The file, where the bank is to keep it.
    bytes: Option<Vec<u8>>,
}

fn picture(path: &Path, template: &Entry, limits: &Limits, keep: bool) -> deepscreen::Result<Picture> {
    let media = Media::open(path, limits)?;
    let mut entry = Entry::of(&media, template.label)?;
    entry.name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    entry.source.clone_from(&template.source);
    entry.note.clone_from(&template.note);
    entry.link.clone_from(&template.link);
    Ok(Picture { entry, bytes: keep.then(|| media.bytes().to_vec()) })
}

/// What became of it, and whether its file is kept from now on.
fn add(writer: &Writer<'_>, picture: &Picture) -> deepscreen::Result<(Added, bool)> {
    let added = writer.add(&picture.entry)?;
    let (Added::New(id) | Added::Known(id)) = added;
    let kept = match &picture.bytes {
        Some(bytes) => writer.keep_original(id, bytes)?,
        None => false,
    };
    Ok((added, kept))
}
