//! What a screener is made of in, a screener with its threads and children out.

use std::process::Command;
use std::sync::Arc;

use super::{STACK, Screener};
use crate::analyzer::Analyzer;
use crate::error::{Error, ErrorKind, Result};
use crate::isolation::{Start, Workers};
use crate::media::Limits;
use crate::policy::Policy;

/// Collects what a [`Screener`] is made of.
#[must_use]
#[derive(Default)]
pub struct ScreenerBuilder {
    analyzers: Vec<Arc<dyn Analyzer>>,
    policy: Policy,
    limits: Limits,
    threads: usize,
    isolated: Option<Start>,
}

impl ScreenerBuilder {
    /// Adds an analyzer. They run in the order in which they are added.
    pub fn analyzer(mut self, analyzer: impl Analyzer + 'static) -> Self {
        self.analyzers.push(Arc::new(analyzer));
        self
    }

    /// Replaces the default policy.
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Replaces the default limits.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// How many threads [`screen_many`](Screener::screen_many) uses; 0, the default, means one a core.
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Has child processes look at the pictures, one for each thread that asks, one picture at a time: for uploads of people
    /// who mean harm. One that takes longer than [`max_time`](Limits::max_time) is ended, one that takes more memory than
    /// [`max_memory`](Limits::max_memory) or dies of something else has its input fail, and the next input gets another.
    ///
    /// `start` gives what to run: a program that makes the same screener, but for this, and calls [`Screener::serve`]. It is no
    /// sandbox: what it may read and write, a child may.
    ///
    /// Where analyzers are replaced, the children are started anew and must have the new ones, too.
    ///
    /// ```no_run
    /// use deepscreen::{HashAnalyzer, Screener};
    ///
    /// let builder = Screener::builder().analyzer(HashAnalyzer);
    /// if std::env::args().nth(1).is_some_and(|argument| argument == "worker") {
    ///     return builder.build()?.serve(std::io::stdin(), std::io::stdout());
    /// }
    /// let program = std::env::current_exe().unwrap();
    /// let start = move || {
    ///     let mut command = std::process::Command::new(&program);
    ///     command.arg("worker");
    ///     command
    /// };
    /// let screener = builder.isolated(start).build()?;
    /// let screening = screener.screen_source(std::path::PathBuf::from("upload.jpg"));
    /// # Ok::<(), deepscreen::Error>(())
    /// ```
    pub fn isolated(self, start: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self { isolated: Some(Arc::new(start)), ..self }
    }

    /// Builds the screener and starts its threads.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for two analyzers of one id, or where the system refuses
    /// the threads; [`EngineUnavailable`](ErrorKind::EngineUnavailable) where a child cannot be started or has another
    /// screener.
    pub fn build(self) -> Result<Screener> {
        let mut ids: Vec<&str> = self.analyzers.iter().map(|analyzer| analyzer.id()).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::new(ErrorKind::InvalidConfig, "two analyzers of this id").about(pair[0]));
        }
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(crate::threads_or_cores(self.threads))
            .thread_name(|i| format!("deepscreen-{i}"))
            .stack_size(STACK)
            .build()
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, "no threads").because(error))?;
        let Self { analyzers, policy, limits, isolated, .. } = self;
        let screener = Screener::of(analyzers, policy, limits, Arc::new(threads), None);
        let Some(start) = isolated else { return Ok(screener) };
        let workers = Workers::new(start, screener.fingerprint());
        workers.check()?;
        Ok(screener.asking(workers))
    }
}
