// SPDX-License-Identifier: MIT
//! The two kinds of channel, as types.
use crate::sys;

mod sealed {
    pub trait Sealed {}
}

/// A kind of channel: [`Spsc`] or [`Mpmc`].
pub trait Kind: sealed::Sealed {
    #[doc(hidden)]
    const RAW: sys::pp_kind;
}

/// One sender and one receiver. The ends can be moved to another thread; they cannot be cloned, nor shared.
#[derive(Debug)]
pub enum Spsc {}

/// Any number of senders and receivers. The ends can be cloned and shared.
#[derive(Debug)]
pub enum Mpmc {}

impl sealed::Sealed for Spsc {}
impl sealed::Sealed for Mpmc {}

impl Kind for Spsc {
    const RAW: sys::pp_kind = sys::PP_SPSC;
}

impl Kind for Mpmc {
    const RAW: sys::pp_kind = sys::PP_MPMC;
}
