// SPDX-License-Identifier: MIT
//! What the results of the library mean here.
use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use crate::sys::c_int;

/// A thread is half-way. With a deadline in the past the library looks again, and makes up its mind.
pub(crate) const BUSY: c_int = -libc::EBUSY;

/// Why an operation moved nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Miss {
    /// Full, empty, or the deadline has passed.
    NotNow,
    /// One side or the other has ended.
    Disconnected,
}

#[inline]
fn miss(result: c_int) -> Miss {
    match -result {
        libc::EPIPE | libc::ESHUTDOWN => Miss::Disconnected,
        libc::EAGAIN | libc::EBUSY | libc::ETIMEDOUT => Miss::NotNow,
        _ => unexpected(result),
    }
}

/// Of an operation that waits as long as it takes. Comes once in the life of a channel, so it is kept out of the
/// loops that sends and receives are inlined into.
#[cold]
#[inline(never)]
fn ended(result: c_int) {
    if miss(result) == Miss::NotNow {
        unexpected(result);
    }
}

/// The errors of a result that is one.
impl<T> SendError<T> {
    pub(crate) fn of(result: c_int, item: T) -> Self {
        ended(result);
        SendError(item)
    }
}

impl<T> TrySendError<T> {
    pub(crate) fn of(result: c_int, item: T) -> Self {
        match miss(result) {
            Miss::NotNow => TrySendError::Full(item),
            Miss::Disconnected => TrySendError::Disconnected(item),
        }
    }
}

impl<T> SendTimeoutError<T> {
    pub(crate) fn of(result: c_int, item: T) -> Self {
        match miss(result) {
            Miss::NotNow => SendTimeoutError::Timeout(item),
            Miss::Disconnected => SendTimeoutError::Disconnected(item),
        }
    }
}

impl RecvError {
    pub(crate) fn of(result: c_int) -> Self {
        ended(result);
        RecvError
    }
}

impl TryRecvError {
    pub(crate) fn of(result: c_int) -> Self {
        match miss(result) {
            Miss::NotNow => TryRecvError::Empty,
            Miss::Disconnected => TryRecvError::Disconnected,
        }
    }
}

impl RecvTimeoutError {
    pub(crate) fn of(result: c_int) -> Self {
        match miss(result) {
            Miss::NotNow => RecvTimeoutError::Timeout,
            Miss::Disconnected => RecvTimeoutError::Disconnected,
        }
    }
}

/// A handler of a signal is no reason to stop: only a ring that C opened can be interruptible at all.
#[inline(always)]
pub(crate) fn uninterrupted<R: From<i8> + PartialEq>(mut call: impl FnMut() -> R) -> R {
    loop {
        let result = call();
        if result != R::from(-(libc::EINTR as i8)) {
            return result;
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn unexpected(result: c_int) -> ! {
    panic!("libpushpull gave {}: {}", result, std::io::Error::from_raw_os_error(-result));
}

/// What was asked for cannot be done now.
pub(crate) const AGAIN: c_int = -libc::EAGAIN;
