//! One child: started, asked, waited for no longer than it may take, ended.

use std::io::{BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::message::{Answer, Hello, Request, read, write};
use super::unavailable;
use crate::error::{Error, ErrorKind, Result};

/// Loading models takes a while, and longer on a busy machine.
const PATIENCE_AT_THE_START: Duration = Duration::from_secs(120);

/// How long a child that says nothing more may take to be gone.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(2);

/// So much of what a child last said on its standard error is kept.
const LAST_WORDS: usize = 4096;

/// A child process.
pub(super) struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: mpsc::Receiver<Answer>,
    last_words: Arc<Mutex<Vec<u8>>>,
    hears_last_words: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts one and waits until it is ready.
    pub(super) fn start(mut command: Command, fingerprint: &[u8; 32]) -> Result<Self> {
        let failed = |error: std::io::Error| {
            unavailable("the process that looks at pictures cannot be started").because(error)
        };
        // Ctrl-C on a terminal is for the parent, which decides what is still to be done.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(requests), Some(stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (hello, greeting) = mpsc::channel();
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            if let Ok(Some(said)) = read::<Hello>(&mut stdout) {
                let _ = hello.send(said);
                while let Ok(Some(answer)) = read(&mut stdout) {
                    if sender.send(answer).is_err() {
                        break;
                    }
                }
            }
        });
        let last_words = Arc::new(Mutex::new(Vec::new()));
        let kept = last_words.clone();
        let hears_last_words = thread::spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..count]);
                let surplus = kept.len().saturating_sub(LAST_WORDS);
                kept.drain(..surplus);
            }
        });
        let hears_last_words = Some(hears_last_words);
        let mut worker = Self { child, requests, answers, last_words, hears_last_words };
        match greeting.recv_timeout(PATIENCE_AT_THE_START) {
            Ok(Hello { fingerprint: said }) if said == *fingerprint => Ok(worker),
            Ok(_) => Err(unavailable(
                "the process that looks at pictures has another version, other analyzers, models, lists or limits than this one",
            )),
            Err(_) => {
                let (status, words) = worker.end();
                let words = words.trim_end();
                let mut message = format!("the process that looks at pictures does not start ({status})");
                if !words.is_empty() {
                    message += ": ";
                    message += words;
                }
                Err(unavailable(message))
            }
        }
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it answers. After an error it is of no more use.
    pub(super) fn ask(&mut self, request: &Request, patience: Duration) -> Result<Answer> {
        // Where that fails the child has died, and so will the answer.
        let _ = write(&mut self.requests, request);
        match self.answers.recv_timeout(patience) {
            Ok(answer) => Ok(answer),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(took_too_long(patience)),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let (status, words) = self.end();
                Err(died(&status, &words))
            }
        }
    }

    /// Ends it, and says how it ended and what it said last.
    fn end(&mut self) -> (String, String) {
        let status = self.wait();
        if let Some(thread) = self.hears_last_words.take() {
            let _ = thread.join();
        }
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let status = status.map_or_else(|| "it was ended".to_owned(), |status| status.to_string());
        (status, String::from_utf8_lossy(&words).into_owned())
    }

    /// How it ended by itself; `None` where it had to be ended.
    fn wait(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE_AT_THE_END {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Ok(status) => return status,
                Err(_) => break,
            }
        }
        self.kill();
        None
    }

    fn kill(&mut self) {
        // One that has ended already cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The error of an input that was given up.
pub(crate) fn took_too_long(patience: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("longer than the limit of {} s", patience.as_secs_f64()))
}

/// Rust says so before it ends a process whose memory is used up.
const NO_MEMORY: &str = "memory allocation of";

fn died(status: &str, words: &str) -> Error {
    if words.contains(NO_MEMORY) {
        Error::new(ErrorKind::TooLarge, "more memory than the limit")
    } else {
        Error::new(ErrorKind::Panic, format!("the process that looked at it has died ({status})"))
    }
}
