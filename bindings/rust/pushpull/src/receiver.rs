// SPDX-License-Identifier: MIT
//! The pull end.
use crate::end::{both_ends, End};
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::item::{size_in_ring, with_destination};
use crate::iter::{Iter, TryIter};
use crate::kind::{Kind, Mpmc};
use crate::outcome::{unexpected, uninterrupted, BUSY};
use crate::poll::{one_at_a_time, Pollable};
use crate::stats::Stats;
use crate::{sys, time};
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// The receiving end of a channel.
///
/// Letting go of the last receiver cancels the channel: senders get errors, and what is still in it is
/// dropped, at the latest then.
///
/// A destructor that panics while items are dropped in this way panics no further: the panic is
/// reported by the panic hook, the other items are dropped too, and the thread goes on. (If the thread is
/// unwinding already, the process is aborted, as always.)
pub struct Receiver<T, K = Mpmc> {
    ring: NonNull<sys::pp_rx>,
    /// Invariant: what one end takes in, the other gives out.
    items: PhantomData<(*mut T, K)>,
}

both_ends!(
    Receiver,
    pp_rx,
    pp_rx_ref,
    pp_rx_unref,
    pp_rx_depth,
    pp_rx_capacity,
    pp_rx_item_size,
    pp_rx_kind,
    pp_rx_stats,
    pp_rx_fd,
    pp_rx_arm
);

impl<T, K> Receiver<T, K> {
    /// Receives the oldest item; waits for one.
    ///
    /// Blocks while the channel is empty. While there are items it takes no lock and makes no system call.
    ///
    /// # Errors
    ///
    /// The channel is disconnected, and there is nothing left in it: the end of the stream.
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        // SAFETY: as `pull` asks.
        self.pull(|ring, item| unsafe { sys::pp_pull(ring, item) }).map_err(RecvError::of)
    }

    /// Receives an item if there is one now. Never waits for one; at capacity 0 only a waiting sender is met.
    ///
    /// # Errors
    ///
    /// The channel is empty, or disconnected and empty.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.pull(|ring, item| {
            // SAFETY: as `pull` asks.
            match unsafe { sys::pp_try_pull(ring, item) } {
                // SAFETY: as `pull` asks.
                BUSY => unsafe { sys::pp_pull_until(ring, item, time::PAST) },
                result => result,
            }
        })
        .map_err(TryRecvError::of)
    }

    /// Receives an item; waits for one, but not longer than `timeout`. A timeout of 0 is a try.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    #[inline]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(time::after(timeout))
    }

    /// As [`recv_timeout`](Self::recv_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// No item came in time, or the channel is disconnected and empty.
    #[inline]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(time::at(deadline))
    }

    #[inline]
    fn recv_until(&self, deadline: sys::pp_time) -> Result<T, RecvTimeoutError> {
        // SAFETY: as `pull` asks.
        self.pull(|ring, item| unsafe { sys::pp_pull_until(ring, item, deadline) })
            .map_err(RecvTimeoutError::of)
    }

    /// Ends the stream although receivers remain: they get errors from now on, and so do senders.
    /// What is in the channel is dropped, possibly in the thread of an operation that is under way, and at the latest when
    /// the last receiver is let go of.
    ///
    /// Never blocks, and wakes whoever sleeps. Cancelling twice is fine.
    pub fn cancel(&self) {
        // SAFETY: we hold a reference.
        match unsafe { sys::pp_cancel(self.raw()) } {
            0 => {}
            other => unexpected(other),
        }
    }

    /// Each item as it comes, until the end. [`next`](Iterator::next) blocks as [`recv`](Self::recv).
    pub fn iter(&self) -> Iter<'_, T, K> {
        Iter::new(self)
    }

    /// The items that are there, until there is none. Never blocks.
    pub fn try_iter(&self) -> TryIter<'_, T, K> {
        TryIter::new(self)
    }

    /// Calls `call` with the ring and room for the item's bytes: for one pull of this thread, as its kind asks.
    #[inline(always)]
    fn pull(
        &self,
        mut call: impl FnMut(*mut sys::pp_rx, *mut c_void) -> sys::c_int,
    ) -> Result<T, sys::c_int> {
        let mut item = MaybeUninit::<T>::uninit();
        let result =
            with_destination(item.as_mut_ptr(), |bytes| uninterrupted(|| call(self.raw(), bytes)));
        match result {
            // SAFETY: the bytes of an item, which is ours alone now. (One of no size needs none.)
            0 => Ok(unsafe { item.assume_init() }),
            result => Err(result),
        }
    }
}
