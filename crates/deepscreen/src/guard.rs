//! Foreign code in, its result out, or an error where it panicked.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind, Result};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is inside of a decoder or an analyzer whose panic will be caught and reported as an error.
///
/// A program's panic hook can ask this, to keep what is no crash away from its user.
pub fn panic_is_caught() -> bool {
    // rten runs a network on threads of its own, which hand a panic on to the thread that waits for them.
    GUARDED.get() || std::thread::current().name().is_some_and(|name| name.starts_with("rten-"))
}

/// Runs foreign code: for who asks analyzers without a [`Screener`](crate::Screener), which does this itself.
///
/// # Errors
/// Those of `work`; a panic becomes an error of kind [`Panic`](ErrorKind::Panic) that names `source`.
pub fn guard<T>(source: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| {
        let message = format!("{source} panicked: {}", panic_message(&*panic));
        Err(Error::new(ErrorKind::Panic, message))
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_its_source() {
        let error = guard::<()>("the gif decoder", || {
            assert!(panic_is_caught());
            guard("inner", || Ok(()))?;
            panic!("index out of bounds")
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panic);
        assert_eq!(error.to_string(), "the gif decoder panicked: index out of bounds");
        assert!(!panic_is_caught());
    }
}
