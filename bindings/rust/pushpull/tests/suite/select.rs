// SPDX-License-Identifier: MIT
//! One of several operations.
use crate::support::{for_both_kinds, wait_until, Ledger, Open};
use pushpull::{RecvError, Select, SelectTimeoutError, SendError, TrySelectError};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

for_both_kinds!(
    what_can_go_ahead_does,
    nothing_can_go_ahead,
    a_disconnected_case_goes_ahead_with_an_error,
    an_unsent_item_comes_back,
    a_case_is_refilled,
    what_was_sent_is_not_sent_again,
    a_removed_case_takes_no_part,
    items_of_a_select_are_dropped_once,
    items_without_size_are_selected,
    a_sleeping_select_is_woken,
    a_select_meets_at_capacity_0,
    two_types_in_a_loop,
);

fn what_can_go_ahead_does<K: Open>() {
    let (tx1, rx1) = K::open::<u8>(1);
    let (tx2, rx2) = K::open::<String>(1);
    let mut sel = Select::new();
    let number = sel.recv(&rx1);
    let text = sel.send(&tx2, "text".to_string());
    assert_eq!((number, text), (0, 1));
    let done = sel.select();
    assert_eq!(done.index(), text);
    assert_eq!(done.send(&tx2), Ok(()));
    assert_eq!(rx2.recv().unwrap(), "text");
    assert!(sel.try_select().is_err(), "a case that has sent takes no part");
    tx1.send(5).unwrap();
    let done = sel.try_select().unwrap();
    assert_eq!(done.index(), number);
    assert_eq!(done.recv(&rx1), Ok(5));
}

fn nothing_can_go_ahead<K: Open>() {
    for capacity in [0, 1] {
        let (tx, rx) = K::open::<u8>(capacity);
        let (full, _rx) = K::open::<u8>(capacity);
        while full.try_send(1).is_ok() {}
        let mut sel = Select::new();
        sel.recv(&rx);
        sel.send(&full, 2);
        let before = Instant::now();
        assert_eq!(sel.try_select().unwrap_err(), TrySelectError);
        let late = sel.select_timeout(Duration::from_millis(2)).unwrap_err();
        assert_eq!(late, SelectTimeoutError);
        assert!(sel.select_deadline(before + Duration::from_millis(4)).is_err());
        assert!(before.elapsed() >= Duration::from_millis(4), "too early");
        drop(tx);
    }
    let mut none = Select::new();
    assert!(none.try_select().is_err());
    assert!(none.select_timeout(Duration::from_millis(1)).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(none.select()))).is_err());
}

fn a_disconnected_case_goes_ahead_with_an_error<K: Open>() {
    let (tx, rx) = K::open::<u8>(1);
    drop(tx);
    let mut sel = Select::new();
    let case = sel.recv(&rx);
    for _ in 0..2 {
        let done = sel.select();
        assert_eq!(done.index(), case);
        assert_eq!(done.recv(&rx), Err(RecvError));
    }
    let (tx, rx) = K::open::<u8>(1);
    drop(rx);
    let mut sel = Select::new();
    sel.send(&tx, 7);
    drop(sel.select());
    assert_eq!(sel.select().send(&tx), Err(SendError(7)));
    assert!(sel.try_select().is_err(), "a case without an item takes no part");
}

fn an_unsent_item_comes_back<K: Open>() {
    let (tx, rx) = K::open::<String>(1);
    tx.send("first".to_string()).unwrap();
    let mut sel = Select::new();
    let case = sel.send(&tx, "second".to_string());
    assert!(sel.try_select().is_err());
    assert_eq!(sel.take(case, &tx).unwrap(), "second");
    assert_eq!(sel.take(case, &tx), None);
    rx.recv().unwrap();
    assert!(sel.try_select().is_err(), "a case without an item takes no part");
}

fn a_case_is_refilled<K: Open>() {
    let (tx, rx) = K::open::<u32>(2);
    let mut sel = Select::new();
    let case = sel.send(&tx, 0);
    for n in 0..10 {
        assert_eq!(sel.select().send(&tx), Ok(()));
        assert_eq!(rx.recv(), Ok(n));
        sel.refill(case, &tx, n + 1);
    }
    let twice = catch_unwind(AssertUnwindSafe(|| sel.refill(case, &tx, 0)));
    assert!(twice.is_err());
    assert_eq!(sel.take(case, &tx), Some(10));
}

