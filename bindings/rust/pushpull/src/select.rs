// SPDX-License-Identifier: MIT
//! One of several operations.
use crate::error::{RecvError, SelectTimeoutError, SendError, TrySelectError};
use crate::item::has_no_size;
use crate::outcome::{unexpected, uninterrupted};
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::{sys, time};
use std::ffi::c_void;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::{Duration, Instant};

/// Performs exactly one of several sends and receives, and waits if none can go ahead.
///
/// As crossbeam-channel's `Select`, with one difference: the operation is performed *by* `select`, and not
/// afterwards. So an item that is to be sent is given to the `Select` beforehand, and lies there until it
/// is sent; an item that was received lies there until it is fetched.
///
/// ```
/// use pushpull::Select;
///
/// let (tx, rx) = pushpull::mpmc::<u32>(1);
/// let (log, lines) = pushpull::mpmc::<String>(1);
/// tx.send(7)?;
///
/// let mut sel = Select::new();
/// let number = sel.recv(&rx);
/// let line = sel.send(&log, "a line".to_string());
/// for _ in 0..2 {
///     let done = sel.select();
///     match done.index() {
///         i if i == number => assert_eq!(done.recv(&rx), Ok(7)),
///         i if i == line => assert_eq!(done.send(&log), Ok(())),
///         _ => unreachable!(),
///     }
/// }
/// assert_eq!(lines.try_recv(), Ok("a line".to_string()));
/// # Ok::<(), pushpull::SendError<u32>>(())
/// ```
///
/// Where several can go ahead, each is as likely as the others; with [`new_biased`](Self::new_biased) it is the first. A
/// channel that is disconnected can go ahead, with an error: take its case out, by
/// [`remove`](Self::remove), or it will do so again.
///
/// A `Select` can be used many times, and allocates only where a case is added. It borrows the ends.
/// While it waits it uses no CPU time. A case whose item has been sent takes no part until it
/// gets another one from [`refill`](Self::refill). Items that were not sent, and received ones that nobody fetched, are
/// dropped with it, if not before.
pub struct Select<'a> {
    cases: Vec<sys::pp_case>,
    /// One for each case that was not removed.
    parcels: Vec<Option<Box<dyn Parcel + 'a>>>,
    /// Performed, and perhaps not yet fetched: somebody may have forgotten a [`SelectedOperation`].
    performed: Option<usize>,
    flags: sys::c_uint,
}

/// The one operation that [`Select::select`] has performed: what came of it.
///
/// Letting go of it without [`recv`](Self::recv) drops an item that was received.
#[must_use]
pub struct SelectedOperation<'s, 'a> {
    select: &'s mut Select<'a>,
    index: usize,
}

/// Where the item of a case lies.
struct Place<T> {
    item: MaybeUninit<T>,
    full: bool,
    /// For a type of no size: the library copies one byte at least.
    nothing: u8,
    /// The ring's end that the case is of.
    end: *const c_void,
}

/// A [`Place`] for any type.
trait Parcel {
    /// No end of a ring with another type of items is the same.
    fn end(&self) -> *const c_void;
    fn bytes(&mut self) -> *mut c_void;
    /// An item has come, or has gone.
    fn set_full(&mut self, full: bool);
    fn discard(&mut self);
}

impl<T> Place<T> {
    fn boxed(end: *const c_void, item: Option<T>) -> Box<Place<T>> {
        let full = item.is_some();
        let item = item.map_or_else(MaybeUninit::uninit, MaybeUninit::new);
        Box::new(Place { item, full, nothing: 0, end })
    }

    fn put(&mut self, item: T) {
        self.item.write(item);
        self.full = true;
    }

    fn take(&mut self) -> Option<T> {
        let full = std::mem::take(&mut self.full);
        // SAFETY: it was full, and is no more.
        full.then(|| unsafe { self.item.assume_init_read() })
    }
}

impl<T> Parcel for Place<T> {
    fn end(&self) -> *const c_void {
        self.end
    }

    fn bytes(&mut self) -> *mut c_void {
        if has_no_size::<T>() {
            (&mut self.nothing as *mut u8).cast()
        } else {
            self.item.as_mut_ptr().cast()
        }
    }

    fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    fn discard(&mut self) {
        drop(self.take());
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.discard();
    }
}

const DISABLED: sys::pp_case = sys::pp_case {
    tx: ptr::null_mut(),
    rx: ptr::null_mut(),
    item: ptr::null_mut(),
    result: 0,
    flags: 0,
    reserved: [ptr::null_mut(); 6],
};

impl<'a> Select<'a> {
    /// No cases yet. Of several that can go ahead, a random one will.
    pub fn new() -> Select<'a> {
        Select { cases: Vec::new(), parcels: Vec::new(), performed: None, flags: 0 }
    }

    /// Of several that can go ahead, the one that was added first will.
    pub fn new_biased() -> Select<'a> {
        Select { flags: sys::PP_ORDERED, ..Select::new() }
    }

    /// Adds a case that receives, and gives its index.
    pub fn recv<T, K>(&mut self, rx: &'a Receiver<T, K>) -> usize {
        let place = Place::<T>::boxed(rx.raw().cast(), None);
        self.add(sys::pp_case { rx: rx.raw(), ..DISABLED }, place)
    }

    /// Adds a case that sends `item`, and gives its index.
    pub fn send<T, K>(&mut self, tx: &'a Sender<T, K>, item: T) -> usize {
        let place = Place::boxed(tx.raw().cast(), Some(item));
        self.add(sys::pp_case { tx: tx.raw(), ..DISABLED }, place)
    }

    fn add(&mut self, case: sys::pp_case, place: Box<dyn Parcel + 'a>) -> usize {
        self.cases.push(case);
        self.parcels.push(Some(place));
        self.cases.len() - 1
    }

    /// Gives a case that sends, and whose item is sent, another one: it takes part again.
    ///
    /// # Panics
    ///
    /// If the case is not one of `tx`, or still has an item, or was removed.
    pub fn refill<T, K>(&mut self, index: usize, tx: &Sender<T, K>, item: T) {
        let place = self.place_of_sender(index, tx);
        assert!(!place.full, "this case of the select still has an item");
        place.put(item);
        self.cases[index].tx = tx.raw();
    }

    /// The item that a case has not sent, which then takes no part until it gets another one.
    ///
    /// # Panics
    ///
    /// If the case is not one of `tx`, or was removed.
    pub fn take<T, K>(&mut self, index: usize, tx: &Sender<T, K>) -> Option<T> {
        let item = self.place_of_sender(index, tx).take();
        self.cases[index].tx = ptr::null_mut();
        item
    }

    /// Removes a case. The others keep their index. An item that it has not sent is dropped.
    ///
    /// # Panics
    ///
    /// If there is no such case, or it was removed before.
    pub fn remove(&mut self, index: usize) {
        let parcel = self.parcels[index].take();
        assert!(parcel.is_some(), "case {} of the select was removed", index);
        self.cases[index] = DISABLED;
    }

    /// Performs one of the operations; waits until one can go ahead.
    ///
    /// # Panics
    ///
    /// If no case takes part, for that would be for ever.
    pub fn select(&mut self) -> SelectedOperation<'_, 'a> {
        assert!(
            self.cases.iter().any(|case| !case.tx.is_null() || !case.rx.is_null()),
            "no case takes part in this select"
        );
        match self.perform(sys::PP_FOREVER) {
            Some(index) => SelectedOperation { select: self, index },
            None => unexpected(-libc::ETIMEDOUT),
        }
    }

    /// Performs one of the operations if one can go ahead now. Never waits for another thread.
    ///
    /// # Errors
    ///
    /// None can.
    pub fn try_select(&mut self) -> Result<SelectedOperation<'_, 'a>, TrySelectError> {
        match self.perform(time::PAST) {
            Some(index) => Ok(SelectedOperation { select: self, index }),
            None => Err(TrySelectError),
        }
    }

    /// Performs one of the operations; waits until one can go ahead, but not longer than `timeout`.
    ///
    /// # Errors
    ///
    /// None could in time.
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'_, 'a>, SelectTimeoutError> {
        self.select_until(time::after(timeout))
    }

    /// As [`select_timeout`](Self::select_timeout), until a point in time.
    ///
    /// # Errors
    ///
    /// None could in time.
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'_, 'a>, SelectTimeoutError> {
        self.select_until(time::at(deadline))
    }

    fn select_until(
        &mut self,
        deadline: sys::pp_time,
    ) -> Result<SelectedOperation<'_, 'a>, SelectTimeoutError> {
        match self.perform(deadline) {
            Some(index) => Ok(SelectedOperation { select: self, index }),
            None => Err(SelectTimeoutError),
        }
    }

    /// Which one. `None`: the deadline has passed.
    fn perform(&mut self, deadline: sys::pp_time) -> Option<usize> {
        self.forget_performed();
        for (case, parcel) in self.cases.iter_mut().zip(&mut self.parcels) {
            case.item = parcel.as_mut().map_or(ptr::null_mut(), |parcel| parcel.bytes());
        }
        // SAFETY: each case has an end, which is borrowed, and the place of its item; as we are not `Send`, an
        // end of one thread is used by that thread.
        let chosen = uninterrupted(|| unsafe {
            sys::pp_select(self.cases.as_mut_ptr(), self.cases.len(), self.flags, deadline)
        });
        if chosen == -libc::ETIMEDOUT {
            return None;
        }
        let index = usize::try_from(chosen).unwrap_or_else(|_| unexpected(chosen));
        if self.cases[index].result == 0 {
            self.item_has_moved(index);
        }
        self.performed = Some(index);
        Some(index)
    }

    /// A case that has sent takes no part until it is refilled.
    fn item_has_moved(&mut self, index: usize) {
        let received = !self.cases[index].rx.is_null();
        self.cases[index].tx = ptr::null_mut();
        if let Some(parcel) = &mut self.parcels[index] {
            parcel.set_full(received);
        }
    }

    /// An item that was received and not fetched has no owner but this.
    fn forget_performed(&mut self) {
        let performed = self.performed.take().filter(|&index| !self.cases[index].rx.is_null());
        if let Some(parcel) = performed.and_then(|index| self.parcels[index].as_mut()) {
            parcel.discard();
        }
    }

    fn place_of_sender<T, K>(&mut self, index: usize, tx: &Sender<T, K>) -> &mut Place<T> {
        // SAFETY: the same ring has the same type of items.
        unsafe { self.place(index, tx.raw().cast(), "sender") }
    }

    /// # Safety
    /// `end` is that of a ring of `T`, and lives.
    unsafe fn place<T>(&mut self, index: usize, end: *const c_void, what: &str) -> &mut Place<T> {
        let parcel = match &mut self.parcels[index] {
            Some(parcel) => parcel,
            None => panic!("case {} of the select was removed", index),
        };
        assert!(parcel.end() == end, "case {} of the select has another {}", index, what);
        // SAFETY: a ring that lives, and that our case is of, is that ring; so the items' type is the same.
        unsafe { &mut *(parcel.as_mut() as *mut (dyn Parcel + 'a)).cast::<Place<T>>() }
    }
}

impl SelectedOperation<'_, '_> {
    /// Of the case that was performed.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What was received.
    ///
    /// # Errors
    ///
    /// The channel is disconnected and empty.
    ///
    /// # Panics
    ///
    /// If the case that was performed is not one of `rx`.
    pub fn recv<T, K>(self, rx: &Receiver<T, K>) -> Result<T, RecvError> {
        let index = self.index;
        // SAFETY: the same ring has the same type of items.
        let place = unsafe { self.select.place::<T>(index, rx.raw().cast(), "receiver") };
        place.take().ok_or(RecvError)
    }

    /// How the sending went.
    ///
    /// # Errors
    ///
    /// The channel is disconnected. The error has the item, and the case takes no part until it gets another one.
    ///
    /// # Panics
    ///
    /// If the case that was performed is not one of `tx`.
    pub fn send<T, K>(self, tx: &Sender<T, K>) -> Result<(), SendError<T>> {
        let index = self.index;
        match self.select.take(index, tx) {
            None => Ok(()),
            Some(item) => Err(SendError(item)),
        }
    }
}

impl Drop for SelectedOperation<'_, '_> {
    fn drop(&mut self) {
        self.select.forget_performed();
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Select::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("cases", &self.cases.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SelectedOperation<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectedOperation").field("index", &self.index).finish_non_exhaustive()
    }
}
