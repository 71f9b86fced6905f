// SPDX-License-Identifier: MIT
//! Sending and receiving: results, waiting, deadlines.
use crate::support::{a_receiver_sleeps, a_sender_sleeps, for_both_kinds, wait_until, Open};
use pushpull::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

for_both_kinds!(
    items_come_in_order,
    a_try_never_waits,
    deadlines_that_have_passed_are_tries,
    deadlines_that_do_not_come_are_none,
    a_deadline_ends_a_wait,
    a_sleeping_sender_goes_on_when_there_is_room,
    a_sleeping_receiver_goes_on_when_there_is_an_item,
    a_rendezvous_hands_over,
    iterators_end_with_the_stream,
);

const ITEMS: u64 = 2000;
const NEVER: Duration = Duration::from_secs(1 << 40);

fn items_come_in_order<K: Open>() {
    for capacity in [0, 1, 3, 64] {
        let (tx, rx) = K::open::<u64>(capacity);
        let sender = thread::spawn(move || (0..ITEMS).try_for_each(|n| tx.send(n)));
        assert!(rx.iter().eq(0..ITEMS), "capacity {}", capacity);
        sender.join().unwrap().unwrap();
    }
}

fn a_try_never_waits<K: Open>() {
    let (tx, rx) = K::open(1);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.try_send("a"), Ok(()));
    assert_eq!(tx.try_send("b"), Err(TrySendError::Full("b")));
    assert_eq!(rx.try_recv(), Ok("a"));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let (tx, rx) = K::open(0);
    assert_eq!(tx.try_send("b"), Err(TrySendError::Full("b")));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

fn deadlines_that_have_passed_are_tries<K: Open>() {
    let past = Instant::now();
    let (tx, rx) = K::open(1);
    assert_eq!(rx.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    assert_eq!(tx.send_deadline(1, past), Ok(()));
    assert_eq!(tx.send_deadline(2, past), Err(SendTimeoutError::Timeout(2)));
    assert_eq!(rx.recv_deadline(past), Ok(1));
    assert_eq!(tx.send_timeout(3, Duration::ZERO), Ok(()));
    assert_eq!(tx.send_timeout(4, Duration::ZERO), Err(SendTimeoutError::Timeout(4)));
    assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(3));
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
}

/// In the past they would have been, had they overflown.
fn deadlines_that_do_not_come_are_none<K: Open>() {
    for timeout in [Duration::MAX, NEVER, Duration::from_nanos(u64::MAX)] {
        let (tx, rx) = K::open::<u8>(1);
        let receiver = thread::spawn(move || (rx.recv_timeout(timeout), rx.recv()));
        wait_until(|| a_receiver_sleeps(&tx.stats()));
        tx.send_timeout(1, timeout).unwrap();
        drop(tx);
        assert_eq!(receiver.join().unwrap().0, Ok(1), "{:?}", timeout);
    }
    let far = Instant::now() + Duration::from_secs(1 << 32);
    let (tx, rx) = K::open::<u8>(0);
    let receiver = thread::spawn(move || rx.recv_deadline(far));
    tx.send_deadline(1, far).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(1));
}

fn a_deadline_ends_a_wait<K: Open>() {
    let short = Duration::from_millis(5);
    for capacity in [0, 1] {
        let (tx, rx) = K::open::<u8>(capacity);
        let before = Instant::now();
        assert_eq!(rx.recv_timeout(short), Err(RecvTimeoutError::Timeout));
        assert_eq!(rx.recv_deadline(before + short * 2), Err(RecvTimeoutError::Timeout));
        assert!(before.elapsed() >= short * 2, "too early");
        while tx.try_send(1).is_ok() {}
        let before = Instant::now();
        assert_eq!(tx.send_timeout(7, short), Err(SendTimeoutError::Timeout(7)));
        assert_eq!(tx.send_deadline(8, before + short * 2), Err(SendTimeoutError::Timeout(8)));
        assert!(before.elapsed() >= short * 2, "too early");
    }
}

fn a_sleeping_sender_goes_on_when_there_is_room<K: Open>() {
    let (tx, rx) = K::open(1);
    tx.send(1).unwrap();
    let sender = thread::spawn(move || tx.send(2));
    wait_until(|| a_sender_sleeps(&rx.stats()));
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(sender.join().unwrap(), Ok(()));
    assert_eq!(rx.recv(), Ok(2));
}

fn a_sleeping_receiver_goes_on_when_there_is_an_item<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open(capacity);
        let receiver = thread::spawn(move || rx.recv());
        wait_until(|| a_receiver_sleeps(&tx.stats()));
        tx.send("item").unwrap();
        assert_eq!(receiver.join().unwrap(), Ok("item"));
    }
}

/// A try succeeds exactly if somebody waits.
fn a_rendezvous_hands_over<K: Open>() {
    let (tx, rx) = K::open::<String>(0);
    let receiver = thread::spawn(move || (rx.recv(), rx));
    wait_until(|| tx.try_send("for one who waits".to_string()).is_ok());
    let (received, rx) = receiver.join().unwrap();
    assert_eq!(received.unwrap(), "for one who waits");
    let sender = thread::spawn(move || tx.send("from one who waits".to_string()));
    let mut received = None;
    wait_until(|| {
        received = rx.try_recv().ok();
        received.is_some()
    });
    assert_eq!(received.unwrap(), "from one who waits");
    assert_eq!(sender.join().unwrap(), Ok(()));
}

fn iterators_end_with_the_stream<K: Open>() {
    let (tx, rx) = K::open(4);
    tx.send_slice(&[1, 2]).unwrap();
    assert!(rx.try_iter().eq([1, 2]));
    assert_eq!(rx.try_iter().next(), None);
    tx.send_slice(&[3, 4]).unwrap();
    drop(tx);
    let mut seen = Vec::new();
    for item in &rx {
        seen.push(item);
    }
    assert_eq!(seen, [3, 4]);
    let mut rest = rx.into_iter();
    assert_eq!((rest.next(), rest.next()), (None, None));
}

#[test]
fn many_senders_and_receivers_get_each_item_once() {
    for capacity in [0, 1, 3, 64] {
        let (tx, rx) = pushpull::mpmc::<u64>(capacity);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let rx = rx.clone();
                thread::spawn(move || rx.iter().collect::<Vec<u64>>())
            })
            .collect();
        thread::scope(|s| {
            for sender in 0..3 {
                let tx = &tx;
                s.spawn(move || (0..ITEMS).for_each(|n| tx.send(sender * ITEMS + n).unwrap()));
            }
        });
        drop(tx);
        let mut all = Vec::new();
        for receiver in receivers {
            let items = receiver.join().unwrap();
            for sender in 0..3 {
                let of_one = items.iter().filter(|&&n| n / ITEMS == sender);
                assert!(of_one.clone().zip(of_one.skip(1)).all(|(a, b)| a < b), "out of order");
            }
            all.extend(items);
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..3 * ITEMS));
    }
}

/// Without ordering the receiver would see a count that is too small.
#[test]
fn what_was_done_before_sending_is_seen() {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static DONE: AtomicU64 = AtomicU64::new(0);
    let (tx, rx) = pushpull::spsc::<u64>(3);
    let sender = thread::spawn(move || {
        for n in 1..=ITEMS {
            DONE.store(n, Relaxed);
            tx.send(n).unwrap();
        }
    });
    assert!(rx.iter().all(|n| DONE.load(Relaxed) >= n));
    sender.join().unwrap();
}
