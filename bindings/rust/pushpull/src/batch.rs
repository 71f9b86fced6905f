// SPDX-License-Identifier: MIT
//! Many items with one call: cheaper, for each of them, than one by one.
use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use crate::item::{has_no_size, source, with_destination, CHUNK};
use crate::outcome::{unexpected, uninterrupted, BUSY};
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::{sys, time};
use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, Instant};

/// What one call may move: those without size share a few bytes.
const fn most_at_once<T>(wanted: usize) -> usize {
    if has_no_size::<T>() && wanted > CHUNK {
        CHUNK
    } else {
        wanted
    }
}

/// Of a negative result; they all fit.
fn code(result: isize) -> sys::c_int {
    result as sys::c_int
}

const BUSY_N: isize = BUSY as isize;

// ---- sending ------------------------------------------------------------------------------------

/// # Safety
/// As for the function of C.
unsafe fn push_n(ring: *mut sys::pp_tx, items: *const c_void, n: usize) -> isize {
    // SAFETY: as the caller says.
    unsafe { sys::pp_push_n(ring, items, n) }
}

/// # Safety
/// As for the function of C.
unsafe fn try_push_n(ring: *mut sys::pp_tx, items: *const c_void, n: usize) -> isize {
    // SAFETY: as the caller says, twice.
    match unsafe { sys::pp_try_push_n(ring, items, n) } {
        BUSY_N => unsafe { sys::pp_push_n_until(ring, items, n, time::PAST) },
        result => result,
    }
}

impl<T, K> Sender<T, K> {
    /// Pushes items one after the other: how many, and why not the rest. `call` pushes some.
    ///
    /// # Safety
    /// There are `n` items, and the first of them, as many as the result says, are not used as such afterwards.
    unsafe fn push_all(
        &self,
        items: *const T,
        n: usize,
        call: impl Fn(*mut sys::pp_tx, *const c_void, usize) -> isize,
    ) -> (usize, Result<(), sys::c_int>) {
        let mut sent = 0;
        while sent < n {
            // SAFETY: `sent` is less than `n`.
            let rest = unsafe { items.add(sent) };
            let some = most_at_once::<T>(n - sent);
            match uninterrupted(|| call(self.raw(), source(rest), some)) {
                0 => unexpected(0),
                moved if moved > 0 => sent += moved as usize,
                failed => return (sent, Err(code(failed))),
            }
        }
        (sent, Ok(()))
    }

    /// Sends the items of a `Vec` from the front, and takes them out of it; waits for room until all are sent.
    /// Items of other senders may come between them.
    ///
    /// Blocks as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// The channel is disconnected. What was not sent is still in the `Vec`.
    pub fn send_many(&self, items: &mut Vec<T>) -> Result<(), SendError<()>> {
        // SAFETY: as `push_all` asks.
        self.push_from_vec(items, |ring, from, n| unsafe { push_n(ring, from, n) })
            .map_err(|why| SendError::of(why, ()))
    }

    /// As [`send_many`](Self::send_many), as many as there is room for now. Never waits for room.
    ///
    /// # Errors
    ///
    /// The channel is full or disconnected. What was not sent is still in the `Vec`.
    pub fn try_send_many(&self, items: &mut Vec<T>) -> Result<(), TrySendError<()>> {
        // SAFETY: as `push_all` asks.
        self.push_from_vec(items, |ring, from, n| unsafe { try_push_n(ring, from, n) })
            .map_err(|why| TrySendError::of(why, ()))
    }

    fn push_from_vec(
        &self,
        items: &mut Vec<T>,
        call: impl Fn(*mut sys::pp_tx, *const c_void, usize) -> isize,
    ) -> Result<(), sys::c_int> {
        let n = items.len();
        // SAFETY: the items of the vector, which has none meanwhile; those that were sent are gone, and the
        // others move to the front.
        unsafe {
            items.set_len(0);
            let (sent, result) = self.push_all(items.as_ptr(), n, call);
            let first = items.as_mut_ptr();
            ptr::copy(first.add(sent), first, n - sent);
            items.set_len(n - sent);
            result
        }
    }
}

