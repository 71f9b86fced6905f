// SPDX-License-Identifier: MIT
//! Raw declarations of [libpushpull](pp_push), one for each symbol that it exports.
//!
//! The names, and what they mean, are those of the C header `pushpull/pushpull.h`, which is the
//! reference: results, who may call what at the same time, ordering.  The crate `pushpull` has
//! safe types over them.
//!
//! The build script looks for an installed library by pkg-config. If there is none, with the
//! feature `bundled`, or with `PUSHPULL_SYS_BUNDLED=1` in the environment, it builds the C sources
//! that come with this crate and links them statically.
#![no_std]
#![allow(non_camel_case_types)]
#![warn(missing_docs)]

use core::ffi::c_void;
use core::marker::{PhantomData, PhantomPinned};

/// C's `int`, which has 32 bits wherever Linux runs. (`core::ffi::c_int` is of Rust 1.64.)
pub type c_int = i32;
/// C's `unsigned int`.
pub type c_uint = u32;
/// C's `char`, as `std::os::raw::c_char` has it.
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "hexagon",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "riscv32",
    target_arch = "riscv64",
    target_arch = "s390x",
))]
pub type c_char = u8;
/// C's `char`, as `std::os::raw::c_char` has it.
#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "hexagon",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "riscv32",
    target_arch = "riscv64",
    target_arch = "s390x",
)))]
pub type c_char = i8;

/// Not Send, not Sync, not Unpin: what is behind the pointer is the library's.
type Opaque = PhantomData<(*mut u8, PhantomPinned)>;

/// Push end: can push and close, cannot pull.
#[repr(C)]
pub struct pp_tx {
    _data: [u8; 0],
    _marker: Opaque,
}

/// Pull end: can pull and cancel, cannot push or close.
#[repr(C)]
pub struct pp_rx {
    _data: [u8; 0],
    _marker: Opaque,
}

/// `PP_SPSC` or `PP_MPMC`.
pub type pp_kind = c_uint;
/// One pushing and one pulling thread at a time.
pub const PP_SPSC: pp_kind = 1;
/// Any number of each.
pub const PP_MPMC: pp_kind = 2;

/// For `pp_config.flags`: a signal handler ends a sleep with `-EINTR`.
pub const PP_INTERRUPTIBLE: c_uint = 0x1;
/// For `pp_config.flags`: `depth_max` is an upper bound, at a small cost per push.
pub const PP_TRACK_DEPTH: c_uint = 0x2;
/// For `pp_config.spin_ns`: learn how long spinning pays.
pub const PP_SPIN_ADAPTIVE: i64 = 0;
/// For `pp_config.spin_ns`: park at once.
pub const PP_SPIN_NONE: i64 = -1;
/// For [`pp_select`]: of several that can go ahead, the first.
pub const PP_ORDERED: c_uint = 0x1;

/// Nanoseconds on `CLOCK_MONOTONIC`.
pub type pp_time = i64;
/// A deadline that never passes.
pub const PP_FOREVER: pp_time = i64::MAX;

/// The function that gets each item which a cancel left behind.
pub type pp_drop = unsafe extern "C" fn(item: *mut c_void, context: *mut c_void);

/// What [`pp_open_with`] opens.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pp_config {
    /// `size_of::<pp_config>()`.
    pub size: usize,
    /// No default.
    pub kind: pp_kind,
    /// Items; 0 is rendezvous.
    pub capacity: usize,
    /// Bytes, at least 1.
    pub item_size: usize,
    /// `PP_INTERRUPTIBLE`, `PP_TRACK_DEPTH`.
    pub flags: c_uint,
    /// `PP_SPIN_ADAPTIVE`, `PP_SPIN_NONE`, or at most so many nanoseconds.
    pub spin_ns: i64,
    /// Gets each item that a cancel leaves behind, or `None`.
    pub drop: Option<pp_drop>,
    /// Handed to `drop`.
    pub drop_context: *mut c_void,
    /// Copied, cut at 31 bytes; may be null.
    pub name: *const c_char,
}

