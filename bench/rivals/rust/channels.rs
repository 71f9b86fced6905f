// SPDX-License-Identifier: MIT

//! The channels, each behind the same two ends.

use crate::Item;
use std::sync::mpsc;

pub trait Push<T>: Send + Sized + 'static {
    fn push(&self, item: T);
    /// For a further producer, where there may be one.
    fn another(&self) -> Self;
}

pub trait Pull<T>: Send + Sized + 'static {
    /// None: every pusher is gone, and every item pulled.
    fn pull(&self) -> Option<T>;
    /// For a further consumer, where there may be one.
    fn another(&self) -> Self;
}

pub trait Channel<T> {
    type Pusher: Push<T>;
    type Puller: Pull<T>;
    const PRODUCERS_MAX: usize = usize::MAX;
    const CONSUMERS_MAX: usize = usize::MAX;
    fn open(capacity: usize) -> (Self::Pusher, Self::Puller);
}

fn gone<E>(_: E) {
    panic!("the consumers went away");
}

pub struct Std;

impl<T: Item> Push<T> for mpsc::SyncSender<T> {
    fn push(&self, item: T) {
        self.send(item).unwrap_or_else(gone);
    }
    fn another(&self) -> Self {
        self.clone()
    }
}

impl<T: Item> Pull<T> for mpsc::Receiver<T> {
    fn pull(&self) -> Option<T> {
        self.recv().ok()
    }
    fn another(&self) -> Self {
        unreachable!("std's channel has one consumer");
    }
}

impl<T: Item> Channel<T> for Std {
    type Pusher = mpsc::SyncSender<T>;
    type Puller = mpsc::Receiver<T>;
    const CONSUMERS_MAX: usize = 1;
    fn open(capacity: usize) -> (Self::Pusher, Self::Puller) {
        mpsc::sync_channel(capacity)
    }
}

#[cfg(feature = "crossbeam")]
mod crossbeam {
    use super::{gone, Channel, Item, Pull, Push};
    use crossbeam_channel::{bounded, Receiver, Sender};

    pub struct Crossbeam;

    impl<T: Item> Push<T> for Sender<T> {
        fn push(&self, item: T) {
            self.send(item).unwrap_or_else(gone);
        }
        fn another(&self) -> Self {
            self.clone()
        }
    }

    impl<T: Item> Pull<T> for Receiver<T> {
        fn pull(&self) -> Option<T> {
            self.recv().ok()
        }
        fn another(&self) -> Self {
            self.clone()
        }
    }

    impl<T: Item> Channel<T> for Crossbeam {
        type Pusher = Sender<T>;
        type Puller = Receiver<T>;
        fn open(capacity: usize) -> (Self::Pusher, Self::Puller) {
            bounded(capacity)
        }
    }
}

#[cfg(feature = "crossbeam")]
pub use self::crossbeam::Crossbeam;

/// Ours, through its Rust binding.
#[cfg(feature = "pushpull")]
mod ours {
    use super::{gone, Channel, Item, Pull, Push};
    use pushpull::{mpmc, spsc, Receiver, Sender};

    pub struct Spsc;
    pub struct Mpmc;

    impl<T: Item> Push<T> for spsc::Sender<T> {
        fn push(&self, item: T) {
            self.send(item).unwrap_or_else(gone);
        }
        fn another(&self) -> Self {
            unreachable!("PP_SPSC has one producer");
        }
    }

    impl<T: Item> Pull<T> for spsc::Receiver<T> {
        fn pull(&self) -> Option<T> {
            self.recv().ok()
        }
        fn another(&self) -> Self {
            unreachable!("PP_SPSC has one consumer");
        }
    }

    impl<T: Item> Push<T> for Sender<T> {
        fn push(&self, item: T) {
            self.send(item).unwrap_or_else(gone);
        }
        fn another(&self) -> Self {
            self.clone()
        }
    }

    impl<T: Item> Pull<T> for Receiver<T> {
        fn pull(&self) -> Option<T> {
            self.recv().ok()
        }
        fn another(&self) -> Self {
            self.clone()
        }
    }

    impl<T: Item> Channel<T> for Spsc {
        type Pusher = spsc::Sender<T>;
        type Puller = spsc::Receiver<T>;
        const PRODUCERS_MAX: usize = 1;
        const CONSUMERS_MAX: usize = 1;
        fn open(capacity: usize) -> (Self::Pusher, Self::Puller) {
            spsc(capacity)
        }
    }

    impl<T: Item> Channel<T> for Mpmc {
        type Pusher = Sender<T>;
        type Puller = Receiver<T>;
        fn open(capacity: usize) -> (Self::Pusher, Self::Puller) {
            mpmc(capacity)
        }
    }
}

#[cfg(feature = "pushpull")]
pub use self::ours::{Mpmc, Spsc};