impl<T: Copy, K> Sender<T, K> {
    /// Sends all items of a slice; waits for room until all are sent. Items of other senders may come
    /// between them.
    ///
    /// Blocks as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// The channel is disconnected. The error has the items that were not sent.
    ///
    /// ```
    /// let (tx, rx) = pushpull::spsc::<u32>(4);
    /// assert_eq!(tx.send_slice(&[1, 2, 3]), Ok(()));
    /// let mut items = [0; 8];
    /// assert_eq!(rx.recv_slice(&mut items), Ok(3));
    /// assert_eq!(items[..3], [1, 2, 3]);
    /// ```
    pub fn send_slice<'s>(&self, items: &'s [T]) -> Result<(), SendError<&'s [T]>> {
        // SAFETY: as `push_all` asks.
        self.push_slice(items, |ring, from, n| unsafe { push_n(ring, from, n) })
            .map_err(|(why, rest)| SendError::of(why, rest))
    }

    /// As [`send_slice`](Self::send_slice), as many as there is room for now. Never waits for room.
    ///
    /// # Errors
    ///
    /// The channel is full or disconnected. The error has the items that were not sent.
    pub fn try_send_slice<'s>(&self, items: &'s [T]) -> Result<(), TrySendError<&'s [T]>> {
        // SAFETY: as `push_all` asks.
        self.push_slice(items, |ring, from, n| unsafe { try_push_n(ring, from, n) })
            .map_err(|(why, rest)| TrySendError::of(why, rest))
    }

    /// As [`send_slice`](Self::send_slice), but waits not longer than `timeout`, all together.
    ///
    /// # Errors
    ///
    /// There was no room in time, or the channel is disconnected. The error has the items that were not sent.
    pub fn send_slice_timeout<'s>(
        &self,
        items: &'s [T],
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<&'s [T]>> {
        self.send_slice_until(items, time::after(timeout))
    }

    /// As [`send_slice_timeout`](Self::send_slice_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// There was no room in time, or the channel is disconnected. The error has the items that were not sent.
    pub fn send_slice_deadline<'s>(
        &self,
        items: &'s [T],
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<&'s [T]>> {
        self.send_slice_until(items, time::at(deadline))
    }

    fn send_slice_until<'s>(
        &self,
        items: &'s [T],
        deadline: sys::pp_time,
    ) -> Result<(), SendTimeoutError<&'s [T]>> {
        // SAFETY: as `push_all` asks.
        self.push_slice(items, |ring, from, n| unsafe {
            sys::pp_push_n_until(ring, from, n, deadline)
        })
        .map_err(|(why, rest)| SendTimeoutError::of(why, rest))
    }

    fn push_slice<'s>(
        &self,
        items: &'s [T],
        call: impl Fn(*mut sys::pp_tx, *const c_void, usize) -> isize,
    ) -> Result<(), (sys::c_int, &'s [T])> {
        // SAFETY: the items of the slice; they are `Copy`, so they may be used again.
        let (sent, result) = unsafe { self.push_all(items.as_ptr(), items.len(), call) };
        result.map_err(|why| (why, &items[sent..]))
    }
}

// ---- receiving ----------------------------------------------------------------------------------

impl<T, K> Receiver<T, K> {
    /// Receives into a place for `max` items, at least one: how many.
    ///
    /// # Safety
    /// There is such a place.
    unsafe fn pull_some(
        &self,
        items: *mut T,
        max: usize,
        call: impl Fn(*mut sys::pp_rx, *mut c_void, usize) -> isize,
    ) -> Result<usize, sys::c_int> {
        let some = most_at_once::<T>(max);
        let result =
            with_destination(items, |bytes| uninterrupted(|| call(self.raw(), bytes, some)));
        match result {
            0 => unexpected(0),
            moved if moved > 0 => Ok(moved as usize),
            failed => Err(code(failed)),
        }
    }

