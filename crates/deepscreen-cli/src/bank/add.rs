//! `deepscreen bank add`: pictures into a bank.

use std::path::Path;

use deepscreen::bank::{Added, Bank, Entry};
use deepscreen::{Limits, Media};
use rayon::prelude::*;

use crate::args::AddArguments;
use crate::output::{escape, print};
use crate::text::Text;
use crate::{Failed, Outcome, inputs};

/// Pictures that are hashed at the same time, and written as one.
const CHUNK: usize = 64;

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
        let read: Vec<_> = chunk.par_iter().map(|path| picture(path, &template, &limits)).collect();
        for (path, read) in chunk.iter().zip(read) {
            let added = read.and_then(|(entry, media)| {
                bank.write(|writer| {
                    let added = writer.add(&entry)?;
                    let (Added::New(id) | Added::Known(id)) = added;
                    let kept = arguments.keep_original && writer.keep_original(id, media.bytes())?;
                    Ok((added, kept))
                })
            });
            match added {
                Ok((Added::New(_), _)) => counts.added += 1,
                Ok((Added::Known(_), kept)) => {
                    counts.known += 1;
                    counts.kept += u64::from(kept);
                }
                Err(error) if error.kind() == deepscreen::ErrorKind::NotAnImage => counts.not_images += 1,
                Err(error) => {
                    counts.refused += 1;
                    let message = format!("{}: {}", path.display(), error.message());
                    eprintln!("deepscreen: {}", escape(&message));
                }
            }
        }
    }
    print(text.added(&counts).as_bytes())?;
    if counts.refused > 0 && counts.added + counts.known == 0 {
        return Err(Failed::Message(text.nothing_added(&arguments.bank)));
    }
    Ok(Outcome::Done)
}

fn picture(path: &Path, template: &Entry, limits: &Limits) -> deepscreen::Result<(Entry, Media)> {
    let media = Media::open(path, limits)?;
    let mut entry = Entry::of(&media, template.label)?;
    entry.name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    entry.source.clone_from(&template.source);
    entry.note.clone_from(&template.note);
    entry.link.clone_from(&template.link);
    Ok((entry, media))
}
