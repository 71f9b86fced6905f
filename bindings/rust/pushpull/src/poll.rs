// SPDX-License-Identifier: MIT
//! Waiting in an event loop.
use crate::end::End;
use crate::outcome::unexpected;
use std::fmt;
use std::io;
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::{Mutex, MutexGuard};

/// The descriptor of an end, for poll, epoll, or any event loop.
///
/// Try (`try_recv`, `try_send`) until that says empty or full, then [`arm`](Self::arm). `true`: the end is ready now,
/// start over. `false`: wait until the descriptor is readable, then start over; another thread may
/// have been faster. Do not read from it: arming takes back what is readable. One waiter at a time for all
/// clones of an end.
///
/// ```
/// use pushpull::TryRecvError;
/// use std::os::unix::io::AsRawFd;
///
/// let (tx, rx) = pushpull::spsc::<u64>(4);
/// let sender = std::thread::spawn(move || (0..100).try_for_each(|n| tx.send(n)));
/// let ready = rx.pollable()?;
/// let mut sum = 0;
/// loop {
///     match rx.try_recv() {
///         Ok(item) => sum += item,
///         Err(TryRecvError::Disconnected) => break,
///         Err(TryRecvError::Empty) if ready.arm()? => {} // something has come meanwhile
///         Err(TryRecvError::Empty) => {
///             let mut wait = libc::pollfd { fd: ready.as_raw_fd(), events: libc::POLLIN, revents: 0 };
///             // SAFETY: one entry.
///             unsafe { libc::poll(&mut wait, 1, -1) };
///         }
///     }
/// }
/// assert_eq!(sum, 99 * 100 / 2);
/// # sender.join().unwrap().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pollable<'a, E> {
    end: &'a E,
    fd: RawFd,
}

impl<'a, E: End> Pollable<'a, E> {
    pub(crate) fn new(end: &'a E) -> io::Result<Self> {
        let fd = or_error(end.raw_fd())?;
        Ok(Pollable { end, fd })
    }

    /// Asks for the descriptor to become readable. `true`: the end is ready now, do not wait.
    ///
    /// Does not block, but for the short lock of a meeting at capacity 0 and of others who arm.
    ///
    /// # Errors
    ///
    /// None that a program could do anything about.
    pub fn arm(&self) -> io::Result<bool> {
        match or_error(self.end.raw_arm())? {
            0 => Ok(false),
            1 => Ok(true),
            other => unexpected(other),
        }
    }
}

fn or_error(result: i32) -> io::Result<i32> {
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    Ok(result)
}

/// The library asks for one arming thread for each end, and clones of an end do not know each other.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ARMING: Mutex<()> = Mutex::new(());
    ARMING.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<E> AsRawFd for Pollable<'_, E> {
    fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}

impl<E> AsFd for Pollable<'_, E> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the library keeps it open as long as the end is there, which is borrowed.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

impl<E> fmt::Debug for Pollable<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pollable").field("fd", &self.fd).finish_non_exhaustive()
    }
}
