// SPDX-License-Identifier: MIT
//! Capacity 0: sender and receiver meet. When `send` returns, a receiver has the item.
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static TAKEN: AtomicU32 = AtomicU32::new(0);

fn main() {
    let (tx, rx) = pushpull::spsc::<u32>(0);
    assert!(tx.try_send(0).unwrap_err().is_full()); // nobody waits

    let receiver = thread::spawn(move || {
        for expected in 1..=5 {
            assert_eq!(rx.recv(), Ok(expected));
            TAKEN.store(expected, Ordering::Relaxed);
        }
    });
    for n in 1..=5 {
        tx.send(n).unwrap();
        // The item before this one has been dealt with: the receiver came back for another.
        assert!(TAKEN.load(Ordering::Relaxed) >= n - 1);
        println!("handed over {}", n);
    }
    receiver.join().unwrap();
    assert!(tx.send(6).is_err());
}
