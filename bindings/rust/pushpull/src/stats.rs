// SPDX-License-Identifier: MIT
//! Looking at a channel.
use crate::outcome::unexpected;
use crate::sys;
use std::ffi::CStr;
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::os::unix::io::{AsFd, AsRawFd};
use std::time::Duration;

/// What has happened in a channel, from [`Sender::stats`](crate::Sender::stats).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    name: String,
    /// Items sent.
    pub pushed: u64,
    /// Items received.
    pub pulled: u64,
    /// Items that a cancel left behind, and that were dropped.
    pub dropped: u64,
    /// Items in the channel now.
    pub depth: usize,
    /// Items that there is room for.
    pub capacity: usize,
    /// The most items there have been. With [`Builder::track_depth`](crate::Builder::track_depth) an upper
    /// bound, exact without concurrency; else a lower bound.
    pub depth_max: usize,
    /// Times that a sender went to sleep.
    pub push_parks: u64,
    /// Times that a receiver went to sleep.
    pub pull_parks: u64,
    /// System calls made to wake senders.
    pub push_wakes: u64,
    /// System calls made to wake receivers.
    pub pull_wakes: u64,
    /// Times that a send found no room; one that waits may look more than once.
    pub push_full: u64,
    /// Times that a receive found no item; one that waits may look more than once.
    pub pull_empty: u64,
    /// How long senders have slept, all together.
    pub push_blocked: Duration,
    /// How long receivers have slept, all together.
    pub pull_blocked: Duration,
    /// Senders that sleep now.
    pub pushers_parked: u32,
    /// Receivers that sleep now.
    pub pullers_parked: u32,
    /// Senders there are.
    pub senders: u32,
    /// Receivers there are.
    pub receivers: u32,
    /// A sender has closed the channel, or there is none left.
    pub closed: bool,
    /// A receiver has cancelled the channel, or there is none left.
    pub cancelled: bool,
}

impl Stats {
    /// From [`Builder::name`](crate::Builder::name).
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn read(call: impl FnOnce(*mut sys::pp_stats) -> sys::c_int) -> Stats {
        // SAFETY: numbers, all of which may be 0.
        let mut raw: sys::pp_stats = unsafe { MaybeUninit::zeroed().assume_init() };
        raw.size = size_of::<sys::pp_stats>();
        match call(&mut raw) {
            0 => Stats::from(&raw),
            other => unexpected(other),
        }
    }
}

impl From<&sys::pp_stats> for Stats {
    fn from(raw: &sys::pp_stats) -> Stats {
        // SAFETY: the library cuts a name so that it ends with a zero.
        let name = unsafe { CStr::from_ptr(raw.name.as_ptr().cast()) };
        Stats {
            name: name.to_string_lossy().into_owned(),
            pushed: raw.pushed,
            pulled: raw.pulled,
            dropped: raw.dropped,
            depth: raw.depth,
            capacity: raw.capacity,
            depth_max: raw.depth_max,
            push_parks: raw.push_parks,
            pull_parks: raw.pull_parks,
            push_wakes: raw.push_wakes,
            pull_wakes: raw.pull_wakes,
            push_full: raw.push_full,
            pull_empty: raw.pull_empty,
            push_blocked: Duration::from_nanos(raw.push_blocked_ns),
            pull_blocked: Duration::from_nanos(raw.pull_blocked_ns),
            pushers_parked: raw.pushers_parked,
            pullers_parked: raw.pullers_parked,
            senders: raw.tx_refs,
            receivers: raw.rx_refs,
            closed: raw.closed != 0,
            cancelled: raw.cancelled != 0,
        }
    }
}

/// Writes one line for each open channel of the process: its name, kind, depth, who sleeps. "All threads are asleep:
/// on what?" Takes no lock.
///
/// # Errors
///
/// What writing gives.
pub fn dump(to: &impl AsFd) -> io::Result<()> {
    // SAFETY: a descriptor that is open.
    match unsafe { sys::pp_dump(to.as_fd().as_raw_fd()) } {
        0 => Ok(()),
        result => Err(io::Error::from_raw_os_error(-result)),
    }
}

/// The release of the C library that is loaded.
pub fn version() -> &'static str {
    // SAFETY: a text of the library's own, which stays.
    let version = unsafe { CStr::from_ptr(sys::pp_version().cast()) };
    version.to_str().unwrap_or("unknown")
}
