// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(rust_2018_idioms, missing_debug_implementations)]

pub use pushpull_sys as sys;

mod batch;
mod builder;
mod end;
mod error;
mod future;
mod item;
mod iter;
mod kind;
mod outcome;
mod poll;
mod receiver;
mod select;
mod sender;
mod stats;
#[cfg(feature = "stream")]
mod stream;
mod time;

pub use builder::{Builder, Spin};
pub use error::{
    OpenError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError,
    TryRecvError, TrySelectError, TrySendError,
};
pub use future::{RecvFuture, SendFuture};
pub use iter::{IntoIter, Iter, TryIter};
pub use kind::{Kind, Mpmc, Spsc};
pub use poll::Pollable;
pub use receiver::Receiver;
pub use select::{Select, SelectedOperation};
pub use sender::Sender;
pub use stats::{dump, version, Stats};
#[cfg(feature = "stream")]
pub use stream::RecvStream;

/// The ends of a channel for one sender and one receiver, by the names of `std::sync::mpsc`.
pub mod spsc {
    /// As [`crate::Sender`]: may be sent to another thread, not cloned, not shared.
    pub type Sender<T> = crate::Sender<T, crate::Spsc>;
    /// As [`crate::Receiver`]: may be sent to another thread, not cloned, not shared.
    pub type Receiver<T> = crate::Receiver<T, crate::Spsc>;
}

/// The ends of a channel for any number of senders and receivers.
pub mod mpmc {
    /// As [`crate::Sender`]: may be cloned and shared.
    pub type Sender<T> = crate::Sender<T, crate::Mpmc>;
    /// As [`crate::Receiver`]: may be cloned and shared.
    pub type Receiver<T> = crate::Receiver<T, crate::Mpmc>;
}

/// Makes a channel of `capacity` items for one sender and one receiver, the fastest kind. 0: rendezvous.
///
/// The ends can go to other threads, and each serves one thread at a time: the compiler sees to it.
///
/// # Panics
///
/// If there is not the memory, as `Vec::with_capacity`. [`Builder`] returns an error.
///
/// # Examples
///
/// ```
/// let (tx, rx) = pushpull::spsc::<String>(16);
/// std::thread::spawn(move || tx.send("hello".to_string()));
/// assert_eq!(rx.recv(), Ok("hello".to_string()));
/// assert!(rx.recv().is_err()); // the sender is gone
/// ```
///
/// An end cannot be cloned:
///
/// ```compile_fail,E0599
/// let (tx, rx) = pushpull::spsc::<u64>(16);
/// let second = tx.clone();
/// ```
///
/// nor shared:
///
/// ```compile_fail,E0277
/// let (tx, rx) = pushpull::spsc::<u64>(16);
/// std::thread::scope(|s| {
///     s.spawn(|| tx.send(1));
/// });
/// ```
///
/// nor sent to another thread if its items cannot:
///
/// ```compile_fail,E0277
/// let (tx, rx) = pushpull::spsc::<std::rc::Rc<u64>>(16);
/// std::thread::spawn(move || rx.recv());
/// ```
#[track_caller]
pub fn spsc<T>(capacity: usize) -> (spsc::Sender<T>, spsc::Receiver<T>) {
    or_panic(Builder::new().spsc(capacity))
}

/// Makes a channel of `capacity` items for any number of senders and receivers. 0: rendezvous.
///
/// # Panics
///
/// If there is not the memory, as `Vec::with_capacity`. [`Builder`] returns an error.
///
/// # Examples
///
/// ```
/// let (tx, rx) = pushpull::mpmc::<u64>(16);
/// std::thread::scope(|s| {
///     s.spawn(|| tx.send(1)); // shared
///     let second = tx.clone();
///     s.spawn(move || second.send(2)); // or one for each
/// });
/// drop(tx);
/// assert_eq!(rx.iter().sum::<u64>(), 3);
/// ```
///
/// Items that cannot be sent to another thread stay in this one:
///
/// ```compile_fail,E0277
/// let (tx, rx) = pushpull::mpmc::<std::rc::Rc<u64>>(16);
/// std::thread::scope(|s| {
///     s.spawn(|| rx.recv());
/// });
/// ```
#[track_caller]
pub fn mpmc<T>(capacity: usize) -> (mpmc::Sender<T>, mpmc::Receiver<T>) {
    or_panic(Builder::new().mpmc(capacity))
}

#[track_caller]
fn or_panic<Ends>(opened: Result<Ends, OpenError>) -> Ends {
    match opened {
        Ok(ends) => ends,
        Err(why) => panic!("no channel: {}", why),
    }
}
