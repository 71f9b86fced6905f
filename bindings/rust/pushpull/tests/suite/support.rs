// SPDX-License-Identifier: MIT
//! What several subjects need.
use pushpull::{Kind, Mpmc, Receiver, Sender, Spsc, Stats};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::thread;

/// Both kinds, for tests that are written once.
pub trait Open: Kind + 'static {
    fn open<T>(capacity: usize) -> (Sender<T, Self>, Receiver<T, Self>)
    where
        Self: Sized;
}

impl Open for Spsc {
    fn open<T>(capacity: usize) -> (Sender<T, Spsc>, Receiver<T, Spsc>) {
        pushpull::spsc(capacity)
    }
}

impl Open for Mpmc {
    fn open<T>(capacity: usize) -> (Sender<T, Mpmc>, Receiver<T, Mpmc>) {
        pushpull::mpmc(capacity)
    }
}

/// `#[test]`s of generic functions, one for each kind.
macro_rules! for_both_kinds {
    ($($name:ident),* $(,)?) => {
        mod spsc {
            $(#[test] fn $name() { super::$name::<pushpull::Spsc>() })*
        }
        mod mpmc {
            $(#[test] fn $name() { super::$name::<pushpull::Mpmc>() })*
        }
    };
}
pub(crate) use for_both_kinds;

/// Waits until something is seen; a test that waits for ever is one that fails.
pub fn wait_until(mut seen: impl FnMut() -> bool) {
    while !seen() {
        thread::yield_now();
    }
}

pub fn a_sender_sleeps(stats: &Stats) -> bool {
    stats.pushers_parked > 0
}

pub fn a_receiver_sleeps(stats: &Stats) -> bool {
    stats.pullers_parked > 0
}

/// Counts how often each of its items was dropped.
#[derive(Clone)]
pub struct Ledger(Arc<Vec<AtomicU32>>);

impl Ledger {
    pub fn new(items: usize) -> Ledger {
        Ledger(Arc::new((0..items).map(|_| AtomicU32::new(0)).collect()))
    }

    pub fn item(&self, id: usize) -> Item {
        Item { id, ledger: self.clone() }
    }

    pub fn dropped(&self, id: usize) -> u32 {
        self.0[id].load(Ordering::SeqCst)
    }

    pub fn all_dropped_once(&self) {
        for id in 0..self.0.len() {
            assert_eq!(self.dropped(id), 1, "drops of item {}", id);
        }
    }
}

/// Tells its ledger when it is dropped.
pub struct Item {
    pub id: usize,
    ledger: Ledger,
}

impl Item {
    /// Also for what is as bad as a second drop.
    pub fn count_drop(&self) {
        self.ledger.0[self.id].fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.count_drop();
    }
}
