// SPDX-License-Identifier: MIT
//! Items of all types: they arrive as they were, and their destructors run once.
use crate::support::{a_sender_sleeps, for_both_kinds, wait_until, Item, Ledger, Open};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

for_both_kinds!(
    items_of_all_types_are_dropped_once,
    a_cancel_races_with_sends,
    a_sender_asleep_drops_its_item_once,
    a_panicking_destructor_is_contained,
    an_item_may_own_an_end_of_its_own_channel,
    items_may_be_borrowed_data,
    large_items_arrive_whole,
);

/// Around an [`Item`]: sizes and alignments.
trait Shape: Send + 'static {
    fn around(item: Item) -> Self;
    /// It lies as it should, and is what it was.
    fn check(&self, id: usize);
}

impl Shape for Item {
    fn around(item: Item) -> Item {
        item
    }

    fn check(&self, id: usize) {
        assert_eq!(self.id, id);
    }
}

impl Shape for Box<Item> {
    fn around(item: Item) -> Box<Item> {
        Box::new(item)
    }

    fn check(&self, id: usize) {
        assert_eq!(self.id, id);
    }
}

impl Shape for (u8, Item, String) {
    fn around(item: Item) -> Self {
        let text = item.id.to_string();
        (7, item, text)
    }

    fn check(&self, id: usize) {
        assert_eq!((self.0, self.1.id, self.2.as_str()), (7, id, id.to_string().as_str()));
    }
}

macro_rules! shape {
    ($name:ident, $align:literal, $size:literal) => {
        #[repr(align($align))]
        struct $name {
            item: Item,
            fill: [u8; $size],
        }

        impl $name {
            fn is_intact(&self, id: usize) -> bool {
                self as *const $name as usize % $align == 0
                    && self.item.id == id
                    && self.fill.iter().all(|&byte| byte == id as u8)
            }
        }

        impl Shape for $name {
            fn around(item: Item) -> $name {
                $name { fill: [item.id as u8; $size], item }
            }

            fn check(&self, id: usize) {
                assert!(self.is_intact(id));
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                if !self.is_intact(self.item.id) {
                    self.item.count_drop(); // a panic might be contained
                }
            }
        }
    };
}

shape!(Odd, 8, 9);
shape!(Line, 64, 40);
shape!(Page, 4096, 100);
shape!(Large, 8, 65536);

fn items_of_all_types_are_dropped_once<K: Open>() {
    all_ways::<K, Item>();
    all_ways::<K, Box<Item>>();
    all_ways::<K, (u8, Item, String)>();
    all_ways::<K, Odd>();
    all_ways::<K, Line>();
    all_ways::<K, Page>();
    all_ways::<K, Large>();
}

fn all_ways<K: Open, T: Shape>() {
    for capacity in [1, 3, 4] {
        for received in 0..=capacity {
            left_behind::<K, T>(capacity, received, |tx, rx| drop((tx, rx)));
            left_behind::<K, T>(capacity, received, |tx, rx| drop((rx, tx)));
            left_behind::<K, T>(capacity, received, |tx, rx| {
                tx.close();
                rx.cancel();
            });
            left_behind::<K, T>(capacity, received, |tx, rx| {
                drop(tx);
                let mut next = received;
                rx.into_iter().for_each(|item| {
                    item.check(next);
                    next += 1;
                });
            });
        }
    }
}

/// The channel is full; of `more` than that, the last comes back.
fn left_behind<K: Open, T: Shape>(
    capacity: usize,
    received: usize,
    end: impl FnOnce(pushpull::Sender<T, K>, pushpull::Receiver<T, K>),
) {
    let ledger = Ledger::new(capacity + 1);
    let (tx, rx) = K::open::<T>(capacity);
    for id in 0..capacity {
        assert!(tx.send(T::around(ledger.item(id))).is_ok());
    }
    let back = tx.try_send(T::around(ledger.item(capacity))).unwrap_err();
    for id in 0..received {
        rx.recv().unwrap().check(id);
        assert_eq!(ledger.dropped(id), 1);
    }
    end(tx, rx);
    assert_eq!(ledger.dropped(capacity), 0);
    back.into_inner().check(capacity);
    ledger.all_dropped_once();
}

#[test]
fn items_without_size_are_dropped_once() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    #[derive(Debug)]
    #[repr(align(16))]
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            assert_eq!(self as *const Nothing as usize % 16, 0);
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    fn dropped_by(way: impl FnOnce()) -> usize {
        let before = DROPPED.load(SeqCst);
        way();
        DROPPED.load(SeqCst) - before
    }
    let (tx, rx) = pushpull::mpmc(3);
    assert_eq!(dropped_by(|| (0..3).for_each(|_| tx.send(Nothing).unwrap())), 0);
    assert_eq!(dropped_by(|| drop(tx.try_send(Nothing).unwrap_err())), 1);
    assert_eq!(dropped_by(|| drop(rx.recv().unwrap())), 1);
    assert_eq!(dropped_by(|| drop((tx, rx))), 2);
    let (tx, rx) = pushpull::spsc(100);
    let mut many: Vec<Nothing> = (0..150).map(|_| Nothing).collect();
    assert_eq!(dropped_by(|| assert!(tx.try_send_many(&mut many).unwrap_err().is_full())), 0);
    assert_eq!((many.len(), rx.len()), (50, 100));
    let mut some = Vec::new();
    assert_eq!(rx.recv_many(&mut some, 10), Ok(10));
    assert_eq!(dropped_by(|| drop(some)), 10);
    assert_eq!(dropped_by(|| rx.cancel()), 90);
    assert_eq!(dropped_by(|| drop(many)), 50);
}

