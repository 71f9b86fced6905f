// SPDX-License-Identifier: MIT
//! How an item of any type gets through a ring that copies bytes.
//!
//! A value of Rust is moved by copying its bytes and forgetting the original. So an item goes from where it
//! lies straight into the slot, and from the slot straight to where it is wanted. A type of no size
//! is sent as one byte that means nothing.
use crate::sys;
use std::ffi::c_void;
use std::mem::{align_of, needs_drop, size_of, MaybeUninit};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What a batch of items without size is cut into.
pub(crate) const CHUNK: usize = 64;

static NOTHING: [u8; CHUNK] = [0; CHUNK];

pub(crate) const fn has_no_size<T>() -> bool {
    size_of::<T>() == 0
}

pub(crate) const fn size_in_ring<T>() -> usize {
    if has_no_size::<T>() {
        1
    } else {
        size_of::<T>()
    }
}

/// Where a push reads: `size_in_ring` bytes, or `CHUNK` for a type of no size.
#[inline(always)]
pub(crate) fn source<T>(item: *const T) -> *const c_void {
    if has_no_size::<T>() {
        NOTHING.as_ptr().cast()
    } else {
        item.cast()
    }
}

/// Hands `call` a place for items to be pulled into, which is `items` itself unless `T` has no size.
#[inline(always)]
pub(crate) fn with_destination<T, R>(items: *mut T, call: impl FnOnce(*mut c_void) -> R) -> R {
    if has_no_size::<T>() {
        let mut nothing = MaybeUninit::<[u8; CHUNK]>::uninit();
        call(nothing.as_mut_ptr().cast())
    } else {
        call(items.cast())
    }
}

/// What a ring of `T` calls for each item that is left behind.
pub(crate) fn dropper<T>() -> Option<sys::pp_drop> {
    if needs_drop::<T>() {
        Some(drop_item::<T>)
    } else {
        None
    }
}

/// Nothing may unwind into C: a panic ends here, and so does one of what the panic carries.
unsafe extern "C" fn drop_item<T>(item: *mut c_void, _context: *mut c_void) {
    // SAFETY: the library hands over each item that was left behind once.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { drop_in_slot(item.cast::<T>()) }));
    if let Err(payload) = dropped {
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
    }
}

/// In place if it lies well. A slot is aligned to what divides the item's size, and no more than C asks for.
///
/// # Safety
/// There is an item, which is not used afterwards.
unsafe fn drop_in_slot<T>(item: *mut T) {
    if has_no_size::<T>() {
        // SAFETY: as above; one of no size may be read from anywhere aligned.
        drop(unsafe { std::ptr::NonNull::<T>::dangling().as_ptr().read() });
    } else if item as usize % align_of::<T>() == 0 {
        // SAFETY: as above; aligned.
        unsafe { item.drop_in_place() };
    } else {
        // SAFETY: as above; its bytes are moved to where they are aligned.
        drop(unsafe { item.read_unaligned() });
    }
}
