//! Work in, what it gave out, or that it took too long.
//!
//! No thread can be ended from outside. So each thread that must not wait for ever has one beside it that does the work,
//! and leaves it behind where it takes too long: what it does then is lost, the core and the memory that it holds are its
//! own until it comes to an end by itself.

use std::cell::RefCell;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does another's work.
struct Beside {
    jobs: Sender<Job>,
    /// The process that it belongs to: of a process that forks, only the thread that does so is in the other one.
    process: u32,
}

thread_local! {
    /// Does the work of this thread. It ends with it, or with what it does when it is left behind.
    static BESIDE: RefCell<Option<Beside>> = const { RefCell::new(None) };
}

/// Does `work` on a thread beside the calling one; `None` where it takes longer than `patience`. With
/// [`Duration::MAX`] it is done right here.
pub(super) fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if patience == Duration::MAX {
        return Some(work());
    }
    let (sender, done) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || {
        // Nobody waits any more for what came too late.
        let _ = sender.send(work());
    });
    if let Err(job) = hand_over(job) {
        // Without another thread there is no limit, which is better than no answer.
        job();
    }
    let in_time = done.recv_timeout(patience).ok();
    if in_time.is_none() {
        BESIDE.take();
    }
    in_time
}

/// Gives the job to the thread beside this one; back where there can be none.
fn hand_over(mut job: Job) -> Result<(), Job> {
    let process = std::process::id();
    if let Some(beside) = BESIDE.take().filter(|beside| beside.process == process) {
        match beside.jobs.send(job) {
            Ok(()) => {
                BESIDE.set(Some(beside));
                return Ok(());
            }
            Err(mpsc::SendError(refused)) => job = refused,
        }
    }
    let (jobs, work) = mpsc::channel::<Job>();
    let name = thread::current().name().map_or_else(String::new, |name| format!("{name}-work"));
    let beside = thread::Builder::new().name(name).stack_size(super::STACK);
    if beside.spawn(move || work.iter().for_each(|job| job())).is_err() {
        return Err(job);
    }
    jobs.send(job).map_err(|mpsc::SendError(refused)| refused)?;
    BESIDE.set(Some(Beside { jobs, process }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn what_takes_too_long_is_left_behind_and_the_next_is_done() {
        assert_eq!(within(Duration::from_secs(60), || 1), Some(1));
        let (release, held) = mpsc::channel::<()>();
        let start = Instant::now();
        assert_eq!(within(Duration::from_millis(20), move || held.recv()), None);
        assert!(start.elapsed() >= Duration::from_millis(20));
        let id = || thread::current().id();
        let [one, other] = [(); 2].map(|()| within(Duration::from_secs(60), id));
        assert!(one.is_some() && one == other, "one thread does all");
        assert_ne!(one, Some(id()));
        assert_eq!(within(Duration::MAX, id), Some(id()));
        drop(release);
    }
}