fn a_cancel_races_with_sends<K: Open>() {
    const ITEMS: usize = 300;
    for capacity in [0, 1, 3, 64] {
        let ledger = Ledger::new(ITEMS);
        let (tx, rx) = K::open(capacity);
        let items = ledger.clone();
        let sender = thread::spawn(move || {
            (0..ITEMS).map(|id| tx.send(items.item(id))).filter(Result::is_ok).count()
        });
        let received = rx.iter().take(ITEMS / 3).count();
        rx.cancel();
        let sent = sender.join().unwrap();
        assert!(received <= sent, "{} of {}", received, sent);
        drop(rx);
        ledger.all_dropped_once();
    }
}

#[test]
fn a_cancel_races_with_many_senders() {
    const EACH: usize = 200;
    for capacity in [0, 1, 3, 64] {
        let ledger = Ledger::new(3 * EACH);
        let (tx, rx) = pushpull::mpmc(capacity);
        thread::scope(|s| {
            for sender in 0..3 {
                let (tx, ledger) = (tx.clone(), &ledger);
                s.spawn(move || {
                    for id in sender * EACH..(sender + 1) * EACH {
                        drop(tx.send(Box::new(ledger.item(id))));
                    }
                });
            }
            s.spawn(|| rx.iter().take(EACH / 2).count());
            rx.iter().take(EACH / 2).count();
            drop((tx, rx.cancel()));
        });
        drop(rx);
        ledger.all_dropped_once();
    }
}

fn a_sender_asleep_drops_its_item_once<K: Open>() {
    for capacity in [0, 1] {
        let ledger = Ledger::new(capacity + 1);
        let (tx, rx) = K::open(capacity);
        let items = ledger.clone();
        let sender = thread::spawn(move || {
            (0..capacity + 1).map(|id| tx.send(items.item(id))).filter(Result::is_err).count()
        });
        wait_until(|| a_sender_sleeps(&rx.stats()));
        drop(rx);
        assert_eq!(sender.join().unwrap(), 1);
        ledger.all_dropped_once();
    }
}

/// One that panics with something that panics.
struct Panicking(Item);

impl Drop for Panicking {
    fn drop(&mut self) {
        struct PanicsToo;
        impl Drop for PanicsToo {
            fn drop(&mut self) {
                std::panic::resume_unwind(Box::new("in the payload"));
            }
        }
        if self.0.id % 2 == 0 {
            std::panic::resume_unwind(Box::new(PanicsToo));
        }
    }
}

fn a_panicking_destructor_is_contained<K: Open>() {
    let ledger = Ledger::new(4);
    let (tx, rx) = K::open(4);
    for id in 0..4 {
        assert!(tx.send(Panicking(ledger.item(id))).is_ok());
    }
    drop(rx);
    ledger.all_dropped_once();
    assert!(tx.send(Panicking(Ledger::new(2).item(1))).is_err());
    // What is received is the receiver's, and so is its panic.
    let (tx, rx) = K::open(1);
    assert!(tx.send(Panicking(Ledger::new(1).item(0))).is_ok());
    let payload = catch_unwind(AssertUnwindSafe(|| drop(rx.recv()))).unwrap_err();
    std::mem::forget(payload);
}

/// To drop the items is to let go of the ring that they are in.
fn an_item_may_own_an_end_of_its_own_channel<K: Open>() {
    struct Node<K>(Option<pushpull::Sender<Node<K>, K>>, Item);
    let ledger = Ledger::new(1);
    let (tx, rx) = K::open(2);
    let (tx2, rx2) = K::open(2);
    // Through another one, as a sender of a channel for one sender cannot be there twice.
    assert!(tx2.send(Node(Some(tx), ledger.item(0))).is_ok());
    let Node(tx, item) = rx2.recv().ok().unwrap();
    let tx = tx.unwrap();
    let raw = tx.as_raw();
    // SAFETY: `tx` and the node's own reference are not used at the same time, and not after the send.
    let own = unsafe {
        assert_eq!(pushpull::sys::pp_tx_ref(raw), 0);
        pushpull::Sender::from_raw(raw).unwrap()
    };
    assert!(tx.send(Node(Some(own), item)).is_ok());
    drop(tx);
    drop(rx);
    ledger.all_dropped_once();
}

fn items_may_be_borrowed_data<K: Open>() {
    let text = String::from("a few words that stay here");
    let (tx, rx) = K::open::<&str>(2);
    thread::scope(|s| {
        s.spawn(|| {
            let tx = tx;
            text.split(' ').for_each(|word| tx.send(word).unwrap());
        });
        let words: Vec<&str> = rx.iter().collect();
        assert_eq!(words.join(" "), text);
    });
}

fn large_items_arrive_whole<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open::<[u64; 8192]>(capacity);
        let sender = thread::spawn(move || (0..50).for_each(|n| tx.send([n; 8192]).unwrap()));
        for n in 0..50 {
            assert!(rx.recv().unwrap().iter().all(|&word| word == n));
        }
        sender.join().unwrap();
    }
}