/// What [`pp_tx_stats`] and [`pp_rx_stats`] fill in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the header says what each of them counts
pub struct pp_stats {
    /// `size_of::<pp_stats>()`, set by the caller.
    pub size: usize,
    pub name: [c_char; 32],
    pub pushed: u64,
    pub pulled: u64,
    pub dropped: u64,
    pub depth: usize,
    pub capacity: usize,
    pub depth_max: usize,
    pub push_parks: u64,
    pub pull_parks: u64,
    pub push_wakes: u64,
    pub pull_wakes: u64,
    pub push_full: u64,
    pub pull_empty: u64,
    pub push_blocked_ns: u64,
    pub pull_blocked_ns: u64,
    pub pushers_parked: u32,
    pub pullers_parked: u32,
    pub tx_refs: u32,
    pub rx_refs: u32,
    pub closed: c_int,
    pub cancelled: c_int,
}

/// One operation that [`pp_select`] may perform. Both ends null: disabled.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pp_case {
    /// Set for a push.
    pub tx: *mut pp_tx,
    /// Set for a pull.
    pub rx: *mut pp_rx,
    /// Push: what is pushed, only read. Pull: where the item goes.
    pub item: *mut c_void,
    /// Of the case that was chosen.
    pub result: c_int,
    /// 0.
    pub flags: c_uint,
    /// The library's during the call.
    pub reserved: [*mut c_void; 6],
}

/// A push or pull that waits without a thread: for [`pp_push_async`] and [`pp_pull_async`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pp_async {
    /// The operation may go ahead: make the same call again.
    pub ready: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// One more reference of `context`; both or neither.
    pub r#ref: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// One less.
    pub unref: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// Handed to each of them.
    pub context: *mut c_void,
    /// 0.
    pub flags: c_uint,
    /// The library's, 0 before the first call.
    pub reserved: [*mut c_void; 12],
}

