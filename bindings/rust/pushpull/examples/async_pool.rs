// SPDX-License-Identifier: MIT
//! Tasks of an executor work on jobs that a thread hands out.
use futures::executor::{block_on, ThreadPool};
use futures::future::join_all;
use futures::task::SpawnExt;
use std::thread;

async fn work(jobs: pushpull::Receiver<u64>, results: pushpull::Sender<u64>) {
    while let Ok(n) = jobs.recv_async().await {
        if results.send_async(n * n).await.is_err() {
            return; // nobody wants to know
        }
    }
}

fn main() {
    let (jobs, queue) = pushpull::mpmc(16);
    let (done, results) = pushpull::mpmc(16);
    let pool = ThreadPool::new().expect("an executor");
    let workers: Vec<_> = (0..8)
        .map(|_| pool.spawn_with_handle(work(queue.clone(), done.clone())).expect("a task"))
        .collect();
    drop((queue, done)); // the workers' own are left

    let boss = thread::spawn(move || (1..=1000).try_for_each(|n| jobs.send(n)));
    let sum: u64 = results.iter().sum(); // a thread like any other
    block_on(join_all(workers));
    boss.join().expect("no panic").expect("somebody works");
    println!("8 tasks squared 1000 numbers: {}", sum);
    assert_eq!(sum, 333_833_500);
}
