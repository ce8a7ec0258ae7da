//! Ctrl-C: the first asks to come to an end, the second ends at once.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::text::Text;

/// As shells report a program that SIGINT ended: 128 and the signal's number.
pub(crate) const STATUS: u8 = 130;

static HAPPENED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C is only noted, once. Where that cannot be, it ends the program as ever.
pub(crate) fn watch(text: Text) {
    let _ = ctrlc::set_handler(move || {
        if HAPPENED.swap(true, Ordering::SeqCst) {
            std::process::exit(STATUS.into());
        }
        let _ = writeln!(std::io::stderr(), "\ndeepscreen: {}", text.coming_to_an_end());
    });
}

/// Whether the user wants an end.
pub(crate) fn happened() -> bool {
    HAPPENED.load(Ordering::SeqCst)
}
