// SPDX-License-Identifier: MIT
//! Opening a channel, and looking at it.
use crate::support::{for_both_kinds, Open};
use pushpull::{Builder, OpenError, Spin};
use std::io::{Read, Seek};
use std::time::Duration;

for_both_kinds!(every_capacity_is_exact, depth_is_told, items_without_size_take_room);

fn every_capacity_is_exact<K: Open>() {
    for capacity in [1, 2, 3, 7, 64, 1000] {
        let (tx, rx) = K::open::<usize>(capacity);
        for n in 0..capacity {
            tx.try_send(n).unwrap();
        }
        assert!(tx.try_send(capacity).unwrap_err().is_full());
        assert_eq!((tx.capacity(), rx.capacity()), (capacity, capacity));
        assert!(rx.try_iter().eq(0..capacity));
    }
}

fn depth_is_told<K: Open>() {
    let (tx, rx) = K::open::<u8>(2);
    assert!(tx.is_empty() && rx.is_empty() && !tx.is_full() && !rx.is_full());
    tx.send(1).unwrap();
    assert_eq!((tx.len(), rx.len()), (1, 1));
    tx.send(2).unwrap();
    assert!(tx.is_full() && rx.is_full() && !tx.is_empty() && !rx.is_empty());
    let (tx, rx) = K::open::<u8>(0);
    assert!(tx.is_empty() && tx.is_full() && rx.is_empty() && rx.is_full());
    assert_eq!((tx.len(), rx.capacity()), (0, 0));
}

fn items_without_size_take_room<K: Open>() {
    let (tx, rx) = K::open::<()>(2);
    assert_eq!(tx.try_send(()), Ok(()));
    assert_eq!(tx.try_send(()), Ok(()));
    assert!(tx.try_send(()).unwrap_err().is_full());
    assert_eq!(rx.try_iter().count(), 2);
}

#[test]
fn a_builder_gives_an_error_where_the_functions_panic() {
    let error = Builder::new().spsc::<u64>(usize::MAX).unwrap_err();
    assert_eq!(error, OpenError::CapacityOverflow);
    assert_eq!(error.to_string(), "capacity overflow");
    // An exabyte: no overflow, and no such memory.
    let error = Builder::new().mpmc::<[u8; 1 << 20]>(1 << 40).unwrap_err();
    assert_eq!(error, OpenError::OutOfMemory);
    let panic = std::panic::catch_unwind(|| pushpull::mpmc::<u64>(usize::MAX)).unwrap_err();
    assert_eq!(*panic.downcast::<String>().unwrap(), "no channel: capacity overflow");
}

#[test]
fn a_name_is_cut_where_a_character_ends() {
    fn named(name: &str) -> String {
        Builder::new().name(name).spsc::<u8>(1).unwrap().0.stats().name().to_owned()
    }
    assert_eq!(named("jobs"), "jobs");
    assert_eq!(named(""), "");
    assert_eq!(named("before\0after"), "before");
    assert_eq!(named(&"x".repeat(40)), "x".repeat(31));
    assert_eq!(named(&"\u{e4}".repeat(20)), "\u{e4}".repeat(15));
}

#[test]
fn spinning_can_be_chosen() {
    let wishes = [
        Spin::Adaptive,
        Spin::Never,
        Spin::AtMost(Duration::ZERO),
        Spin::AtMost(Duration::from_micros(5)),
        Spin::AtMost(Duration::MAX),
    ];
    for spin in wishes {
        let (tx, rx) = Builder::new().spin(spin).mpmc::<u8>(1).unwrap();
        tx.send(1).unwrap();
        assert_eq!(rx.recv(), Ok(1), "{:?}", spin);
    }
}

#[test]
fn stats_count() {
    let (tx, rx) = Builder::new().track_depth(true).mpmc::<String>(4).unwrap();
    for _ in 0..3 {
        tx.send("item".to_string()).unwrap();
    }
    rx.recv().unwrap();
    let second = tx.clone();
    let stats = rx.stats();
    assert_eq!((stats.pushed, stats.pulled, stats.dropped), (3, 1, 0));
    assert_eq!((stats.depth, stats.depth_max, stats.capacity), (2, 3, 4));
    assert_eq!((stats.senders, stats.receivers), (2, 1));
    assert!(!stats.closed && !stats.cancelled);
    drop(second);
    tx.close();
    rx.cancel();
    let stats = tx.stats();
    assert!(stats.closed && stats.cancelled);
    assert_eq!((stats.dropped, stats.senders), (2, 1));
}

#[test]
fn a_dump_shows_each_channel() {
    let (tx, _rx) = Builder::new().name("shown-in-dump").spsc::<u8>(3).unwrap();
    tx.send(1).unwrap();
    let mut file = std::fs::File::from(temporary_file());
    pushpull::dump(&file).unwrap();
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    assert!(text.contains("shown-in-dump spsc depth 1 of 3"), "{}", text);
}

fn temporary_file() -> std::os::unix::io::OwnedFd {
    use std::os::unix::io::FromRawFd;
    // SAFETY: a text that ends with a zero.
    let fd = unsafe { libc::memfd_create("dump\0".as_ptr().cast(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0);
    // SAFETY: nobody else has it.
    unsafe { FromRawFd::from_raw_fd(fd) }
}

#[test]
fn the_library_has_a_version() {
    assert_eq!(pushpull::version().split('.').count(), 3);
}
