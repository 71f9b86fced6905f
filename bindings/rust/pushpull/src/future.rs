// SPDX-License-Identifier: MIT
//! Sending and receiving in async functions, with whatever executor there is.
//!
//! A future that has to wait is an operation of the library that waits without a thread: no thread of its own, no
//! descriptor, no timer. Whoever makes the operation possible wakes the task, in its own thread.
use crate::item::{source, with_destination};
use crate::kind::{Mpmc, Spsc};
use crate::outcome::{AGAIN, BUSY};
use crate::{sys, Receiver, RecvError, SendError, Sender};
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fmt;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::mem::{self, MaybeUninit};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

// ---- who is to be woken -----------------------------------------------------------------------

/// The context of an operation. The operation has one reference, and each call that the library may
/// make has another, since a call can be under way when the future is long gone.
#[derive(Default)]
struct Task {
    waker: Mutex<Option<Waker>>,
}

impl Task {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// From now on this one. Nothing of the executor's runs under the lock.
    fn set(&self, waker: &Waker) {
        let new = waker.clone();
        let old = self.waker().replace(new);
        drop(old);
    }

    /// Once for each time that it was set, however many calls come: the task looks again, and sets it anew.
    fn wake(&self) {
        let waker = self.waker().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Nothing may unwind into C. A waker that panics has reported it by the panic hook.
fn contain(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        mem::forget(payload);
    }
}

unsafe extern "C" fn task_ready(task: *mut c_void) {
    // SAFETY: a reference that `task_ref` made for this call.
    let task = unsafe { Arc::from_raw(task.cast::<Task>()) };
    contain(move || task.wake());
}

unsafe extern "C" fn task_ref(task: *mut c_void) {
    // SAFETY: the operation has a reference as long as the library knows of it.
    unsafe { Arc::increment_strong_count(task.cast::<Task>()) };
}

unsafe extern "C" fn task_unref(task: *mut c_void) {
    // SAFETY: a reference that `task_ref` made for a call that does not come.
    let task = unsafe { Arc::from_raw(task.cast::<Task>()) };
    contain(move || drop(task));
}

// ---- an operation ------------------------------------------------------------------------------

/// An operation that may wait. Pinned once it does: the library knows its address.
struct Waiting {
    op: UnsafeCell<sys::pp_async>,
    task: Option<Arc<Task>>,
    waits: bool,
    _pinned: PhantomPinned,
}

impl Waiting {
    const fn new() -> Self {
        let op = sys::pp_async {
            ready: Some(task_ready),
            r#ref: Some(task_ref),
            unref: Some(task_unref),
            context: ptr::null_mut(),
            flags: 0,
            reserved: [ptr::null_mut(); 12],
        };
        Waiting { op: UnsafeCell::new(op), task: None, waits: false, _pinned: PhantomPinned }
    }

    /// Looks once: the result of `call`, which is a try or the operation itself. An operation that can go ahead
    /// at once needs no task, and no memory.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        attempt: impl FnOnce() -> sys::c_int,
        call: impl FnOnce(*mut sys::pp_async) -> sys::c_int,
    ) -> Poll<sys::c_int> {
        if !self.waits {
            let result = attempt();
            if result != AGAIN && result != BUSY {
                return Poll::Ready(result);
            }
        }
        let task = self.task.get_or_insert_with(Arc::default);
        task.set(context.waker());
        if !self.waits {
            // SAFETY: the library does not know of it.
            unsafe { (*self.op.get()).context = Arc::as_ptr(task) as *mut c_void };
        }
        let result = call(self.op.get());
        self.waits = result == AGAIN;
        if self.waits {
            Poll::Pending
        } else {
            Poll::Ready(result)
        }
    }

    /// 1: the item had been taken.
    fn withdraw(&mut self, call: impl FnOnce(*mut sys::pp_async) -> sys::c_int) -> sys::c_int {
        if mem::take(&mut self.waits) {
            call(self.op.get())
        } else {
            0
        }
    }
}

// ---- sending -----------------------------------------------------------------------------------

