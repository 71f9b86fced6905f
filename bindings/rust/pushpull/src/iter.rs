// SPDX-License-Identifier: MIT
//! Receiving by iterators.
use crate::receiver::Receiver;
use std::fmt;
use std::iter::FusedIterator;

/// From [`Receiver::iter`]: blocks for each item, until the end.
pub struct Iter<'a, T, K> {
    receiver: &'a Receiver<T, K>,
}

/// From [`Receiver::try_iter`]: the items that are there.
pub struct TryIter<'a, T, K> {
    receiver: &'a Receiver<T, K>,
}

/// A [`Receiver`] as an iterator: `for item in rx`. Blocks for each item, until the end.
pub struct IntoIter<T, K> {
    receiver: Receiver<T, K>,
}

impl<'a, T, K> Iter<'a, T, K> {
    pub(crate) fn new(receiver: &'a Receiver<T, K>) -> Self {
        Iter { receiver }
    }
}

impl<'a, T, K> TryIter<'a, T, K> {
    pub(crate) fn new(receiver: &'a Receiver<T, K>) -> Self {
        TryIter { receiver }
    }
}

impl<T, K> Iterator for Iter<'_, T, K> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T, K> Iterator for TryIter<'_, T, K> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T, K> Iterator for IntoIter<T, K> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T, K> FusedIterator for Iter<'_, T, K> {}
impl<T, K> FusedIterator for IntoIter<T, K> {}

impl<'a, T, K> IntoIterator for &'a Receiver<T, K> {
    type Item = T;
    type IntoIter = Iter<'a, T, K>;

    fn into_iter(self) -> Iter<'a, T, K> {
        self.iter()
    }
}

impl<T, K> IntoIterator for Receiver<T, K> {
    type Item = T;
    type IntoIter = IntoIter<T, K>;

    fn into_iter(self) -> IntoIter<T, K> {
        IntoIter { receiver: self }
    }
}

impl<T, K> fmt::Debug for Iter<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter { .. }")
    }
}

impl<T, K> fmt::Debug for TryIter<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryIter { .. }")
    }
}

impl<T, K> fmt::Debug for IntoIter<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntoIter { .. }")
    }
}
