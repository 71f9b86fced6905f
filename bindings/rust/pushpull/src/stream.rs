// SPDX-License-Identifier: MIT
//! A receiver as a stream: with the feature `stream`.
use crate::kind::{Mpmc, Spsc};
use crate::{Receiver, RecvFuture};
use futures_core::stream::{FusedStream, Stream};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The items of a channel as they come, until its end: of [`Receiver::stream`].
///
/// Cancel-safe, as [`RecvFuture`]: it takes an item when it gives it out, and not before.
#[must_use = "a stream does nothing unless it is polled"]
pub struct RecvStream<'a, T, K = Mpmc> {
    next: RecvFuture<'a, T, K>,
    ended: bool,
}

impl<'a, T, K> RecvStream<'a, T, K> {
    fn new(next: RecvFuture<'a, T, K>) -> Self {
        RecvStream { next, ended: false }
    }
}

impl<T, K> Stream for RecvStream<'_, T, K> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: the future is pinned as the stream is. It can be polled again after it was ready.
        let (next, ended) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.next), &mut this.ended)
        };
        if *ended {
            return Poll::Ready(None);
        }
        let polled = std::future::Future::poll(next, context);
        polled.map(|received| {
            *ended = received.is_err();
            received.ok()
        })
    }
}

impl<T, K> FusedStream for RecvStream<'_, T, K> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, K> fmt::Debug for RecvStream<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvStream").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl<T> Receiver<T, Mpmc> {
    /// The items as they come, as a stream of the crate `futures-core`. Needs the feature `stream`.
    ///
    /// ```
    /// use futures::StreamExt;
    ///
    /// let (tx, rx) = pushpull::mpmc::<u64>(4);
    /// let sender = std::thread::spawn(move || (1..=10).try_for_each(|n| tx.send(n)));
    /// let sum = futures::executor::block_on(rx.stream().fold(0, |sum, n| async move { sum + n }));
    /// assert_eq!(sum, 55);
    /// # sender.join().unwrap().unwrap();
    /// ```
    pub fn stream(&self) -> RecvStream<'_, T, Mpmc> {
        RecvStream::new(self.recv_async())
    }
}

impl<T> Receiver<T, Spsc> {
    /// As [`Receiver<T, Mpmc>::stream`](Receiver::stream), for the only receiver there is.
    pub fn stream(&mut self) -> RecvStream<'_, T, Spsc> {
        RecvStream::new(self.recv_async())
    }
}
