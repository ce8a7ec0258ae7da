//! A call's work in, its status out: panics end here, and so does what failed, kept for who asks.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::handles::{self, Object};
use crate::status::{self, Failure, Result, Status};

/// Does a call's work. What fails is kept for deepscreen_last_error_message().
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T>) -> std::result::Result<T, Status> {
    // What a panic leaves half done is the call's own, or a stream, whose lock knows of it.
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!("deepscreen panicked: {}", panic_message(&*panic));
        Err(Failure::new(Status::DEEPSCREEN_PANIC, message))
    });
    done.map_err(|failure| {
        let status = failure.status;
        // The end of a stream is no failure.
        if status != Status::DEEPSCREEN_END {
            status::remember(failure);
        }
        status
    })
}

/// Does a call's work and writes the handle of what it makes; 0 where it fails.
///
/// # Safety
/// `out` is null or can be written to.
pub(crate) unsafe fn guard_into(out: *mut u64, name: &str, make: impl FnOnce() -> Result<Object>) -> Status {
    let made = guard(|| {
        if out.is_null() {
            return Err(Failure::null(name));
        }
        if !out.is_aligned() {
            return Err(Failure::wrong_length(format!("{name} is not aligned")));
        }
        // SAFETY: not null and aligned; the rest is the caller's promise.
        unsafe { out.write(0) };
        let handle = handles::put(make()?)?;
        // SAFETY: as above.
        unsafe { out.write(handle) };
        Ok(())
    });
    made.map_or_else(|status| status, |()| Status::DEEPSCREEN_OK)
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn a_panic_is_a_status_with_a_message_and_leaves_no_handle() {
        let mut out = 7;
        // SAFETY: `out` can be written to.
        let status = unsafe { guard_into(&mut out, "out", || panic!("index {}", 3)) };
        assert_eq!((status, out), (Status::DEEPSCREEN_PANIC, 0));
        assert_eq!(status::last(), Status::DEEPSCREEN_PANIC);
        // SAFETY: a string of the library's own.
        let message = unsafe { CStr::from_ptr(status::last_message()) };
        assert_eq!(message.to_str(), Ok("deepscreen panicked: index 3"));
    }
}
