// SPDX-License-Identifier: MIT
//! Opening a channel.
use crate::error::OpenError;
use crate::item::{dropper, size_in_ring};
use crate::kind::{Kind, Mpmc, Spsc};
use crate::outcome::unexpected;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::sys;
use std::mem::size_of;
use std::ptr;
use std::time::Duration;

/// How long an operation that has to wait looks around before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spin {
    /// Learn how long it pays: the default.
    Adaptive,
    /// Sleep at once.
    Never,
    /// At most so long.
    AtMost(Duration),
}

impl Spin {
    fn raw(self) -> i64 {
        match self {
            Spin::Adaptive => sys::PP_SPIN_ADAPTIVE,
            Spin::Never => sys::PP_SPIN_NONE,
            Spin::AtMost(time) => match i64::try_from(time.as_nanos()).unwrap_or(i64::MAX) {
                0 => sys::PP_SPIN_NONE,
                nanoseconds => nanoseconds,
            },
        }
    }
}

type Ends<T, K> = (Sender<T, K>, Receiver<T, K>);

const NAME_BYTES: usize = 31;

/// Opens a channel with everything that can be chosen.
///
/// ```
/// use pushpull::{Builder, Spin};
///
/// let (tx, rx) = Builder::new().name("jobs").spin(Spin::Never).mpmc::<u64>(64)?;
/// # drop(tx);
/// assert_eq!(rx.stats().name(), "jobs");
/// # Ok::<(), pushpull::OpenError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    name: [u8; NAME_BYTES + 1],
    flags: sys::c_uint,
    spin: Spin,
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// What [`spsc`](crate::spsc()) and [`mpmc`](crate::mpmc()) open.
    pub const fn new() -> Builder {
        Builder { name: [0; NAME_BYTES + 1], flags: 0, spin: Spin::Adaptive }
    }

    /// What [`Stats`](crate::Stats) and [`dump`](crate::dump) call it; cut at 31 bytes.
    #[must_use]
    pub fn name(mut self, name: &str) -> Builder {
        let mut length = name.find('\0').unwrap_or(name.len()).min(NAME_BYTES);
        while !name.is_char_boundary(length) {
            length -= 1;
        }
        self.name = [0; NAME_BYTES + 1];
        self.name[..length].copy_from_slice(&name.as_bytes()[..length]);
        self
    }

    /// Makes [`Stats::depth_max`](crate::Stats::depth_max) an upper bound, at a small cost for each item.
    #[must_use]
    pub fn track_depth(mut self, yes: bool) -> Builder {
        self.flags = if yes { sys::PP_TRACK_DEPTH } else { 0 };
        self
    }

    /// How long to look around before sleeping.
    #[must_use]
    pub fn spin(mut self, spin: Spin) -> Builder {
        self.spin = spin;
        self
    }

    /// As [`spsc`](crate::spsc()), with an error instead of a panic.
    pub fn spsc<T>(&self, capacity: usize) -> Result<Ends<T, Spsc>, OpenError> {
        self.open(capacity)
    }

    /// As [`mpmc`](crate::mpmc()), with an error instead of a panic.
    pub fn mpmc<T>(&self, capacity: usize) -> Result<Ends<T, Mpmc>, OpenError> {
        self.open(capacity)
    }

    fn open<T, K: Kind>(&self, capacity: usize) -> Result<Ends<T, K>, OpenError> {
        let config = sys::pp_config {
            size: size_of::<sys::pp_config>(),
            kind: K::RAW,
            capacity,
            item_size: size_in_ring::<T>(),
            flags: self.flags,
            spin_ns: self.spin.raw(),
            drop: dropper::<T>(),
            drop_context: ptr::null_mut(),
            name: self.name.as_ptr().cast(),
        };
        let (mut tx, mut rx) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: three pointers to what they should point to; the name ends with a zero.
        match -unsafe { sys::pp_open_with(&mut tx, &mut rx, &config) } {
            0 => {}
            libc::EINVAL => return Err(OpenError::CapacityOverflow),
            libc::ENOMEM => return Err(OpenError::OutOfMemory),
            other => unexpected(-other),
        }
        // SAFETY: one reference of each end, and the ring is one of `T` and `K`.
        unsafe { Ok((Sender::of(tx), Receiver::of(rx))) }
    }
}
