//! What C hands over: checked as far as it can be, and as Rust has it from then on.

use std::ffi::{CStr, c_char};
use std::path::PathBuf;
use std::slice;

use deepscreen::media::Pixels;

use crate::status::{Failure, Result, Status};

/// A string that must be UTF-8.
///
/// # Safety
/// `text` is null, or it points to characters up to a zero, and nobody changes them during `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { string(text, name) }?
        .to_str()
        .map_err(|_| Failure::new(Status::DEEPSCREEN_NOT_UTF8, format!("{name} is not UTF-8")))
}

/// A path: bytes as the file system has them, or UTF-8 where it has none (Windows).
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path(path: *const c_char, name: &str) -> Result<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller's promise.
        let path = unsafe { string(path, name) }?;
        Ok(std::ffi::OsStr::from_bytes(path.to_bytes()).into())
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller's promise.
        Ok(unsafe { text(path, name) }?.into())
    }
}

/// A list of paths.
///
/// # Safety
/// `paths` is null, or it points to `count` pointers, each as for [`path`].
pub(crate) unsafe fn path_list(paths: *const *const c_char, count: usize) -> Result<Vec<PathBuf>> {
    // SAFETY: the caller's promise.
    let paths = unsafe { list(paths, count, "paths") }?;
    let named = |(index, entry): (usize, &*const c_char)| {
        // SAFETY: the caller's promise.
        unsafe { path(*entry, &format!("paths[{index}]")) }
    };
    paths.iter().enumerate().map(named).collect()
}

/// An array. A null pointer is one of no elements, if it is said to be.
///
/// # Safety
/// `start` is null, or it points to `count` elements, and nobody changes them during `'a`.
pub(crate) unsafe fn list<'a, T>(start: *const T, count: usize, name: &str) -> Result<&'a [T]> {
    if start.is_null() {
        return if count == 0 { Ok(&[]) } else { Err(Failure::null(name)) };
    }
    if !start.is_aligned() {
        return Err(Failure::wrong_length(format!("{name} is not aligned")));
    }
    // No object is larger; a length that was computed wrongly often is.
    if count.checked_mul(size_of::<T>().max(1)).is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(Failure::wrong_length(format!("{name}: {count} is more than there can be")));
    }
    // SAFETY: not null, aligned, not longer than an object can be; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(start, count) })
}

/// A picture of rows of red, green and blue bytes, a row every `stride` bytes.
///
/// # Safety
/// `rgb` is null, or it points to `length` bytes that nobody changes during the call.
pub(crate) unsafe fn pixels(
    rgb: *const u8,
    length: usize,
    width: u32,
    height: u32,
    stride: usize,
) -> Result<Pixels> {
    if rgb.is_null() {
        return Err(Failure::null("rgb"));
    }
    if width == 0 || height == 0 {
        return Err(Failure::wrong_length(format!("{width}x{height} pixels: a side is 0")));
    }
    let too_many = || Failure::wrong_length(format!("{width}x{height} pixels do not fit into memory"));
    let row = (width as usize).checked_mul(3).ok_or_else(too_many)?;
    if stride < row {
        let message = format!("stride: {stride} bytes are less than the {row} of a row of {width} pixels");
        return Err(Failure::wrong_length(message));
    }
    // What follows the last row may be there or not.
    let most = stride.checked_mul(height as usize).ok_or_else(too_many)?;
    let least = most - stride + row;
    if length < least || length > most {
        let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let message = format!("length: {length} bytes, where {width}x{height} pixels have {expected}");
        return Err(Failure::wrong_length(message));
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { list(rgb, length, "rgb") }?;
    let mut data = Vec::with_capacity(row * height as usize);
    bytes.chunks(stride).for_each(|line| data.extend_from_slice(&line[..row]));
    Pixels::from_rgb8(width, height, data).ok_or_else(too_many)
}

/// # Safety
/// `text` is null, or it points to characters up to a zero, and nobody changes them during `'a`.
unsafe fn string<'a>(text: *const c_char, name: &str) -> Result<&'a CStr> {
    if text.is_null() {
        return Err(Failure::null(name));
    }
    // SAFETY: not null; the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) })
}
