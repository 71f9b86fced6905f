// SPDX-License-Identifier: MIT
//! What users of `std::sync::mpsc` and crossbeam-channel are used to, after what those projects test.
use crate::support::{for_both_kinds, Open};
use pushpull::{RecvError, RecvTimeoutError, Select, SendError};
use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

for_both_kinds!(
    one_item_and_either_end_goes_first,
    one_item_between_threads_many_times,
    ping_and_pong,
    short_timeouts_lose_nothing,
    a_channel_through_a_channel,
    a_sieve_of_primes,
);

const TINY: Duration = Duration::from_micros(50);

fn one_item_and_either_end_goes_first<K: Open>() {
    let (tx, rx) = K::open::<Box<i32>>(1);
    drop(rx);
    assert_eq!(tx.send(Box::new(1)), Err(SendError(Box::new(1))));
    let (tx, rx) = K::open::<Box<i32>>(1);
    drop(tx);
    assert_eq!(rx.recv(), Err(RecvError));
    let (tx, rx) = K::open(1);
    tx.send(Box::new(10)).unwrap();
    drop(tx);
    assert_eq!(rx.recv(), Ok(Box::new(10)));
    let (tx, rx) = K::open(1);
    tx.send(Box::new(10)).unwrap();
    drop((rx, tx));
}

fn one_item_between_threads_many_times<K: Open>() {
    for capacity in [0, 1] {
        for round in 0..100 {
            let (tx, rx) = K::open::<Box<usize>>(capacity);
            let receiver = thread::spawn(move || rx.recv());
            let sender = thread::spawn(move || {
                if round % 2 == 0 {
                    tx.send(Box::new(round)).unwrap();
                }
            });
            let expected = if round % 2 == 0 { Ok(Box::new(round)) } else { Err(RecvError) };
            assert_eq!(receiver.join().unwrap(), expected);
            sender.join().unwrap();
        }
    }
}

fn ping_and_pong<K: Open>() {
    for capacity in [0, 1, 2] {
        let (ping, pings) = K::open::<u32>(capacity);
        let (pong, pongs) = K::open::<u32>(capacity);
        let other = thread::spawn(move || pings.iter().try_for_each(|n| pong.send(n + 1)));
        for n in 0..300 {
            ping.send(n).unwrap();
            assert_eq!(pongs.recv(), Ok(n + 1));
        }
        drop(ping);
        other.join().unwrap().unwrap();
    }
}

/// Who times out has its item still, or has received nothing.
fn short_timeouts_lose_nothing<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open::<String>(capacity);
        let sender = thread::spawn(move || {
            for n in 0..200 {
                let mut item = n.to_string();
                while let Err(error) = tx.send_timeout(item, TINY) {
                    assert!(error.is_timeout());
                    item = error.into_inner();
                }
            }
        });
        let mut received = Vec::new();
        loop {
            match rx.recv_timeout(TINY) {
                Ok(item) => received.push(item),
                Err(RecvTimeoutError::Timeout) => thread::yield_now(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        assert!(received.into_iter().eq((0..200).map(|n: i32| n.to_string())));
        sender.join().unwrap();
    }
}

fn a_channel_through_a_channel<K: Open>() {
    type Item = Box<dyn Any + Send>;
    for capacity in [0, 1, 2] {
        let (mut tx, mut rx) = K::open::<Item>(capacity);
        let sender = thread::spawn(move || {
            for _ in 0..50 {
                let (next_tx, next_rx) = K::open::<Item>(capacity);
                tx.send(Box::new(next_rx)).unwrap();
                tx = next_tx;
            }
        });
        for _ in 0..50 {
            rx = *rx.recv().unwrap().downcast::<pushpull::Receiver<Item, K>>().unwrap();
        }
        assert!(rx.recv().is_err());
        sender.join().unwrap();
    }
}

/// A thread for each prime, which hands on what it does not divide.
fn a_sieve_of_primes<K: Open>() {
    let (tx, mut numbers) = K::open::<u32>(1);
    let mut threads = vec![thread::spawn(move || (2..).try_for_each(|n| tx.send(n)).unwrap_err())];
    let mut primes = Vec::new();
    for _ in 0..12 {
        let prime = numbers.recv().unwrap();
        primes.push(prime);
        let (tx, rx) = K::open::<u32>(primes.len() % 3);
        threads.push(thread::spawn(move || {
            numbers.iter().filter(|n| n % prime != 0).try_for_each(|n| tx.send(n)).unwrap_err()
        }));
        numbers = rx;
    }
    drop(numbers); // and each of them stops, one after the other
    threads.into_iter().for_each(|thread| assert!(thread.join().is_ok()));
    assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]);
}

#[test]
fn each_thread_that_sends_one_may_receive_one() {
    let (tx, rx) = pushpull::mpmc::<u32>(4);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for n in 0..500 {
                    tx.send(n).unwrap();
                    rx.recv().unwrap();
                }
            });
        }
    });
    assert!(tx.is_empty());
}

#[test]
fn receivers_share_and_stop() {
    let (tx, rx) = pushpull::mpmc::<usize>(8);
    let sum = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..3 {
            let (rx, sum) = (rx.clone(), &sum);
            s.spawn(move || sum.fetch_add(rx.iter().sum(), SeqCst));
        }
        (1..=1000).for_each(|n| tx.send(n).unwrap());
        drop(tx);
    });
    assert_eq!(sum.into_inner(), 500 * 1001);
}

/// As a `done` channel in Go: nothing is ever sent, it only ends.
#[test]
fn a_wait_is_cancelled_by_a_channel_that_ends() {
    let (tx, jobs) = pushpull::mpmc::<u8>(0);
    let (done, stop) = pushpull::mpmc::<()>(0);
    thread::scope(|s| {
        let waits = s.spawn(|| {
            let mut sel = Select::new();
            let job = sel.recv(&jobs);
            sel.recv(&stop);
            (0..).take_while(|_| sel.select().index() == job).count()
        });
        (0..3).for_each(|n| tx.send(n).unwrap());
        drop(done);
        assert_eq!(waits.join().unwrap(), 3);
    });
}
