// SPDX-License-Identifier: MIT
//! What the compiler knows of the types.
use pushpull::{mpmc, spsc, Pollable, Select, SendError, SendTimeoutError, TrySendError};
use std::cell::Cell;
use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Does not compile if the type has the trait: then there are two ways to read `some`.
macro_rules! assert_not {
    ($type:ty: $bound:path) => {
        const _: fn() = || {
            trait Ambiguous<A> {
                fn some() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $bound> Ambiguous<Has> for T {}
            let _ = <$type as Ambiguous<_>>::some;
        };
    };
}

macro_rules! assert_is {
    ($type:ty: $($bound:path),*) => {
        const _: fn() = || {
            fn is<T: ?Sized $(+ $bound)*>() {}
            is::<$type>();
        };
    };
}

assert_is!(spsc::Sender<u8>: Send, UnwindSafe, RefUnwindSafe);
assert_is!(spsc::Receiver<u8>: Send, UnwindSafe, RefUnwindSafe);
assert_not!(spsc::Sender<u8>: Sync);
assert_not!(spsc::Receiver<u8>: Sync);
assert_not!(spsc::Sender<u8>: Clone);
assert_not!(spsc::Receiver<u8>: Clone);

assert_is!(mpmc::Sender<u8>: Send, Sync, Clone, UnwindSafe, RefUnwindSafe);
assert_is!(mpmc::Receiver<u8>: Send, Sync, Clone, UnwindSafe, RefUnwindSafe);

// An item that is sent need not be shared; one that cannot be sent keeps its channel here.
assert_is!(mpmc::Sender<Cell<u8>>: Send, Sync);
assert_is!(mpmc::Sender<&mut u8>: Send, Sync);
assert_not!(spsc::Sender<Rc<u8>>: Send);
assert_not!(spsc::Receiver<Rc<u8>>: Send);
assert_not!(mpmc::Sender<Rc<u8>>: Send);
assert_not!(mpmc::Sender<Rc<u8>>: Sync);
assert_not!(mpmc::Receiver<Rc<u8>>: Send);
assert_not!(mpmc::Receiver<Rc<u8>>: Sync);

// What borrows an end of one thread stays in that thread.
assert_not!(Select<'static>: Send);
assert_not!(Select<'static>: Sync);
assert_not!(Pollable<'static, spsc::Receiver<u8>>: Send);
assert_not!(pushpull::Iter<'static, u8, pushpull::Spsc>: Send);
assert_is!(Pollable<'static, mpmc::Receiver<u8>>: Send, Sync);
assert_is!(pushpull::Iter<'static, u8, pushpull::Mpmc>: Send);
assert_is!(pushpull::IntoIter<u8, pushpull::Spsc>: Send);

// Errors may carry what cannot be shown.
struct Opaque;
assert_is!(SendError<Opaque>: Error);
assert_is!(TrySendError<Opaque>: Error);
assert_is!(SendTimeoutError<Opaque>: Error);

#[test]
fn ends_are_a_pointer() {
    use std::mem::size_of;
    assert_eq!(size_of::<Option<spsc::Sender<String>>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<mpmc::Receiver<String>>>(), size_of::<usize>());
}

#[test]
fn debug_says_little_and_asks_nothing_of_the_item() {
    let (tx, rx) = pushpull::spsc::<Opaque>(1);
    assert_eq!(format!("{:?} {:?}", tx, rx), "Sender { .. } Receiver { .. }");
    assert_eq!(format!("{:?}", SendError(Opaque)), "SendError(..)");
    assert_eq!(format!("{:?}", TrySendError::Full(Opaque)), "Full(..)");
    assert_eq!(format!("{:?}", SendTimeoutError::Timeout(Opaque)), "Timeout(..)");
}

#[test]
fn errors_say_what_those_of_crossbeam_say() {
    use pushpull::{RecvError, RecvTimeoutError, TryRecvError};
    assert_eq!(SendError(0).to_string(), "sending on a disconnected channel");
    assert_eq!(TrySendError::Full(0).to_string(), "sending on a full channel");
    assert_eq!(TrySendError::Disconnected(0), SendError(0).into());
    assert_eq!(SendTimeoutError::Disconnected(0), SendError(0).into());
    assert_eq!(SendTimeoutError::Timeout(0).to_string(), "timed out waiting on send operation");
    assert_eq!(RecvError.to_string(), "receiving on an empty and disconnected channel");
    assert_eq!(TryRecvError::Empty.to_string(), "receiving on an empty channel");
    assert_eq!(TryRecvError::Disconnected, RecvError.into());
    assert_eq!(RecvTimeoutError::Disconnected, RecvError.into());
    assert_eq!(RecvTimeoutError::Timeout.to_string(), "timed out waiting on receive operation");
}

#[test]
fn errors_tell_their_kinds_apart() {
    use pushpull::{RecvTimeoutError, TryRecvError};
    assert!(TrySendError::Full(1).is_full() && !TrySendError::Full(1).is_disconnected());
    assert!(TrySendError::Disconnected(1).is_disconnected());
    assert!(SendTimeoutError::Timeout(1).is_timeout());
    assert!(SendTimeoutError::Disconnected(1).is_disconnected());
    assert!(TryRecvError::Empty.is_empty() && TryRecvError::Disconnected.is_disconnected());
    assert!(RecvTimeoutError::Timeout.is_timeout());
    assert!(RecvTimeoutError::Disconnected.is_disconnected());
    assert_eq!(TrySendError::Full(1).into_inner(), 1);
    assert_eq!(SendTimeoutError::Timeout(2).into_inner(), 2);
    assert_eq!(SendError(3).into_inner(), 3);
}