    /// Waits for an item, then receives what is there, at most `max` items, to the end of a `Vec`: how
    /// many. They are moved into its spare room, which grows by what is in the channel. 0 only if `max` is 0.
    ///
    /// Blocks as [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// The channel is disconnected, and there is nothing left in it.
    ///
    /// ```
    /// let (tx, rx) = pushpull::spsc::<String>(4);
    /// tx.send("a".to_string())?;
    /// tx.send("b".to_string())?;
    /// let mut items = Vec::new();
    /// assert_eq!(rx.recv_many(&mut items, 100), Ok(2));
    /// assert_eq!(items, ["a", "b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_many(&self, items: &mut Vec<T>, max: usize) -> Result<usize, RecvError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_vec(items, max, |ring, to, n| unsafe { sys::pp_pull_n(ring, to, n) })
            .map_err(RecvError::of)
    }

    /// As [`recv_many`](Self::recv_many), what is there now. Never waits for an item.
    ///
    /// # Errors
    ///
    /// The channel is empty, or disconnected and empty.
    pub fn try_recv_many(&self, items: &mut Vec<T>, max: usize) -> Result<usize, TryRecvError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_vec(items, max, |ring, to, n| unsafe { try_pull_n(ring, to, n) })
            .map_err(TryRecvError::of)
    }

    /// As [`recv_many`](Self::recv_many), but waits not longer than `timeout` for the first.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    pub fn recv_many_timeout(
        &self,
        items: &mut Vec<T>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(items, max, time::after(timeout))
    }

    /// As [`recv_many_timeout`](Self::recv_many_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    pub fn recv_many_deadline(
        &self,
        items: &mut Vec<T>,
        max: usize,
        deadline: Instant,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(items, max, time::at(deadline))
    }

    fn recv_many_until(
        &self,
        items: &mut Vec<T>,
        max: usize,
        deadline: sys::pp_time,
    ) -> Result<usize, RecvTimeoutError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_vec(items, max, |ring, to, n| unsafe { pull_until(ring, to, n, deadline) })
            .map_err(RecvTimeoutError::of)
    }

    fn pull_into_vec(
        &self,
        items: &mut Vec<T>,
        max: usize,
        call: impl Fn(*mut sys::pp_rx, *mut c_void, usize) -> isize,
    ) -> Result<usize, sys::c_int> {
        if max == 0 {
            return Ok(0);
        }
        items.reserve(self.len().clamp(1, max));
        let (used, room) = (items.len(), items.capacity() - items.len());
        // SAFETY: there is room behind the items for so many, and then there are as many more.
        unsafe {
            let moved = self.pull_some(items.as_mut_ptr().add(used), room.min(max), call)?;
            items.set_len(used + moved);
            Ok(moved)
        }
    }
}

impl<T: Copy, K> Receiver<T, K> {
    /// Waits for an item, then receives what is there into the front of a slice: how many. 0 only
    /// if the slice is empty.
    ///
    /// Blocks as [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// The channel is disconnected, and there is nothing left in it. The slice is as it was.
    pub fn recv_slice(&self, items: &mut [T]) -> Result<usize, RecvError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_slice(items, |ring, to, n| unsafe { sys::pp_pull_n(ring, to, n) })
            .map_err(RecvError::of)
    }

    /// As [`recv_slice`](Self::recv_slice), what is there now. Never waits for an item.
    ///
    /// # Errors
    ///
    /// The channel is empty, or disconnected and empty.
    pub fn try_recv_slice(&self, items: &mut [T]) -> Result<usize, TryRecvError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_slice(items, |ring, to, n| unsafe { try_pull_n(ring, to, n) })
            .map_err(TryRecvError::of)
    }

    /// As [`recv_slice`](Self::recv_slice), but waits not longer than `timeout` for the first.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    pub fn recv_slice_timeout(
        &self,
        items: &mut [T],
        timeout: Duration,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_slice_until(items, time::after(timeout))
    }

    /// As [`recv_slice_timeout`](Self::recv_slice_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    pub fn recv_slice_deadline(
        &self,
        items: &mut [T],
        deadline: Instant,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_slice_until(items, time::at(deadline))
    }

    fn recv_slice_until(
        &self,
        items: &mut [T],
        deadline: sys::pp_time,
    ) -> Result<usize, RecvTimeoutError> {
        // SAFETY: as `pull_some` asks.
        self.pull_into_slice(items, |ring, to, n| unsafe { pull_until(ring, to, n, deadline) })
            .map_err(RecvTimeoutError::of)
    }

    fn pull_into_slice(
        &self,
        items: &mut [T],
        call: impl Fn(*mut sys::pp_rx, *mut c_void, usize) -> isize,
    ) -> Result<usize, sys::c_int> {
        if items.is_empty() {
            return Ok(0);
        }
        // SAFETY: the slice's items, which need no destructor.
        unsafe { self.pull_some(items.as_mut_ptr(), items.len(), call) }
    }
}

/// # Safety
/// As for the function of C.
unsafe fn try_pull_n(ring: *mut sys::pp_rx, items: *mut c_void, max: usize) -> isize {
    // SAFETY: as the caller says, twice.
    match unsafe { sys::pp_try_pull_n(ring, items, max) } {
        BUSY_N => unsafe { pull_until(ring, items, max, time::PAST) },
        result => result,
    }
}

/// # Safety
/// As for the function of C.
unsafe fn pull_until(
    ring: *mut sys::pp_rx,
    items: *mut c_void,
    max: usize,
    deadline: sys::pp_time,
) -> isize {
    // SAFETY: as the caller says.
    unsafe { sys::pp_pull_n_until(ring, items, 1, max, deadline) }
}
