// SPDX-License-Identifier: MIT
//! The push end.
use crate::end::{both_ends, End};
use crate::error::{SendError, SendTimeoutError, TrySendError};
use crate::item::{size_in_ring, source};
use crate::kind::{Kind, Mpmc};
use crate::outcome::{unexpected, uninterrupted, BUSY};
use crate::poll::{one_at_a_time, Pollable};
use crate::stats::Stats;
use crate::{sys, time};
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// The sending end of a channel.
///
/// Letting go of the last sender closes the channel: receivers get what is in it, and then see the end.
/// An item that was sent is received once, or its destructor runs once.
///
/// Everything that a thread did before it sent an item is visible to the thread that receives it.
///
/// An end of a channel whose items borrow something cannot outlive what they borrow:
///
/// ```compile_fail,E0597
/// let (tx, rx) = pushpull::spsc::<&str>(1);
/// {
///     let text = String::from("short-lived");
///     tx.send(&text);
/// }
/// rx.recv();
/// ```
pub struct Sender<T, K = Mpmc> {
    ring: NonNull<sys::pp_tx>,
    /// Invariant: what one end takes in, the other gives out.
    items: PhantomData<(*mut T, K)>,
}

both_ends!(
    Sender,
    pp_tx,
    pp_tx_ref,
    pp_tx_unref,
    pp_tx_depth,
    pp_tx_capacity,
    pp_tx_item_size,
    pp_tx_kind,
    pp_tx_stats,
    pp_tx_fd,
    pp_tx_arm
);

impl<T, K> Sender<T, K> {
    /// Sends an item; waits for room. At capacity 0: until a receiver has it.
    ///
    /// Blocks while the channel is full. While there is room it takes no lock and makes no system call.
    ///
    /// # Errors
    ///
    /// The channel is disconnected. The error has the item.
    #[inline]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        // SAFETY: as `push` asks.
        self.push(item, |ring, item| unsafe { sys::pp_push(ring, item) })
            .map_err(|(why, item)| SendError::of(why, item))
    }

    /// Sends an item if there is room now. Never waits for room; at capacity 0 only a waiting receiver is met.
    ///
    /// # Errors
    ///
    /// The channel is full or disconnected. The error has the item.
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.push(item, |ring, item| {
            // SAFETY: as `push` asks.
            match unsafe { sys::pp_try_push(ring, item) } {
                // SAFETY: as `push` asks.
                BUSY => unsafe { sys::pp_push_until(ring, item, time::PAST) },
                result => result,
            }
        })
        .map_err(|(why, item)| TrySendError::of(why, item))
    }

    /// Sends an item; waits for room, but not longer than `timeout`. A timeout of 0 is a try.
    ///
    /// # Errors
    ///
    /// There was no room in time, or the channel is disconnected. The error has the item.
    #[inline]
    pub fn send_timeout(&self, item: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(item, time::after(timeout))
    }

    /// As [`send_timeout`](Self::send_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// There was no room in time, or the channel is disconnected. The error has the item.
    #[inline]
    pub fn send_deadline(&self, item: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_until(item, time::at(deadline))
    }

    #[inline]
    fn send_until(&self, item: T, deadline: sys::pp_time) -> Result<(), SendTimeoutError<T>> {
        // SAFETY: as `push` asks.
        self.push(item, |ring, item| unsafe { sys::pp_push_until(ring, item, deadline) })
            .map_err(|(why, item)| SendTimeoutError::of(why, item))
    }

    /// Ends the stream although senders remain: they get errors from now on. Receivers get what is in the
    /// channel, and then see the end. Letting go of the last sender does the same.
    ///
    /// Never blocks, and wakes whoever sleeps. Closing twice is fine.
    pub fn close(&self) {
        // SAFETY: we hold a reference.
        match unsafe { sys::pp_close(self.raw()) } {
            0 => {}
            other => unexpected(other),
        }
    }

    /// Calls `call` with the ring and the item's bytes: for one push of this thread, as its kind asks. An
    /// item that was not taken comes back.
    #[inline(always)]
    fn push(
        &self,
        item: T,
        mut call: impl FnMut(*mut sys::pp_tx, *const c_void) -> sys::c_int,
    ) -> Result<(), (sys::c_int, T)> {
        match uninterrupted(|| call(self.raw(), source(&item))) {
            0 => {
                mem::forget(item); // it is in the ring
                Ok(())
            }
            result => Err((result, item)),
        }
    }
}
