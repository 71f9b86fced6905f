// SPDX-License-Identifier: MIT
//! Waiting in an event loop.
use crate::support::{for_both_kinds, Open};
use pushpull::{TryRecvError, TrySendError};
use std::os::unix::io::{AsFd, AsRawFd};
use std::thread;

for_both_kinds!(
    readable_only_when_armed,
    armed_and_ended,
    a_loop_receives_from_a_blocking_sender,
    a_loop_sends_to_a_blocking_receiver,
    the_descriptor_stays_the_same,
);

fn is_readable(end: &impl AsFd, timeout: i32) -> bool {
    let fd = end.as_fd().as_raw_fd();
    let mut wait = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry.
    let ready = unsafe { libc::poll(&mut wait, 1, timeout) };
    assert!(ready >= 0);
    ready == 1
}

fn readable_only_when_armed<K: Open>() {
    let (tx, rx) = K::open(1);
    let (item, room) = (rx.pollable().unwrap(), tx.pollable().unwrap());
    assert!(!item.arm().unwrap());
    assert!(!is_readable(&item, 0));
    assert!(room.arm().unwrap(), "there is room");
    tx.send(1).unwrap();
    assert!(is_readable(&item, -1));
    assert!(item.arm().unwrap(), "there is an item");
    assert!(!room.arm().unwrap());
    assert!(!is_readable(&room, 0));
    rx.recv().unwrap();
    assert!(is_readable(&room, -1));
}

fn armed_and_ended<K: Open>() {
    for capacity in [0, 1] {
        let (tx, rx) = K::open::<u8>(capacity);
        while tx.try_send(1).is_ok() {}
        let room = tx.pollable().unwrap();
        assert!(!room.arm().unwrap());
        drop(rx);
        assert!(is_readable(&room, -1));
        assert!(room.arm().unwrap());
        let (tx, rx) = K::open::<u8>(capacity);
        let item = rx.pollable().unwrap();
        assert!(!item.arm().unwrap());
        drop(tx);
        assert!(is_readable(&item, -1));
        assert!(rx.try_recv().unwrap_err().is_disconnected());
    }
}

fn a_loop_receives_from_a_blocking_sender<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open::<String>(capacity);
        let sender = thread::spawn(move || (0..300).for_each(|n| tx.send(n.to_string()).unwrap()));
        let ready = rx.pollable().unwrap();
        let mut next = 0;
        loop {
            match rx.try_recv() {
                Ok(item) => {
                    assert_eq!(item, next.to_string());
                    next += 1;
                }
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    assert!(ready.arm().unwrap() || is_readable(&ready, -1))
                }
            }
        }
        assert_eq!(next, 300);
        sender.join().unwrap();
    }
}

fn a_loop_sends_to_a_blocking_receiver<K: Open>() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = K::open::<u64>(capacity);
        let receiver = thread::spawn(move || rx.iter().eq(0..300));
        let ready = tx.pollable().unwrap();
        let mut next = 0;
        while next < 300 {
            match tx.try_send(next) {
                Ok(()) => next += 1,
                Err(TrySendError::Full(_)) => {
                    assert!(ready.arm().unwrap() || is_readable(&ready, -1))
                }
                Err(TrySendError::Disconnected(_)) => unreachable!(),
            }
        }
        drop(tx);
        assert!(receiver.join().unwrap());
    }
}

fn the_descriptor_stays_the_same<K: Open>() {
    let (tx, rx) = K::open::<u8>(1);
    let fd = rx.pollable().unwrap().as_raw_fd();
    assert_eq!(rx.pollable().unwrap().as_fd().as_raw_fd(), fd);
    assert_ne!(tx.pollable().unwrap().as_raw_fd(), fd);
    drop(tx);
    // SAFETY: changes nothing.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
}

/// Clones share one arming, which the library wants from one thread at a time.
#[test]
fn clones_may_arm_at_the_same_time() {
    for capacity in [0, 3] {
        let (tx, rx) = pushpull::mpmc::<u64>(capacity);
        thread::scope(|s| {
            for _ in 0..2 {
                let rx = rx.clone();
                s.spawn(move || {
                    let ready = rx.pollable().unwrap();
                    assert!((0..2000).all(|_| ready.arm().is_ok()));
                });
            }
            assert!((0..1000).filter_map(|n| tx.try_send(n).ok()).count() <= capacity);
        });
        assert!(rx.len() <= capacity);
    }
}