/// The future of [`Sender::send_async`].
///
/// Dropped before it is ready, it has sent nothing, and the item is dropped with it; but at capacity 0 a receiver may
/// have taken the item just before. In both cases the item's destructor runs once.
#[must_use = "a future does nothing unless it is awaited"]
pub struct SendFuture<'a, T, K = Mpmc> {
    ring: *mut sys::pp_tx,
    waiting: Waiting,
    /// At capacity 0 a receiver may copy it while the operation waits.
    item: UnsafeCell<MaybeUninit<T>>,
    has_item: bool,
    _end: PhantomData<(&'a (), *mut T, K)>,
}

// SAFETY: it is one user of the end, alone with it where that is asked for (`send_async`), and has an item.
unsafe impl<T: Send, K> Send for SendFuture<'_, T, K> {}
// SAFETY: nothing can be done with a shared one.
unsafe impl<T: Send, K> Sync for SendFuture<'_, T, K> {}

impl<T, K> SendFuture<'_, T, K> {
    fn new(ring: *mut sys::pp_tx, item: T) -> Self {
        SendFuture {
            ring,
            waiting: Waiting::new(),
            item: UnsafeCell::new(MaybeUninit::new(item)),
            has_item: true,
            _end: PhantomData,
        }
    }

    /// The item, which is this thread's again.
    fn take_item(&mut self) -> Option<T> {
        // SAFETY: it is there, is taken out once, and no operation knows of it any more.
        mem::take(&mut self.has_item).then(|| unsafe { self.item.get_mut().assume_init_read() })
    }
}

impl<T, K> Future for SendFuture<'_, T, K> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out but the item, when it has no use for its address any more.
        let this = unsafe { self.get_unchecked_mut() };
        let (ring, item) = (this.ring, source(this.item.get().cast::<T>()));
        assert!(this.has_item, "polled after it was ready");
        let polled = this.waiting.poll(
            context,
            // SAFETY: we have the end, and the item lies there.
            || unsafe { sys::pp_try_push(ring, item) },
            // SAFETY: as above; both stay where they are until the operation has ended: they are pinned, and drop
            // withdraws it.
            |op| unsafe { sys::pp_push_async(ring, item, op) },
        );
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(0) => {
                this.has_item = false; // it is in the ring
                Poll::Ready(Ok(()))
            }
            Poll::Ready(result) => Poll::Ready(
                this.take_item().map_or(Ok(()), |item| Err(SendError::of(result, item))),
            ),
        }
    }
}

impl<T, K> Drop for SendFuture<'_, T, K> {
    fn drop(&mut self) {
        let ring = self.ring;
        // SAFETY: the operation that waits, if any; the end is still there.
        if self.waiting.withdraw(|op| unsafe { sys::pp_push_withdraw(ring, op) }) == 1 {
            self.has_item = false;
        }
        drop(self.take_item());
    }
}

// ---- receiving ----------------------------------------------------------------------------------

/// The future of [`Receiver::recv_async`].
///
/// It takes an item when it is ready, and not before. So to drop one loses no item.
#[must_use = "a future does nothing unless it is awaited"]
pub struct RecvFuture<'a, T, K = Mpmc> {
    ring: *mut sys::pp_rx,
    waiting: Waiting,
    _end: PhantomData<(&'a (), *mut T, K)>,
}

// SAFETY: it is one user of the end, alone with it where that is asked for (`recv_async`).
unsafe impl<T: Send, K> Send for RecvFuture<'_, T, K> {}
// SAFETY: nothing can be done with a shared one.
unsafe impl<T: Send, K> Sync for RecvFuture<'_, T, K> {}

impl<T, K> RecvFuture<'_, T, K> {
    fn new(ring: *mut sys::pp_rx) -> Self {
        RecvFuture { ring, waiting: Waiting::new(), _end: PhantomData }
    }
}

