// SPDX-License-Identifier: MIT
//! An event loop that waits for a channel and for a pipe, with poll(2).
use pushpull::TryRecvError;
use std::io::{self, Read, Write};
use std::os::unix::io::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;

/// Which of them can be read.
fn wait(fds: [RawFd; 2]) -> io::Result<[bool; 2]> {
    let mut entries = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: two entries.
    if unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(entries.map(|entry| entry.revents != 0))
}

fn main() -> io::Result<()> {
    let (tx, rx) = pushpull::spsc::<u64>(4);
    let (mut theirs, mut ours) = UnixStream::pair()?;
    let sender = thread::spawn(move || (1..=1000).try_for_each(|n| tx.send(n)));
    let writer = thread::spawn(move || (0..10).try_for_each(|_| theirs.write_all(b"hello")));

    let ready = rx.pollable()?;
    let (mut sum, mut bytes) = (0, 0);
    let (mut channel_open, mut socket_open) = (true, true);
    while channel_open || socket_open {
        // Receive until there is nothing, then arm; only what is armed may be waited for.
        let mut armed = false;
        while channel_open && !armed {
            match rx.try_recv() {
                Ok(n) => sum += n,
                Err(TryRecvError::Disconnected) => channel_open = false,
                Err(TryRecvError::Empty) => armed = !ready.arm()?,
            }
        }
        // poll(2) passes over -1.
        let channel = if armed { ready.as_raw_fd() } else { -1 };
        let socket = if socket_open { ours.as_raw_fd() } else { -1 };
        if !armed && !socket_open {
            break;
        }
        if wait([channel, socket])?[1] {
            let mut buffer = [0; 16];
            let n = ours.read(&mut buffer)?;
            bytes += n;
            socket_open = n > 0;
        }
    }
    println!("{} from the channel, {} bytes from the socket", sum, bytes);
    assert_eq!((sum, bytes), (500_500, 50));
    sender.join().unwrap().unwrap();
    writer.join().unwrap()
}
