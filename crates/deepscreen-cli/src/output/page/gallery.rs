//! Records and the paths of their pictures in, cards with thumbnails out to the page. Pictures are read again for that, many
//! at a time and some dozen ahead.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deepscreen::store::Stored;
use deepscreen::{Label, Limits, Media, Screening, guard};
use deepscreen_eval::degrade::thumbnail;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;

use super::{Card, Map, Page, Thumbnail, label};
use crate::Failed;
use crate::heat_maps;
use crate::output::{record, stored_record};
use crate::text::Text;

/// The longer side of a thumbnail in pixels.
const SIDE: u32 = 224;

/// So many pictures without an indication have a thumbnail: nobody looks through ten thousand of them, and each takes some
/// ten thousand letters of the page.
const MOST_WITHOUT_INDICATION: usize = 200;

/// So many others have one: a browser opens a page of a hundred megabytes, and none of a gigabyte.
const MOST_WITH_INDICATION: usize = 10_000;

/// So many records wait for their thumbnails.
const WAITING: usize = 32;

/// A page that is made of records and of the files that they name.
pub(crate) struct Gallery {
    page: Page,
    threads: ThreadPool,
    waiting: Vec<Input>,
    without_indication: usize,
    with_indication: usize,
}

/// A record, and what it was made of.
pub(crate) struct Input {
    /// A record `deepscreen/1`, its sentences in the language of the page.
    pub(crate) record: Value,
    /// Where the picture is: the record's path, where that is all that is known.
    pub(crate) path: Option<PathBuf>,
    pub(crate) maps: Vec<Map>,
}

impl Input {
    pub(crate) fn of(screening: &Screening, text: Text) -> Self {
        let map =
            |(map, name): (&deepscreen::HeatMap, String)| Map { name, png: map.to_png(), area: map.area() };
        Self {
            record: record(screening, text),
            path: screening.input.path.clone(),
            maps: screening.evidence.iter().filter_map(heat_maps::map).map(map).collect(),
        }
    }
}

impl Input {
    /// Heat maps are not stored.
    pub(crate) fn of_stored(stored: &Stored, text: Text) -> Self {
        let path = Some(stored.path().to_owned());
        Self { record: stored_record(stored, text), path, maps: Vec::new() }
    }
}

impl Gallery {
    /// `threads` make the thumbnails: 0 for as many as there are cores.
    pub(crate) fn new(page: Page, threads: usize) -> Result<Self, Failed> {
        let threads = ThreadPoolBuilder::new().num_threads(threads).build().map_err(std::io::Error::other)?;
        Ok(Self { page, threads, waiting: Vec::new(), without_indication: 0, with_indication: 0 })
    }

    pub(crate) fn add(&mut self, input: Input) -> Result<(), Failed> {
        self.waiting.push(input);
        if self.waiting.len() < WAITING { Ok(()) } else { self.flush() }
    }

    /// Puts the page together and in its place.
    pub(crate) fn finish(mut self, elapsed: Option<Duration>) -> Result<(), Failed> {
        self.flush()?;
        self.page.finish(elapsed)
    }

    fn flush(&mut self) -> Result<(), Failed> {
        let mut inputs = Vec::new();
        for input in self.waiting.drain(..) {
            let (count, most) = match label(&input.record) {
                Label::NoIndication => (&mut self.without_indication, MOST_WITHOUT_INDICATION),
                _ => (&mut self.with_indication, MOST_WITH_INDICATION),
            };
            *count += 1;
            inputs.push((input, *count <= most));
        }
        let seen = |(input, is_shown): (Input, bool)| {
            let thumbnail = if is_shown { look(&input) } else { Thumbnail::LeftOut };
            (input, thumbnail)
        };
        let cards: Vec<(Input, Thumbnail)> =
            self.threads.install(|| inputs.into_par_iter().map(seen).collect());
        for (Input { record, maps, .. }, thumbnail) in cards {
            self.page.add(&Card { record: &record, thumbnail, maps })?;
        }
        Ok(())
    }
}

/// What there is to see of a picture now. Only what could be decoded when it was screened is opened again.
fn look(input: &Input) -> Thumbnail {
    let facts = &input.record["input"];
    if facts["width"].is_null() {
        return Thumbnail::Unreadable;
    }
    match &input.path {
        None => Thumbnail::LeftOut,
        Some(path) => small(path, facts["sha256"].as_str()).unwrap_or(Thumbnail::Gone),
    }
}

fn small(path: &Path, sha256: Option<&str>) -> deepscreen::Result<Thumbnail> {
    guard("the thumbnail", || {
        let media = Media::open(path, &Limits::default())?;
        if sha256.is_some_and(|expected| expected != hex(&media.sha256())) {
            return Ok(Thumbnail::Changed);
        }
        Ok(Thumbnail::Small(thumbnail(media.pixels()?, SIDE)?))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // To memory: it cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
