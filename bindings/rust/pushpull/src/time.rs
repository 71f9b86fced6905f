// SPDX-License-Identifier: MIT
//! Deadlines: Rust's clock and the library's are the same one, but `Instant` does not show its number.
use crate::sys;
use std::time::{Duration, Instant};

/// Has passed: what is there now is taken, and nothing is waited for.
pub(crate) const PAST: sys::pp_time = 0;

/// So far from now; for ever if the clock does not reach that far.
pub(crate) fn after(timeout: Duration) -> sys::pp_time {
    let nanoseconds = i64::try_from(timeout.as_nanos()).unwrap_or(sys::PP_FOREVER);
    // SAFETY: takes a number, gives a number.
    unsafe { sys::pp_in(nanoseconds) }
}

/// Never early: the difference is taken before the library's clock is read.
pub(crate) fn at(deadline: Instant) -> sys::pp_time {
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) => after(left),
        None => PAST,
    }
}