impl<T, K> Future for RecvFuture<'_, T, K> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        let (ring, waiting) = (this.ring, &mut this.waiting);
        let mut item = MaybeUninit::<T>::uninit();
        let polled = with_destination(item.as_mut_ptr(), |bytes| {
            waiting.poll(
                context,
                // SAFETY: we have the end, and there is room for an item.
                || unsafe { sys::pp_try_pull(ring, bytes) },
                // SAFETY: as above; the library writes to it in this call only. The operation is pinned, and
                // drop withdraws it.
                |op| unsafe { sys::pp_pull_async(ring, bytes, op) },
            )
        });
        match polled {
            Poll::Pending => Poll::Pending,
            // SAFETY: the bytes of an item, which is ours alone now.
            Poll::Ready(0) => Poll::Ready(Ok(unsafe { item.assume_init() })),
            Poll::Ready(result) => Poll::Ready(Err(RecvError::of(result))),
        }
    }
}

impl<T, K> Drop for RecvFuture<'_, T, K> {
    fn drop(&mut self) {
        let ring = self.ring;
        // SAFETY: the operation that waits, if any; the end is still there.
        self.waiting.withdraw(|op| unsafe { sys::pp_pull_withdraw(ring, op) });
    }
}

impl<T, K> fmt::Debug for SendFuture<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("waits", &self.waiting.waits).finish_non_exhaustive()
    }
}

impl<T, K> fmt::Debug for RecvFuture<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture").field("waits", &self.waiting.waits).finish_non_exhaustive()
    }
}

// ---- the calls -----------------------------------------------------------------------------------

impl<T> Sender<T, Mpmc> {
    /// Sends an item, without blocking the thread: the future waits for room. At capacity 0: until a receiver has it.
    ///
    /// Any executor will do; the thread that makes room wakes the task. Dropped before it is ready, it has sent nothing (see
    /// [`SendFuture`] for capacity 0) and keeps nobody else waiting.
    ///
    /// # Errors
    ///
    /// The channel is disconnected. The error has the item.
    ///
    /// ```
    /// let (tx, rx) = pushpull::mpmc::<u64>(1);
    /// let sum = futures::executor::block_on(async {
    ///     let send = async {
    ///         for n in 1..=10 {
    ///             tx.send_async(n).await.unwrap();
    ///         }
    ///         tx.close();
    ///     };
    ///     let receive = async {
    ///         let mut sum = 0;
    ///         while let Ok(n) = rx.recv_async().await {
    ///             sum += n;
    ///         }
    ///         sum
    ///     };
    ///     futures::future::join(send, receive).await.1
    /// });
    /// assert_eq!(sum, 55);
    /// ```
    pub fn send_async(&self, item: T) -> SendFuture<'_, T, Mpmc> {
        SendFuture::new(self.raw(), item)
    }
}

impl<T> Sender<T, Spsc> {
    /// As [`Sender<T, Mpmc>::send_async`](Sender::send_async), for the only sender there is: it takes `&mut self`, so that the future
    /// may go to another thread.
    ///
    /// # Errors
    ///
    /// The channel is disconnected. The error has the item.
    pub fn send_async(&mut self, item: T) -> SendFuture<'_, T, Spsc> {
        SendFuture::new(self.raw(), item)
    }
}

impl<T> Receiver<T, Mpmc> {
    /// Receives the oldest item, without blocking the thread: the future waits for one.
    ///
    /// Any executor will do; the thread that sends wakes the task. Cancel-safe: dropped before it is ready, it has taken
    /// nothing, and whoever waits next is woken in its stead.
    ///
    /// At capacity 0 it meets senders that wait, and is not met by those that only try.
    ///
    /// # Errors
    ///
    /// The channel is disconnected, and there is nothing left in it: the end of the stream.
    pub fn recv_async(&self) -> RecvFuture<'_, T, Mpmc> {
        RecvFuture::new(self.raw())
    }
}

impl<T> Receiver<T, Spsc> {
    /// As [`Receiver<T, Mpmc>::recv_async`](Receiver::recv_async), for the only receiver there is: it takes `&mut self`, so that the future
    /// may go to another thread.
    ///
    /// # Errors
    ///
    /// The channel is disconnected, and there is nothing left in it: the end of the stream.
    pub fn recv_async(&mut self) -> RecvFuture<'_, T, Spsc> {
        RecvFuture::new(self.raw())
    }
}
