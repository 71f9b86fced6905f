// SPDX-License-Identifier: MIT
//! Closing, cancelling, letting go: from each side, asleep or not.
use crate::support::{
    a_receiver_sleeps, a_sender_sleeps, for_both_kinds, wait_until, Ledger, Open,
};
use pushpull::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use std::thread;
use std::time::Duration;

for_both_kinds!(
    without_senders_items_are_drained,
    without_receivers_items_come_back,
    a_closed_channel_is_drained,
    a_cancelled_channel_drops_its_items,
    a_sleeping_receiver_sees_the_end,
    a_sleeping_sender_gets_its_item_back,
    an_end_may_be_sent_through_a_channel,
);

const LONG: Duration = Duration::from_secs(1 << 30);

fn without_senders_items_are_drained<K: Open>() {
    let (tx, rx) = K::open(2);
    tx.send("a").unwrap();
    tx.send("b").unwrap();
    drop(tx);
    assert_eq!(rx.recv(), Ok("a"));
    assert_eq!(rx.try_recv(), Ok("b"));
    assert_eq!(rx.recv(), Err(RecvError));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

fn without_receivers_items_come_back<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open(capacity);
        drop(rx);
        assert_eq!(tx.send("a"), Err(SendError("a")));
        assert_eq!(tx.try_send("b"), Err(TrySendError::Disconnected("b")));
        assert_eq!(tx.send_timeout("c", LONG), Err(SendTimeoutError::Disconnected("c")));
    }
}

fn a_closed_channel_is_drained<K: Open>() {
    let (tx, rx) = K::open(2);
    tx.send(1).unwrap();
    tx.close();
    tx.close();
    assert_eq!(tx.send(2), Err(SendError(2)));
    assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.recv(), Err(RecvError));
}

fn a_cancelled_channel_drops_its_items<K: Open>() {
    let ledger = Ledger::new(2);
    let (tx, rx) = K::open(2);
    tx.send(ledger.item(0)).unwrap();
    rx.cancel();
    rx.cancel();
    assert!(rx.recv().is_err());
    assert!(rx.try_recv().err().unwrap().is_disconnected());
    let back = tx.send(ledger.item(1)).unwrap_err().into_inner();
    assert_eq!((ledger.dropped(0), ledger.dropped(1)), (1, 0));
    drop(back);
    ledger.all_dropped_once();
}

fn a_sleeping_receiver_sees_the_end<K: Open>() {
    for capacity in [0, 1] {
        let (tx, rx) = K::open::<u8>(capacity);
        let receiver = thread::spawn(move || rx.recv());
        wait_until(|| a_receiver_sleeps(&tx.stats()));
        drop(tx);
        assert_eq!(receiver.join().unwrap(), Err(RecvError));
    }
}

fn a_sleeping_sender_gets_its_item_back<K: Open>() {
    for capacity in [0, 1] {
        let (tx, rx) = K::open::<String>(capacity);
        while tx.try_send("fills it".to_string()).is_ok() {}
        let sender = thread::spawn(move || tx.send("back".to_string()));
        wait_until(|| a_sender_sleeps(&rx.stats()));
        drop(rx);
        assert_eq!(sender.join().unwrap(), Err(SendError("back".to_string())));
    }
}

#[test]
fn the_last_clone_ends_the_channel() {
    let (tx, rx) = pushpull::mpmc::<u8>(1);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    assert!(tx.same_channel(&tx2) && rx.same_channel(&rx2));
    drop((tx, rx));
    assert_eq!(tx2.send(1), Ok(()));
    assert_eq!(rx2.recv(), Ok(1));
    drop(tx2);
    assert_eq!(rx2.recv(), Err(RecvError));
    let (other, _rx) = pushpull::mpmc::<u8>(1);
    assert!(!other.same_channel(&pushpull::mpmc::<u8>(1).0));
}

#[test]
fn closing_ends_all_senders_and_wakes_them() {
    let (tx, rx) = pushpull::mpmc::<u8>(1);
    tx.send(0).unwrap();
    thread::scope(|s| {
        let asleep = [s.spawn(|| tx.send(1)), s.spawn(|| tx.send(2))];
        wait_until(|| tx.stats().pushers_parked == 2);
        tx.close();
        let back = asleep.map(|sender| sender.join().unwrap());
        assert_eq!(back, [Err(SendError(1)), Err(SendError(2))]);
    });
    assert_eq!(rx.iter().count(), 1);
}

#[test]
fn cancelling_ends_all_receivers_and_wakes_them() {
    let (tx, rx) = pushpull::mpmc::<u8>(1);
    thread::scope(|s| {
        let asleep = [s.spawn(|| rx.recv()), s.spawn(|| rx.recv())];
        wait_until(|| tx.stats().pullers_parked == 2);
        rx.cancel();
        assert_eq!(asleep.map(|receiver| receiver.join().unwrap()), [Err(RecvError); 2]);
    });
    assert_eq!(tx.send(1), Err(SendError(1)));
}

/// The usual request: with where to send the reply to.
fn an_end_may_be_sent_through_a_channel<K: Open>() {
    let (requests, server) = K::open(1);
    let thread = thread::spawn(move || {
        for (number, reply) in server {
            let reply: pushpull::spsc::Sender<u32> = reply;
            reply.send(number * 2).unwrap();
        }
    });
    for number in 0..10 {
        let (reply, answer) = pushpull::spsc(1);
        requests.send((number, reply)).unwrap();
        assert_eq!(answer.recv(), Ok(number * 2));
    }
    drop(requests);
    thread.join().unwrap();
}