/// Whether anybody asks how it went, or not.
fn what_was_sent_is_not_sent_again<K: Open>() {
    let (tx, rx) = K::open::<Box<u32>>(2);
    let mut sel = Select::new();
    let case = sel.send(&tx, Box::new(1));
    drop(sel.select());
    assert!(sel.try_select().is_err());
    assert_eq!(sel.take(case, &tx), None);
    sel.refill(case, &tx, Box::new(2));
    std::mem::forget(sel.select());
    assert!(sel.try_select().is_err());
    assert!(rx.try_iter().map(|item| *item).eq([1, 2]));
}

fn a_removed_case_takes_no_part<K: Open>() {
    let ledger = Ledger::new(1);
    let (tx, rx) = K::open(1);
    let mut sel = Select::new();
    let case = sel.send(&tx, ledger.item(0));
    sel.remove(case);
    ledger.all_dropped_once();
    assert!(sel.try_select().is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| sel.remove(case))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| sel.take(case, &tx))).is_err());
    tx.send(Ledger::new(1).item(0)).unwrap_or_else(|_| panic!());
    let again = sel.recv(&rx);
    assert_eq!(again, 1);
    assert_eq!(sel.select().index(), again);
}

fn items_of_a_select_are_dropped_once<K: Open>() {
    let ledger = Ledger::new(6);
    let (tx1, rx1) = K::open(2);
    let (tx2, rx2) = K::open(1);
    {
        let mut sel = Select::new_biased();
        let send = sel.send(&tx2, ledger.item(0));
        let recv = sel.recv(&rx1);
        assert!(sel.select().send(&tx2).is_ok());
        assert_eq!(ledger.dropped(0), 0); // in the ring
        sel.refill(send, &tx2, ledger.item(1)); // there is no room: goes with the select
        assert!(tx1.send(ledger.item(2)).is_ok());
        assert_eq!(sel.select().index(), recv);
        assert_eq!(ledger.dropped(2), 1); // not fetched
        assert!(tx1.send(ledger.item(3)).is_ok());
        std::mem::forget(sel.select());
        assert_eq!(ledger.dropped(3), 0);
        assert!(sel.try_select().is_err());
        assert_eq!(ledger.dropped(3), 1); // now it is
        assert!(tx1.send(ledger.item(4)).is_ok());
        let item = sel.select().recv(&rx1).ok().unwrap();
        assert_eq!((item.id, ledger.dropped(4)), (4, 0));
        drop(item);
        assert!(tx1.send(ledger.item(5)).is_ok());
        std::mem::forget(sel.select());
        assert_eq!(ledger.dropped(1), 0);
    }
    assert_eq!((ledger.dropped(1), ledger.dropped(5), ledger.dropped(0)), (1, 1, 0));
    drop(rx2);
    ledger.all_dropped_once();
}

fn items_without_size_are_selected<K: Open>() {
    let (tx, rx) = K::open::<()>(1);
    let mut sel = Select::new();
    sel.send(&tx, ());
    sel.recv(&rx);
    assert_eq!(sel.select().send(&tx), Ok(()));
    assert_eq!(sel.select().recv(&rx), Ok(()));
    assert!(sel.try_select().is_err());
}

fn a_sleeping_select_is_woken<K: Open>() {
    let (tx1, rx1) = K::open::<u8>(1);
    let (tx2, rx2) = K::open::<String>(1);
    let thread = thread::spawn(move || {
        let mut sel = Select::new();
        let number = sel.recv(&rx1);
        let text = sel.recv(&rx2);
        for _ in 0..2 {
            let done = sel.select();
            match done.index() {
                i if i == number => assert_eq!(done.recv(&rx1), Ok(3)),
                i if i == text => assert_eq!(done.recv(&rx2).unwrap(), "text"),
                _ => unreachable!(),
            }
        }
    });
    wait_until(|| tx1.stats().pullers_parked == 1 && tx2.stats().pullers_parked == 1);
    tx2.send("text".to_string()).unwrap();
    tx1.send(3).unwrap();
    thread.join().unwrap();
}

