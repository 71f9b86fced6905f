// SPDX-License-Identifier: MIT
//! What the two ends of a channel have alike.
use crate::sys::c_int;

/// For [`crate::Pollable`]: either end.
pub trait End {
    /// The descriptor, or a negative errno value.
    fn raw_fd(&self) -> c_int;
    /// 1: ready. 0: armed. Or a negative errno value.
    fn raw_arm(&self) -> c_int;
}

macro_rules! both_ends {
    ($End:ident, $raw:ident, $ref:ident, $unref:ident, $depth:ident, $capacity:ident,
     $item_size:ident, $kind:ident, $stats:ident, $fd:ident, $arm:ident) => {
        // SAFETY: an end is a counted reference that any thread may use, and through it items get from one
        // thread to another: hence `T: Send`.
        unsafe impl<T: Send, K> Send for $End<T, K> {}
        // SAFETY: as above; any number of threads may use an end of this kind at the same time.
        unsafe impl<T: Send> Sync for $End<T, Mpmc> {}

        impl<T, K> UnwindSafe for $End<T, K> {}
        impl<T, K> RefUnwindSafe for $End<T, K> {}

        impl<T, K> $End<T, K> {
            /// # Safety
            /// A reference that the end takes over, of a ring of `T` and `K`.
            pub(crate) unsafe fn of(ring: *mut sys::$raw) -> Self {
                // SAFETY: as the caller says.
                $End { ring: unsafe { NonNull::new_unchecked(ring) }, items: PhantomData }
            }

            #[inline(always)]
            pub(crate) fn raw(&self) -> *mut sys::$raw {
                self.ring.as_ptr()
            }

            /// Items in the channel now; at capacity 0 always 0. Never blocks.
            #[inline]
            pub fn len(&self) -> usize {
                // SAFETY: we hold a reference.
                unsafe { sys::$depth(self.raw()) }
            }

            /// No items are in the channel now.
            #[inline]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// There is no room for an item now. A channel of capacity 0 is always empty, and always full.
            #[inline]
            pub fn is_full(&self) -> bool {
                self.len() >= self.capacity()
            }

            /// How many items there is room for: exactly what it was made with. 0 is a rendezvous.
            #[inline]
            pub fn capacity(&self) -> usize {
                // SAFETY: we hold a reference.
                unsafe { sys::$capacity(self.raw()) }
            }

            /// Both are ends of the same side of the same channel.
            pub fn same_channel(&self, other: &Self) -> bool {
                self.ring == other.ring
            }

            /// Counts of what has happened in the channel. Never blocks; exact when nothing else runs.
            pub fn stats(&self) -> Stats {
                // SAFETY: we hold a reference.
                Stats::read(|stats| unsafe { sys::$stats(self.raw(), stats) })
            }

            /// A descriptor for an event loop that becomes readable when this end, once armed, can go on.
            ///
            /// Never blocks. Made on the first call, and there is one for all clones of an end: one
            /// waiter at a time. Costs nothing until it is armed.
            ///
            /// # Errors
            ///
            /// The process, or the system, has too many open files or too little memory.
            pub fn pollable(&self) -> io::Result<Pollable<'_, Self>>
            where
                K: Kind,
            {
                Pollable::new(self)
            }

            /// Takes over a reference that C has. `None`: its items are not of the size of `T`, or it is not of
            /// the kind `K`; then it is still the caller's.
            ///
            /// # Safety
            ///
            /// - `ring` is a reference of its own to an end of a ring.
            /// - The bytes of each item in it are a `T`, now and later, and to move them out is to own that `T`. No
            ///   end of the ring is anywhere one of another type.
            /// - The ring's `drop` function, if any, does what should be done with one.
            /// - Other users of the ring keep its rules: for [`Spsc`](crate::Spsc) nobody else uses this end, and
            ///   no slot of it is open.
            /// - If other threads use the ring, `T` is [`Send`].
            pub unsafe fn from_raw(ring: *mut sys::$raw) -> Option<Self>
            where
                K: Kind,
            {
                // SAFETY: as the caller says; null gives 0, which no ring has.
                let fits = unsafe {
                    sys::$item_size(ring) == size_in_ring::<T>() && sys::$kind(ring) == K::RAW
                };
                // SAFETY: as the caller says.
                fits.then(|| unsafe { Self::of(ring) })
            }

            /// Gives the reference to C, which has to let go of it.
            pub fn into_raw(self) -> *mut sys::$raw {
                ManuallyDrop::new(self).raw()
            }

            /// The reference, which stays here: for a call of [`sys`] that there is no method for.
            pub fn as_raw(&self) -> *mut sys::$raw {
                self.raw()
            }
        }

        impl<T> Clone for $End<T, Mpmc> {
            /// One more owner of the end.
            ///
            /// # Panics
            ///
            /// At the 2^31st.
            fn clone(&self) -> Self {
                // SAFETY: we hold a reference.
                match unsafe { sys::$ref(self.raw()) } {
                    // SAFETY: the new reference.
                    0 => unsafe { Self::of(self.raw()) },
                    other => unexpected(other),
                }
            }
        }

        impl<T, K> Drop for $End<T, K> {
            fn drop(&mut self) {
                // SAFETY: our reference, which nobody uses any more.
                unsafe { sys::$unref(self.raw()) }
            }
        }

        impl<T, K> fmt::Debug for $End<T, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($End), " { .. }"))
            }
        }

        impl<T, K: Kind> End for $End<T, K> {
            fn raw_fd(&self) -> sys::c_int {
                // SAFETY: we hold a reference.
                unsafe { sys::$fd(self.raw()) }
            }

            fn raw_arm(&self) -> sys::c_int {
                let _one = (K::RAW == sys::PP_MPMC).then(one_at_a_time);
                // SAFETY: we hold a reference. An end of one thread is armed by that thread, one
                // of many under the lock.
                unsafe { sys::$arm(self.raw()) }
            }
        }
    };
}
pub(crate) use both_ends;