#[allow(missing_docs)] // each is described in the header, under its name
extern "C" {
    pub fn pp_open(
        tx: *mut *mut pp_tx,
        rx: *mut *mut pp_rx,
        kind: pp_kind,
        capacity: usize,
        item_size: usize,
    ) -> c_int;
    pub fn pp_open_with(
        tx: *mut *mut pp_tx,
        rx: *mut *mut pp_rx,
        config: *const pp_config,
    ) -> c_int;

    pub fn pp_now() -> pp_time;
    pub fn pp_in(ns: i64) -> pp_time;

    pub fn pp_push(tx: *mut pp_tx, item: *const c_void) -> c_int;
    pub fn pp_try_push(tx: *mut pp_tx, item: *const c_void) -> c_int;
    pub fn pp_push_until(tx: *mut pp_tx, item: *const c_void, deadline: pp_time) -> c_int;
    pub fn pp_pull(rx: *mut pp_rx, item: *mut c_void) -> c_int;
    pub fn pp_try_pull(rx: *mut pp_rx, item: *mut c_void) -> c_int;
    pub fn pp_pull_until(rx: *mut pp_rx, item: *mut c_void, deadline: pp_time) -> c_int;

    pub fn pp_push_n(tx: *mut pp_tx, items: *const c_void, n: usize) -> isize;
    pub fn pp_try_push_n(tx: *mut pp_tx, items: *const c_void, n: usize) -> isize;
    pub fn pp_push_n_until(
        tx: *mut pp_tx,
        items: *const c_void,
        n: usize,
        deadline: pp_time,
    ) -> isize;
    pub fn pp_pull_n(rx: *mut pp_rx, items: *mut c_void, max: usize) -> isize;
    pub fn pp_try_pull_n(rx: *mut pp_rx, items: *mut c_void, max: usize) -> isize;
    pub fn pp_pull_n_until(
        rx: *mut pp_rx,
        items: *mut c_void,
        min: usize,
        max: usize,
        deadline: pp_time,
    ) -> isize;

    pub fn pp_select(cases: *mut pp_case, count: usize, flags: c_uint, deadline: pp_time) -> c_int;

    pub fn pp_rx_fd(rx: *mut pp_rx) -> c_int;
    pub fn pp_tx_fd(tx: *mut pp_tx) -> c_int;
    pub fn pp_rx_arm(rx: *mut pp_rx) -> c_int;
    pub fn pp_tx_arm(tx: *mut pp_tx) -> c_int;

    pub fn pp_push_async(tx: *mut pp_tx, item: *const c_void, op: *mut pp_async) -> c_int;
    pub fn pp_pull_async(rx: *mut pp_rx, item: *mut c_void, op: *mut pp_async) -> c_int;
    pub fn pp_push_withdraw(tx: *mut pp_tx, op: *mut pp_async) -> c_int;
    pub fn pp_pull_withdraw(rx: *mut pp_rx, op: *mut pp_async) -> c_int;

    pub fn pp_push_begin(tx: *mut pp_tx, slot: *mut *mut c_void) -> c_int;
    pub fn pp_try_push_begin(tx: *mut pp_tx, slot: *mut *mut c_void) -> c_int;
    pub fn pp_push_begin_until(tx: *mut pp_tx, slot: *mut *mut c_void, deadline: pp_time) -> c_int;
    pub fn pp_push_commit(tx: *mut pp_tx, slot: *mut c_void) -> c_int;
    pub fn pp_push_abort(tx: *mut pp_tx, slot: *mut c_void) -> c_int;
    pub fn pp_pull_begin(rx: *mut pp_rx, slot: *mut *mut c_void) -> c_int;
    pub fn pp_try_pull_begin(rx: *mut pp_rx, slot: *mut *mut c_void) -> c_int;
    pub fn pp_pull_begin_until(rx: *mut pp_rx, slot: *mut *mut c_void, deadline: pp_time) -> c_int;
    pub fn pp_pull_commit(rx: *mut pp_rx, slot: *mut c_void) -> c_int;

    pub fn pp_close(tx: *mut pp_tx) -> c_int;
    pub fn pp_cancel(rx: *mut pp_rx) -> c_int;
    pub fn pp_tx_ref(tx: *mut pp_tx) -> c_int;
    pub fn pp_rx_ref(rx: *mut pp_rx) -> c_int;
    pub fn pp_tx_unref(tx: *mut pp_tx);
    pub fn pp_rx_unref(rx: *mut pp_rx);

    pub fn pp_tx_depth(tx: *const pp_tx) -> usize;
    pub fn pp_rx_depth(rx: *const pp_rx) -> usize;
    pub fn pp_tx_capacity(tx: *const pp_tx) -> usize;
    pub fn pp_rx_capacity(rx: *const pp_rx) -> usize;
    pub fn pp_tx_item_size(tx: *const pp_tx) -> usize;
    pub fn pp_rx_item_size(rx: *const pp_rx) -> usize;
    pub fn pp_tx_kind(tx: *const pp_tx) -> pp_kind;
    pub fn pp_rx_kind(rx: *const pp_rx) -> pp_kind;
    pub fn pp_tx_stats(tx: *const pp_tx, stats: *mut pp_stats) -> c_int;
    pub fn pp_rx_stats(rx: *const pp_rx, stats: *mut pp_stats) -> c_int;
    pub fn pp_dump(fd: c_int) -> c_int;
    pub fn pp_version() -> *const c_char;

    // What code that pushpull/typed.h inlines calls.
    pub fn pp_fast_pushed(tx: *mut pp_tx) -> c_int;
    pub fn pp_fast_pulled(rx: *mut pp_rx) -> c_int;
    pub fn pp_fast_contended(slots: u64);
}
