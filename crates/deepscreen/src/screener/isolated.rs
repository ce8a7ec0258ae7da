//! Inputs in, screenings out of what child processes find: the screener's two sides of [`isolation`](crate::isolation).

use std::io::{self, Read, Write};
use std::path::{Path, absolute};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Inner, Screener, Source};
use crate::analyzer::Analyzer;
use crate::error::{Error, ErrorKind, Result};
use crate::isolation::{Answer, Asked, Hello, Request, Workers, limit_memory, read, write};
use crate::media::{Format, Media};
use crate::screening::{Failure, Input, Screening};

impl Inner {
    /// Has a child look at an input.
    pub(super) fn screen_apart(&self, workers: &Workers, mut source: Source) -> Screening {
        let start = Instant::now();
        let known = source.take_known();
        let path = source.path().cloned();
        let source = match asked(source) {
            Ok(source) => source,
            Err(media) => return self.screen_here(&media, known),
        };
        let analyzers = self.analyzers.iter().map(|analyzer| analyzer.id().to_owned()).collect();
        let request = Request { source, known, analyzers };
        let answer = workers.ask(&request, self.limits.max_time).unwrap_or_else(|error| Answer {
            input: match &request.source {
                Asked::Path(path) => super::source::identity(Path::new(path), &self.limits),
                Asked::Bytes(bytes) => super::source::identity_of(bytes),
            },
            evidence: Vec::new(),
            failures: vec![Failure::new("media", &error)],
            elapsed: start.elapsed(),
        });
        let Answer { input, evidence, failures, elapsed } = answer;
        self.judge(Input { path, ..input }, evidence, failures, elapsed)
    }
}

/// What a child is to look at; the picture itself where there is nothing to decode any more.
fn asked(source: Source) -> std::result::Result<Asked, Box<Media>> {
    match source {
        Source::Path(path) => Ok(Asked::Path(absolute(&path).unwrap_or(path).into_os_string())),
        Source::Bytes(bytes) => Ok(Asked::Bytes(bytes)),
        Source::Media(media) if media.format() == Format::Pixels => Err(media),
        Source::Media(media) => Ok(Asked::Bytes(media.bytes().to_vec())),
        Source::Known { source, .. } => asked(*source),
    }
}

impl Screener {
    /// Answers, in a child process, what a screener that is [isolated](super::ScreenerBuilder::isolated) asks, until that
    /// has no more questions: then the process ends, also in the middle of an answer. `input` and `output` are its
    /// standard input and output, on which nothing else may be written.
    ///
    /// This screener must be made as that one is. Its [`max_memory`](crate::Limits::max_memory) holds from here on, on
    /// Linux; the time limits are the parent's.
    ///
    /// # Errors
    /// Where the memory cannot be limited, or the parent cannot be understood.
    pub fn serve(&self, mut input: impl Read + Send + 'static, mut output: impl Write) -> Result<()> {
        let Inner { analyzers, policy, limits, threads, .. } = &*self.inner;
        let limits = limits.clone().with_max_time(Duration::MAX);
        let broken = |error: io::Error| {
            Error::new(ErrorKind::Unreadable, "the other process cannot be understood").because(error)
        };
        limit_memory(limits.max_memory)?;
        write(&mut output, &Hello { fingerprint: self.fingerprint() }).map_err(broken)?;
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(Some(request)) = read(&mut input) {
                if sender.send(request).is_err() {
                    return;
                }
            }
            // Whoever asks is gone. What a decoder may be at, it need not come to an end.
            std::process::exit(0);
        });
        let all = Self::of(analyzers.clone(), policy.clone(), limits, threads.clone(), None);
        while let Ok(Request { source, known, analyzers }) = requests.recv() {
            let source = match source {
                Asked::Path(path) => Source::Path(path.into()),
                Asked::Bytes(bytes) => Source::Bytes(bytes),
            };
            let source = Source::Known { source: Box::new(source), evidence: known };
            let Screening { input, evidence, failures, elapsed, .. } =
                all.of_these(&analyzers)?.screen_source(source);
            write(&mut output, &Answer { input, evidence, failures, elapsed }).map_err(broken)?;
        }
        Ok(())
    }

    /// The screener that has these analyzers alone.
    fn of_these(&self, ids: &[String]) -> Result<Self> {
        if self.inner.analyzers.iter().map(|analyzer| analyzer.id()).eq(ids.iter()) {
            return Ok(self.clone());
        }
        let find = |id: &String| {
            let found = self.inner.analyzers.iter().find(|analyzer| analyzer.id() == id);
            found.cloned().ok_or_else(|| Error::new(ErrorKind::InvalidConfig, "no such analyzer").about(id))
        };
        let analyzers: Vec<Arc<dyn Analyzer>> = ids.iter().map(find).collect::<Result<_>>()?;
        Ok(self.with_analyzers(analyzers, None))
    }
}
