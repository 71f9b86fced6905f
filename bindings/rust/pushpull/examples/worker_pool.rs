// SPDX-License-Identifier: MIT
//! A pool of workers: one channel of jobs, one of results. Full means wait, and nobody has to count.
use std::thread;

fn collatz_steps(mut n: u64) -> u32 {
    let mut steps = 0;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}

fn main() {
    let (jobs, queue) = pushpull::mpmc::<u64>(64);
    let (results, collected) = pushpull::mpmc::<(u64, u32)>(64);

    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (queue, results) = (queue.clone(), results.clone());
            thread::spawn(move || {
                for n in queue {
                    if results.send((n, collatz_steps(n))).is_err() {
                        break; // nobody wants the results any more
                    }
                }
            })
        })
        .collect();
    drop((queue, results)); // the workers have their own

    let producer = thread::spawn(move || (1..=10_000).try_for_each(|n| jobs.send(n)));
    let longest = collected.iter().max_by_key(|&(n, steps)| (steps, n)).unwrap();
    println!("the longest way to 1 is that of {}: {} steps", longest.0, longest.1);

    producer.join().unwrap().unwrap();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(longest, (6171, 261));
}
