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

/// Ends whose calls have the names of std; what makes one more of each, where there may be one.
macro_rules! with_send_and_recv {
    ($tx:ty, $another_tx:expr, $rx:ty, $another_rx:expr) => {
        impl<T: Item> Push<T> for $tx {
            fn push(&self, item: T) {
                self.send(item).unwrap_or_else(gone);
            }
            fn another(&self) -> Self {
                $another_tx(self)
            }
        }

        impl<T: Item> Pull<T> for $rx {
            fn pull(&self) -> Option<T> {
                self.recv().ok()
            }
            fn another(&self) -> Self {
                $another_rx(self)
            }
        }
    };
}

fn only_one<E>(_: &E) -> E {
    unreachable!("there is one of these ends");
}

pub struct Std;

with_send_and_recv!(mpsc::SyncSender<T>, Clone::clone, mpsc::Receiver<T>, only_one);

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

    with_send_and_recv!(Sender<T>, Clone::clone, Receiver<T>, Clone::clone);

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
    use super::{gone, only_one, Channel, Item, Pull, Push};
    use pushpull::{mpmc, spsc, Receiver, Sender};

    pub struct Spsc;
    pub struct Mpmc;

    with_send_and_recv!(spsc::Sender<T>, only_one, spsc::Receiver<T>, only_one);
    with_send_and_recv!(Sender<T>, Clone::clone, Receiver<T>, Clone::clone);

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
