// SPDX-License-Identifier: MIT
//! Stages in a row. Each ends when the one before has ended, and none of them has code for that.
use std::thread;

/// Runs `work` on each item of a channel in a thread of its own.
fn stage<In, Out>(
    input: pushpull::spsc::Receiver<In>,
    work: impl Fn(In) -> Option<Out> + Send + 'static,
) -> pushpull::spsc::Receiver<Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    let (tx, rx) = pushpull::spsc(16);
    thread::spawn(move || {
        for out in input.iter().filter_map(work) {
            if tx.send(out).is_err() {
                break; // the next stage has stopped: so do we, and the one before will
            }
        }
    });
    rx
}

fn main() {
    let (lines, input) = pushpull::spsc::<String>(16);
    thread::spawn(move || {
        let mut n = 0;
        while lines.send(format!("{} is a number", n)).is_ok() {
            n += 1;
        }
    });
    let numbers = stage(input, |line| line.split(' ').next()?.parse::<u64>().ok());
    let squares = stage(numbers, |n| Some(n * n));
    let even = stage(squares, |n| (n % 2 == 0).then_some(n));

    let first: Vec<u64> = even.iter().take(5).collect();
    println!("{:?}", first);
    assert_eq!(first, [0, 4, 16, 36, 64]);
} // letting go of `even` stops the endless source
