// SPDX-License-Identifier: MIT
//! Sharing a channel with C.
use crate::support::{for_both_kinds, wait_until, Item, Ledger, Open};
use pushpull::{sys, Mpmc, Receiver, RecvTimeoutError, Sender, Spsc, TryRecvError};
use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::thread;
use std::time::Duration;

for_both_kinds!(there_and_back);

fn there_and_back<K: Open>() {
    let ledger = Ledger::new(1);
    let (tx, rx) = K::open(1);
    assert!(tx.send(ledger.item(0)).is_ok());
    let (tx, rx) = (tx.into_raw(), rx.into_raw());
    // SAFETY: both are ours, and of the type that they were.
    let tx = unsafe { Sender::<Item, K>::from_raw(tx).unwrap() };
    // SAFETY: as above.
    let rx = unsafe { Receiver::<Item, K>::from_raw(rx).unwrap() };
    assert_eq!(tx.len(), 1);
    let item = rx.recv().unwrap_or_else(|_| panic!());
    drop((tx, item));
    ledger.all_dropped_once();
}

#[test]
fn a_ring_of_other_items_is_refused() {
    let (tx, _rx) = pushpull::mpmc::<u64>(1);
    let raw = tx.into_raw();
    // SAFETY: what does not fit is refused, and stays ours.
    unsafe {
        assert!(Sender::<u32, Mpmc>::from_raw(raw).is_none());
        assert!(Sender::<u64, Spsc>::from_raw(raw).is_none());
        assert!(Sender::<u64, Mpmc>::from_raw(ptr::null_mut()).is_none());
        assert!(Receiver::<u64, Mpmc>::from_raw(ptr::null_mut()).is_none());
        assert!(Sender::<u64, Mpmc>::from_raw(raw).is_some());
    }
}

/// Rust and C may use it together.
#[test]
fn a_ring_that_c_opened() {
    let (mut tx, mut rx) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: as the header says; the ring is one of `u32`.
    let (tx, rx) = unsafe {
        assert_eq!(sys::pp_open(&mut tx, &mut rx, sys::PP_SPSC, 2, 4), 0);
        (Sender::<u32, Spsc>::from_raw(tx).unwrap(), Receiver::<u32, Spsc>::from_raw(rx).unwrap())
    };
    tx.send(1).unwrap();
    // SAFETY: one pulling thread, and room for an item.
    unsafe {
        let mut item = 0u32;
        assert_eq!(sys::pp_pull(rx.as_raw(), (&mut item as *mut u32).cast()), 0);
        assert_eq!(item, 1);
    }
}

extern "C" fn handler(_: libc::c_int) {}

/// A handler that runs in a sleep ends a wait of C's that asked for it; here the wait goes on.
#[test]
fn a_signal_is_no_reason_to_stop() {
    let (mut tx, mut rx) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: a handler that does nothing; as the header says; the ring is one of `u32`.
    let (tx, rx) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()), 0);
        let mut config: sys::pp_config = std::mem::zeroed();
        config.size = std::mem::size_of::<sys::pp_config>();
        (config.kind, config.capacity, config.item_size) = (sys::PP_MPMC, 1, 4);
        config.flags = sys::PP_INTERRUPTIBLE;
        assert_eq!(sys::pp_open_with(&mut tx, &mut rx, &config), 0);
        (Sender::<u32, Mpmc>::from_raw(tx).unwrap(), Receiver::<u32, Mpmc>::from_raw(rx).unwrap())
    };
    let receiver = thread::spawn(move || rx.recv());
    // It wakes, and sleeps again.
    wait_until(|| {
        // SAFETY: the thread is there until it is joined.
        unsafe { libc::pthread_kill(receiver.as_pthread_t(), libc::SIGUSR1) };
        tx.stats().pull_parks >= 3 || receiver.is_finished()
    });
    tx.send(1).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(1));
}

/// The library calls it busy: neither an item nor none.
#[test]
fn an_item_that_is_half_way_is_none() {
    let (tx, rx) = pushpull::mpmc::<u32>(2);
    let mut slot = ptr::null_mut();
    // SAFETY: room for a `u32`, which is written before it is committed.
    unsafe {
        assert_eq!(sys::pp_push_begin(tx.as_raw(), &mut slot), 0);
        let mut item = 0u32;
        let busy = sys::pp_try_pull(rx.as_raw(), (&mut item as *mut u32).cast());
        assert_eq!(busy, -libc::EBUSY);
    }
    tx.send(2).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.try_recv_slice(&mut [0]), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert!(tx.try_send(3).unwrap_err().is_full());
    // SAFETY: as above.
    unsafe {
        slot.cast::<u32>().write(1);
        assert_eq!(sys::pp_push_commit(tx.as_raw(), slot), 0);
    }
    assert!(rx.try_iter().eq([1, 2]));
}
