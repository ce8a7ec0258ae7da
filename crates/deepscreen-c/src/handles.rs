//! Objects in, numbers out, and back: every object that C holds lies here, so that a wrong number is an error and
//! never an address.
//!
//! A handle is the number of a place and how often that place was used. A place that was used as often as can be
//! counted is not used again, so that no handle ever comes back.

use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::screener::Screener;
use crate::status::{Failure, Result, Status};
use crate::stream::Stream;

/// Whatever a handle can stand for.
#[derive(Clone)]
pub(crate) enum Object {
    Screener(Screener),
    Stream(Arc<Mutex<Stream>>),
    Text(Arc<CString>),
}

/// What an object is called in a message.
pub(crate) trait Kind: Sized {
    const NAME: &'static str;

    /// The object, if it is one of this kind.
    fn of(object: &Object) -> Option<&Self>;
}

impl Kind for Screener {
    const NAME: &'static str = "screener";

    fn of(object: &Object) -> Option<&Self> {
        if let Object::Screener(screener) = object { Some(screener) } else { None }
    }
}

impl Kind for Arc<Mutex<Stream>> {
    const NAME: &'static str = "stream";

    fn of(object: &Object) -> Option<&Self> {
        if let Object::Stream(stream) = object { Some(stream) } else { None }
    }
}

impl Kind for Arc<CString> {
    const NAME: &'static str = "text";

    fn of(object: &Object) -> Option<&Self> {
        if let Object::Text(text) = object { Some(text) } else { None }
    }
}

struct Table {
    places: Vec<Place>,
    /// Places that hold nothing and may be used again.
    free: Vec<u32>,
}

struct Place {
    /// How often it was used, with this time; at least 1, so that no handle is 0.
    uses: u32,
    object: Option<Object>,
}

static TABLE: RwLock<Table> = RwLock::new(Table::new());

/// Keeps an object and gives its handle.
pub(crate) fn put(object: Object) -> Result<u64> {
    TABLE.write().unwrap_or_else(PoisonError::into_inner).put(object)
}

/// A second reference to an object: it lives until the call is done, whatever another thread frees meanwhile.
pub(crate) fn get<T: Kind + Clone>(handle: u64) -> Result<T> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner).get::<T>(handle).cloned()
}

/// Gives an object back.
pub(crate) fn free<T: Kind>(handle: u64) -> Result<()> {
    let object = TABLE.write().unwrap_or_else(PoisonError::into_inner).take::<T>(handle);
    // The table is open again while a screener unloads its models.
    object.map(drop)
}

/// How many objects there are.
pub(crate) fn count() -> usize {
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    table.places.iter().filter(|place| place.object.is_some()).count()
}

impl Table {
    const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    fn put(&mut self, object: Object) -> Result<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let full = |_| Failure::new(Status::DEEPSCREEN_OTHER_ERROR, "too many handles");
                let index = u32::try_from(self.places.len()).map_err(full)?;
                self.places.push(Place { uses: 0, object: None });
                index
            }
        };
        let place = &mut self.places[index as usize];
        place.uses += 1;
        place.object = Some(object);
        Ok(u64::from(place.uses) << 32 | u64::from(index))
    }

    fn get<T: Kind>(&self, handle: u64) -> Result<&T> {
        let place = self.places.get(handle as u32 as usize);
        let object = place.filter(|place| u64::from(place.uses) == handle >> 32);
        let object = object.and_then(|place| place.object.as_ref());
        object.and_then(T::of).ok_or_else(|| {
            let what = match object {
                _ if handle == 0 => "it is 0",
                Some(_) => "it is one of something else",
                None => "it was freed, or never was one",
            };
            Failure::new(Status::DEEPSCREEN_INVALID_HANDLE, format!("no handle of a {}: {what}", T::NAME))
        })
    }

    fn take<T: Kind>(&mut self, handle: u64) -> Result<Option<Object>> {
        self.get::<T>(handle)?;
        let index = handle as u32;
        let place = &mut self.places[index as usize];
        if place.uses < u32::MAX {
            self.free.push(index);
        }
        Ok(place.object.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str) -> Object {
        Object::Text(Arc::new(CString::new(content).unwrap()))
    }

    fn status(result: Result<impl Sized>) -> Option<Status> {
        result.err().map(|failure| failure.status)
    }

    #[test]
    fn a_handle_that_was_freed_never_comes_back() {
        let mut table = Table::new();
        let first = table.put(text("first")).unwrap();
        table.take::<Arc<CString>>(first).unwrap();
        assert_eq!(status(table.take::<Arc<CString>>(first)), Some(Status::DEEPSCREEN_INVALID_HANDLE));
        let second = table.put(text("second")).unwrap();
        assert_eq!(first as u32, second as u32, "the place is used again");
        assert_eq!(status(table.get::<Arc<CString>>(first)), Some(Status::DEEPSCREEN_INVALID_HANDLE));
        assert_eq!(table.get::<Arc<CString>>(second).unwrap().to_bytes(), b"second");
    }

    #[test]
    fn a_place_whose_uses_cannot_be_counted_further_is_left() {
        let mut table = Table::new();
        let first = table.put(text("a")).unwrap();
        table.places[0].uses = u32::MAX;
        let last = u64::from(u32::MAX) << 32 | first & 0xffff_ffff;
        table.take::<Arc<CString>>(last).unwrap();
        assert_eq!(table.put(text("b")).unwrap() as u32, 1);
    }

    #[test]
    fn invented_handles_and_those_of_something_else_are_refused() {
        let mut table = Table::new();
        let handle = table.put(text("a")).unwrap();
        for wrong in [0, 1, handle + 1, handle ^ 1 << 40, u64::MAX, handle as u32 as u64] {
            assert_eq!(status(table.get::<Arc<CString>>(wrong)), Some(Status::DEEPSCREEN_INVALID_HANDLE));
        }
        let Err(failure) = table.get::<Screener>(handle) else { panic!("a text is no screener") };
        assert_eq!(failure.to_string(), "no handle of a screener: it is one of something else");
    }
}
