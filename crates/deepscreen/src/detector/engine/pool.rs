//! A bounded pool: as many of a thing as may be used at the same time, made when they are first needed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// At most `limit` things, lent to one caller each.
pub(super) struct Pool<T> {
    limit: usize,
    state: Mutex<State<T>>,
    returned: Condvar,
}

struct State<T> {
    idle: Vec<T>,
    made: usize,
}

impl<T> Pool<T> {
    pub(super) fn new(limit: usize, first: T) -> Self {
        let state = Mutex::new(State { idle: vec![first], made: 1 });
        Self { limit: limit.max(1), state, returned: Condvar::new() }
    }

    /// Lends an idle thing, makes one where the limit allows it, or waits for one to come back.
    ///
    /// A thing whose user panicked is not lent again: what state it is in nobody knows.
    pub(super) fn with<R>(
        &self,
        make: impl FnOnce() -> Result<T>,
        work: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        let mut place = Place { pool: self, thing: None };
        let mut state = self.lock();
        let idle = loop {
            if let Some(thing) = state.idle.pop() {
                break Some(thing);
            }
            if state.made < self.limit {
                state.made += 1;
                break None;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        // From here on `place` gives the thing, or the right to make another, back whatever happens.
        let mut thing = match idle {
            Some(thing) => thing,
            None => make()?,
        };
        let result = work(&mut thing);
        place.thing = Some(thing);
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // The lock is never held while foreign code runs, so a poisoned one holds a sound state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Place<'a, T> {
    pool: &'a Pool<T>,
    thing: Option<T>,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.thing.take() {
            Some(thing) => state.idle.push(thing),
            None => state.made -= 1,
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn never_more_than_the_limit_are_lent_at_once() {
        let pool = Pool::new(2, 0usize);
        let (lent, most, made) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(1));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let make = || Ok(made.fetch_add(1, Ordering::SeqCst));
                    let work = |_: &mut usize| {
                        most.fetch_max(lent.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                        lent.fetch_sub(1, Ordering::SeqCst);
                    };
                    pool.with(make, work).unwrap();
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
        assert_eq!(made.into_inner(), 2);
    }

    #[test]
    fn a_panic_or_a_failed_maker_costs_no_place() {
        let pool = Pool::new(1, 7);
        let make = || Ok(8);
        let panics = || pool.with(make, |_| panic!("hostile"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(pool.with(|| Err(Error::new(ErrorKind::Inference, "no")), |_| ()).is_err());
        assert_eq!(pool.with(make, |thing| *thing).unwrap(), 8);
    }
}
