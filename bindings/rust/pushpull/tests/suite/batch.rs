// SPDX-License-Identifier: MIT
//! Many items with one call.
use crate::support::{for_both_kinds, wait_until, Ledger, Open};
use pushpull::{RecvError, RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

for_both_kinds!(
    a_slice_is_sent_whole,
    a_try_takes_what_fits,
    a_batch_in_part_gives_the_rest_back,
    receiving_takes_what_is_there,
    deadlines_of_batches,
    a_vec_is_drained_from_the_front,
    a_vec_is_filled_at_its_end,
    items_of_batches_are_dropped_once,
    batches_of_nothing,
    many_items_without_size,
);

const PAST: Duration = Duration::ZERO;

fn a_slice_is_sent_whole<K: Open>() {
    let items: Vec<u32> = (0..1000).collect();
    for capacity in [0, 1, 3, 64, 2000] {
        let (tx, rx) = K::open(capacity);
        let sent = items.clone();
        let sender = thread::spawn(move || tx.send_slice(&sent).is_ok());
        let (mut received, mut some) = (Vec::new(), [0; 7]);
        while let Ok(n) = rx.recv_slice(&mut some) {
            received.extend_from_slice(&some[..n]);
        }
        assert!(sender.join().unwrap());
        assert_eq!(received, items, "capacity {}", capacity);
    }
}

fn a_try_takes_what_fits<K: Open>() {
    let (tx, rx) = K::open(3);
    assert_eq!(tx.try_send_slice(&[1, 2]), Ok(()));
    assert_eq!(tx.try_send_slice(&[3, 4, 5]), Err(TrySendError::Full(&[4, 5][..])));
    assert_eq!(tx.try_send_slice(&[4, 5]), Err(TrySendError::Full(&[4, 5][..])));
    let mut some = [0; 2];
    assert_eq!(rx.try_recv_slice(&mut some), Ok(2));
    assert_eq!(some, [1, 2]);
    assert_eq!(rx.try_recv_slice(&mut some), Ok(1));
    assert_eq!(some, [3, 2]);
    assert_eq!(rx.try_recv_slice(&mut some), Err(TryRecvError::Empty));
    drop(rx);
    assert_eq!(tx.try_send_slice(&[6]), Err(TrySendError::Disconnected(&[6][..])));
}

fn a_batch_in_part_gives_the_rest_back<K: Open>() {
    let (tx, rx) = K::open(2);
    let sender =
        thread::spawn(move || tx.send_slice(&[1, 2, 3, 4]).unwrap_err().into_inner().to_vec());
    wait_until(|| rx.is_full());
    rx.cancel();
    assert_eq!(sender.join().unwrap(), [3, 4]);
    assert_eq!(rx.recv_slice(&mut [0]), Err(RecvError));
}

fn receiving_takes_what_is_there<K: Open>() {
    let (tx, rx) = K::open(4);
    tx.send_slice(&[1, 2, 3]).unwrap();
    drop(tx);
    let mut some = [0; 8];
    assert_eq!(rx.recv_slice(&mut some), Ok(3));
    assert_eq!(some, [1, 2, 3, 0, 0, 0, 0, 0]);
    assert_eq!(rx.recv_slice(&mut some), Err(RecvError));
    assert_eq!(rx.try_recv_slice(&mut some), Err(TryRecvError::Disconnected));
    assert_eq!(some[0], 1);
}

fn deadlines_of_batches<K: Open>() {
    let now = Instant::now();
    let (tx, rx) = K::open(2);
    let mut some = [0; 4];
    assert_eq!(rx.recv_slice_timeout(&mut some, PAST), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_slice_deadline(&mut some, now), Err(RecvTimeoutError::Timeout));
    let rest = SendTimeoutError::Timeout(&[3][..]);
    assert_eq!(tx.send_slice_timeout(&[1, 2, 3], PAST), Err(rest));
    assert_eq!(tx.send_slice_deadline(&[3], now), Err(rest));
    assert_eq!(rx.recv_slice_timeout(&mut some, Duration::MAX), Ok(2));
    assert_eq!(some[..2], [1, 2]);
    assert_eq!(tx.send_slice_deadline(&[4], now), Ok(()));
    let mut items = Vec::new();
    assert_eq!(rx.recv_many_timeout(&mut items, 9, PAST), Ok(1));
    assert_eq!(rx.recv_many_timeout(&mut items, 9, PAST), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_many_deadline(&mut items, 9, now), Err(RecvTimeoutError::Timeout));
    drop(rx);
    let rest = SendTimeoutError::Disconnected(&[5][..]);
    assert_eq!(tx.send_slice_timeout(&[5], Duration::MAX), Err(rest));
}

fn a_vec_is_drained_from_the_front<K: Open>() {
    let (tx, rx) = K::open(2);
    let mut items: Vec<String> = "a b c d".split(' ').map(String::from).collect();
    assert!(tx.try_send_many(&mut items).unwrap_err().is_full());
    assert_eq!(items, ["c", "d"]);
    assert!(rx.try_iter().eq(["a", "b"]));
    assert_eq!(tx.send_many(&mut items), Ok(()));
    assert!(items.is_empty() && items.capacity() >= 4);
    assert!(rx.try_iter().eq(["c", "d"]));
    drop(rx);
    items.push("e".to_string());
    assert!(tx.send_many(&mut items).is_err());
    assert!(tx.try_send_many(&mut items).unwrap_err().is_disconnected());
    assert_eq!(items, ["e"]);
}

fn a_vec_is_filled_at_its_end<K: Open>() {
    let (tx, rx) = K::open(4);
    for word in ["b", "c", "d"] {
        tx.send(word.to_string()).unwrap();
    }
    let mut items = vec!["a".to_string()];
    assert_eq!(rx.recv_many(&mut items, 2), Ok(2));
    assert_eq!(items, ["a", "b", "c"]);
    assert_eq!(rx.try_recv_many(&mut items, usize::MAX), Ok(1));
    assert_eq!(rx.try_recv_many(&mut items, usize::MAX), Err(TryRecvError::Empty));
    drop(tx);
    assert_eq!(rx.try_recv_many(&mut items, 1), Err(TryRecvError::Disconnected));
    assert_eq!(rx.recv_many(&mut items, 1), Err(RecvError));
    assert_eq!(items, ["a", "b", "c", "d"]);
}

fn items_of_batches_are_dropped_once<K: Open>() {
    const ITEMS: usize = 500;
    for capacity in [0, 1, 3, 64] {
        let ledger = Ledger::new(ITEMS);
        let (tx, rx) = K::open(capacity);
        let mut items: Vec<_> = (0..ITEMS).map(|id| ledger.item(id)).collect();
        let sender = thread::spawn(move || (tx.send_many(&mut items).is_err(), items));
        let mut received = Vec::new();
        while received.len() < ITEMS / 2 {
            rx.recv_many(&mut received, 10).unwrap();
        }
        assert!(received.iter().enumerate().all(|(n, item)| item.id == n));
        drop(rx);
        let (in_part, rest) = sender.join().unwrap();
        assert_eq!(in_part, !rest.is_empty());
        assert!(rest.iter().rev().zip((0..ITEMS).rev()).all(|(item, id)| item.id == id));
        drop((rest, received));
        ledger.all_dropped_once();
    }
}

fn batches_of_nothing<K: Open>() {
    let (tx, rx) = K::open::<u8>(1);
    assert_eq!(tx.send_slice(&[]), Ok(()));
    assert_eq!(tx.send_many(&mut Vec::new()), Ok(()));
    assert_eq!(rx.recv_slice(&mut []), Ok(0));
    assert_eq!(rx.recv_many(&mut Vec::new(), 0), Ok(0));
    assert!(rx.is_empty());
}

fn many_items_without_size<K: Open>() {
    let (tx, rx) = K::open::<()>(300);
    assert_eq!(tx.send_slice(&[(); 200]), Ok(()));
    let rest = tx.try_send_slice(&[(); 200]).unwrap_err();
    assert!(rest.is_full());
    assert_eq!(rest.into_inner().len(), 100);
    let (mut items, mut received) = (Vec::new(), 0);
    while let Ok(n) = rx.try_recv_many(&mut items, usize::MAX) {
        received += n;
    }
    assert_eq!((received, items.len()), (300, 300));
}
