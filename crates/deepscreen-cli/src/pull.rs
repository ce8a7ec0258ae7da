//! `deepscreen models pull`: a catalogue's entry in, a model that is whole, checked and runs out.
//!
//! The only command that uses the network.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::added_models::{self, AddedModels, cannot_be_written};
use crate::args::PullArguments;
use crate::catalog::{Catalog, Entry};
use crate::download::{self, Wanted};
use crate::output::escape;
use crate::text::Text;
use crate::{Failed, Outcome, output};

pub(crate) fn run(arguments: &PullArguments, text: Text) -> Result<Outcome, Failed> {
    let catalog = catalog(arguments.catalog.as_deref())?;
    let id = &arguments.id;
    let entry = catalog.find(id).ok_or_else(|| {
        let known: Vec<&str> = catalog.models.iter().map(|entry| entry.id.as_str()).collect();
        Failed::Message(text.not_in_the_catalogue(id, &known))
    })?;
    let store = AddedModels::open()?;
    store.check_free(id, arguments.force, text)?;
    eprint!("{}", text.announcement(entry, &store.folder(id)));

    let partial = store.partial(id);
    let work = Work::open(&partial, text)?;
    let agent = download::agent(Duration::from_secs(arguments.timeout));
    let mut unknown = Vec::new();
    for (number, file) in entry.files.iter().enumerate() {
        let wanted = Wanted { url: &file.url, sha256: file.sha256.as_deref(), bytes: file.bytes };
        let part = work.part(&file.url);
        let progress = progress(&file.path, number, entry.files.len(), file.bytes);
        let fetched = download::fetch(&agent, &wanted, &part, &progress);
        progress.finish_and_clear();
        let sha256 = fetched.map_err(|problem| Failed::Message(text.did_not_arrive(&file.url, &problem)))?;
        if file.sha256.is_none() {
            unknown.push((file.path.as_str(), sha256));
        }
    }

    let ready = work.assemble(entry)?;
    let opened = arguments.model.open(&ready).and_then(|contract| Ok(contract.with_id(id)?));
    let checked = opened.and_then(|contract| added_models::check(&contract, &ready, &arguments.engine, text));
    let mut sound = checked.map_err(|error| {
        work.keep(entry);
        Failed::Message(text.arrived_and_is_unusable(id, &error.message(text), &partial))
    })?;
    // The licence that was shown before the download: an export has none in its files.
    sound.facts.licence.clone_from(&entry.licence);
    sound.facts.from = entry.files.iter().map(|file| file.url.clone()).collect();
    store.install(&ready, id, &sound)?;
    drop(work);
    let _ = fs::remove_dir_all(&partial);

    let mut page = text.model_is_ready(id, &sound.engine);
    for (path, sha256) in unknown {
        page.push_str(&format!("  {}  SHA-256 {sha256}\n", escape(path)));
    }
    output::print(page.as_bytes())
}

fn catalog(path: Option<&Path>) -> Result<Catalog, Failed> {
    let Some(path) = path else { return Ok(Catalog::embedded()?) };
    let unreadable =
        |error| deepscreen::Error::new(deepscreen::ErrorKind::Unreadable, "cannot be read").because(error);
    let catalog = fs::read_to_string(path).map_err(unreadable).and_then(|text| Catalog::from_toml(&text));
    Ok(catalog.map_err(|error| error.about(path.display()))?)
}

/// The folder of a download, for one process at a time: `state` holds what came, `model` the model's folder.
struct Work {
    folder: PathBuf,
    _lock: File,
}

impl Work {
    fn open(folder: &Path, text: Text) -> Result<Self, Failed> {
        let state = folder.join("state");
        fs::create_dir_all(&state).map_err(|error| cannot_be_written(error, &state))?;
        let path = state.join("lock");
        let lock = File::create(&path).map_err(|error| cannot_be_written(error, &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(Failed::Message(text.is_being_pulled(folder))),
            Err(fs::TryLockError::Error(error)) => Err(cannot_be_written(error, &path).into()),
        }
    }

    /// By its address: half a file of another address is of no use.
    fn part(&self, url: &str) -> PathBuf {
        self.folder.join("state").join(&download::sha256_of(url.as_bytes())[..16]).with_extension("part")
    }

    /// The model's folder, with its files and nothing else.
    fn assemble(&self, entry: &Entry) -> Result<PathBuf, Failed> {
        let ready = self.folder.join("model");
        let _ = fs::remove_dir_all(&ready);
        fs::create_dir_all(&ready).map_err(|error| cannot_be_written(error, &ready))?;
        for file in &entry.files {
            let to = ready.join(&file.path);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| cannot_be_written(error, parent))?;
            }
            fs::rename(self.part(&file.url), &to).map_err(|error| cannot_be_written(error, &to))?;
        }
        if let Some(contract) = &entry.contract {
            let path = ready.join("model.toml");
            fs::write(&path, contract).map_err(|error| cannot_be_written(error, &path))?;
        }
        Ok(ready)
    }

    /// Puts the files back to where they came to: a model that this version cannot use need not be fetched again
    /// by the next.
    fn keep(&self, entry: &Entry) {
        for file in &entry.files {
            let _ = fs::rename(self.folder.join("model").join(&file.path), self.part(&file.url));
        }
    }
}

/// On standard error, and only where that is a terminal.
fn progress(path: &str, number: usize, files: usize, bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(format!("{}/{files} {}", number + 1, escape(path)));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