/// Two selects, with two ways to meet: both take the same.
fn a_select_meets_at_capacity_0<K: Open>() {
    for _ in 0..100 {
        let (tx1, rx1) = K::open::<String>(0);
        let (tx2, rx2) = K::open::<String>(0);
        let thread = thread::spawn(move || send_or_recv(&tx2, "there", &rx1));
        let here = send_or_recv(&tx1, "here", &rx2);
        let there = thread.join().unwrap();
        match here {
            Some(item) => assert_eq!((item.as_str(), there), ("there", None)),
            None => assert_eq!(there.unwrap(), "here"),
        }
    }
}

/// What was received, or `None`: sent.
fn send_or_recv<K: Open>(
    tx: &pushpull::Sender<String, K>,
    item: &str,
    rx: &pushpull::Receiver<String, K>,
) -> Option<String> {
    let mut sel = Select::new();
    let send = sel.send(tx, item.to_string());
    sel.recv(rx);
    let done = sel.select();
    if done.index() == send {
        done.send(tx).unwrap();
        return None;
    }
    Some(done.recv(rx).unwrap())
}

fn two_types_in_a_loop<K: Open>() {
    let (tx1, rx1) = K::open::<u64>(3);
    let (tx2, rx2) = K::open::<Box<u64>>(0);
    let first = thread::spawn(move || (0..500).for_each(|n| tx1.send(n).unwrap()));
    let second = thread::spawn(move || (0..500).for_each(|n| tx2.send(Box::new(n)).unwrap()));
    let (mut numbers, mut boxes) = (Vec::new(), Vec::new());
    let mut sel = Select::new();
    let (a, b) = (sel.recv(&rx1), sel.recv(&rx2));
    let mut open = 2;
    while open > 0 {
        let done = sel.select();
        let case = done.index();
        let more = match case {
            i if i == a => done.recv(&rx1).map(|n| numbers.push(n)),
            i if i == b => done.recv(&rx2).map(|n| boxes.push(*n)),
            _ => unreachable!(),
        };
        if more.is_err() {
            sel.remove(case);
            open -= 1;
        }
    }
    assert!(numbers.into_iter().eq(0..500) && boxes.into_iter().eq(0..500));
    first.join().unwrap();
    second.join().unwrap();
}

#[test]
fn a_biased_select_takes_the_first() {
    let (tx, rx1) = pushpull::mpmc::<u8>(64);
    let (tx2, rx2) = pushpull::mpmc::<u8>(64);
    tx.send_slice(&[0; 64]).unwrap();
    tx2.send_slice(&[0; 64]).unwrap();
    let mut sel = Select::new_biased();
    sel.recv(&rx2);
    sel.recv(&rx1);
    assert!((0..64).all(|_| sel.select().index() == 0));
    assert_eq!((rx2.len(), rx1.len()), (0, 64));
}

/// With a fair coin the chance that this fails is 2 in 2^64.
#[test]
fn another_select_takes_any() {
    let (tx, rx) = pushpull::mpmc::<u8>(64);
    tx.send_slice(&[0; 64]).unwrap();
    let mut sel = Select::default();
    sel.recv(&rx);
    sel.recv(&rx);
    let first = (0..64).filter(|_| sel.select().index() == 0).count();
    assert!(first > 0 && first < 64);
}

#[test]
fn another_end_is_refused() {
    let (tx, rx) = pushpull::mpmc::<u8>(2);
    let (other_tx, other_rx) = pushpull::mpmc::<[u64; 100]>(2);
    tx.send(1).unwrap();
    let mut sel = Select::new();
    let recv = sel.recv(&rx);
    let refused = catch_unwind(AssertUnwindSafe(|| sel.select().recv(&other_rx).is_ok()));
    assert!(refused.is_err());
    let refused = catch_unwind(AssertUnwindSafe(|| sel.take(recv, &other_tx).is_some()));
    assert!(refused.is_err());
    let refused = catch_unwind(AssertUnwindSafe(|| sel.refill(recv, &tx, 1)));
    assert!(refused.is_err());
    tx.send(2).unwrap();
    let clone = rx.clone();
    assert_eq!(sel.select().recv(&clone), Ok(2), "a clone is the same end");
}
