// SPDX-License-Identifier: MIT
//! Futures, by hand and under an executor.
use futures::executor::{block_on, ThreadPool};
use futures::future::{join, join_all, poll_fn, select, Either};
use futures::pin_mut;
use futures::task::{noop_waker, ArcWake, SpawnExt};
use pushpull::{mpmc, spsc, RecvError};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// How often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), futures::task::waker(count))
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl ArcWake for Count {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.fetch_add(1, SeqCst);
    }
}

fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

fn is_pending<F: Future>(future: Pin<&mut F>, waker: &Waker) -> bool {
    poll_with(future, waker).is_pending()
}

/// Counts itself when it is dropped.
struct Tracked(Arc<AtomicUsize>);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn tracked() -> (Tracked, impl Fn() -> usize) {
    let drops = Arc::new(AtomicUsize::new(0));
    let seen = drops.clone();
    (Tracked(drops), move || seen.load(SeqCst))
}

// ---- by hand ---------------------------------------------------------------------------------

#[test]
fn what_can_go_ahead_is_ready_at_once() {
    let (tx, rx) = mpmc(1);
    assert_eq!(block_on(tx.send_async(7)), Ok(()));
    assert_eq!(block_on(rx.recv_async()), Ok(7));
}

#[test]
fn a_send_wakes_one_receiver_for_each_item() {
    let (tx, rx) = mpmc(4);
    let ((a, wake_a), (b, wake_b)) = (Count::new(), Count::new());
    let (first, second) = (rx.recv_async(), rx.recv_async());
    pin_mut!(first, second);
    assert!(is_pending(first.as_mut(), &wake_a) && is_pending(second.as_mut(), &wake_b));
    tx.send(1).unwrap();
    assert_eq!((a.get(), b.get()), (1, 0));
    tx.send(2).unwrap();
    assert_eq!((a.get(), b.get()), (1, 1));
    assert_eq!(poll_with(first, &wake_a), Poll::Ready(Ok(1)));
    assert_eq!(poll_with(second, &wake_b), Poll::Ready(Ok(2)));
}

#[test]
fn room_wakes_a_sender() {
    let (mut tx, mut rx) = spsc(1);
    let (count, waker) = Count::new();
    tx.send(1).unwrap();
    let send = tx.send_async(2);
    pin_mut!(send);
    assert!(is_pending(send.as_mut(), &waker));
    assert_eq!(block_on(rx.recv_async()), Ok(1));
    assert_eq!(count.get(), 1);
    assert_eq!(poll_with(send, &waker), Poll::Ready(Ok(())));
    assert_eq!(rx.recv(), Ok(2));
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let (tx, rx) = mpmc(1);
    let ((old, wake_old), (new, wake_new)) = (Count::new(), Count::new());
    let recv = rx.recv_async();
    pin_mut!(recv);
    assert!(is_pending(recv.as_mut(), &wake_old) && is_pending(recv.as_mut(), &wake_new));
    tx.send(1).unwrap();
    assert_eq!((old.get(), new.get()), (0, 1));
}

#[test]
fn a_dropped_future_loses_no_item_and_no_wake() {
    let (tx, rx) = mpmc(4);
    let ((a, wake_a), (b, wake_b)) = (Count::new(), Count::new());
    let mut first = Box::pin(rx.recv_async());
    let second = rx.recv_async();
    pin_mut!(second);
    assert!(is_pending(first.as_mut(), &wake_a) && is_pending(second.as_mut(), &wake_b));
    tx.send(1).unwrap();
    assert_eq!((a.get(), b.get()), (1, 0));
    drop(first); // it was woken, and takes nothing
    assert_eq!(b.get(), 1);
    assert_eq!(poll_with(second, &wake_b), Poll::Ready(Ok(1)));
}

#[test]
fn a_dropped_future_wakes_a_thread_in_its_stead() {
    let (tx, rx) = mpmc(4);
    let (_, waker) = Count::new();
    let mut recv = Box::pin(rx.recv_async());
    assert!(is_pending(recv.as_mut(), &waker));
    thread::scope(|s| {
        let other = rx.clone();
        let thread = s.spawn(move || other.recv());
        while rx.stats().pullers_parked == 0 {
            thread::yield_now();
        }
        tx.send(1).unwrap();
        drop(recv);
        assert_eq!(thread.join().unwrap(), Ok(1));
    });
}

#[test]
fn a_dropped_sender_future_drops_its_item_once() {
    let (tx, rx) = mpmc(1);
    let (item, drops) = tracked();
    let (filler, _) = tracked();
    tx.send(filler).unwrap();
    let mut send = Box::pin(tx.send_async(item));
    assert!(is_pending(send.as_mut(), &noop_waker()));
    assert_eq!(drops(), 0);
    drop(send);
    assert_eq!((drops(), rx.len()), (1, 1));
}

#[test]
fn a_future_that_was_never_polled_drops_its_item() {
    let (tx, _rx) = mpmc(1);
    let (item, drops) = tracked();
    drop(tx.send_async(item));
    assert_eq!(drops(), 1);
}

#[test]
fn the_error_gives_the_item_back() {
    let (tx, rx) = mpmc(1);
    let (count, waker) = Count::new();
    tx.send("first").unwrap();
    let send = tx.send_async("second");
    pin_mut!(send);
    assert!(is_pending(send.as_mut(), &waker));
    drop(rx);
    assert_eq!(count.get(), 1);
    match poll_with(send, &waker) {
        Poll::Ready(Err(error)) => assert_eq!(error.into_inner(), "second"),
        other => panic!("{:?}", other),
    };
}

#[test]
fn the_end_wakes_everybody() {
    let (tx, rx) = mpmc::<u64>(4);
    let wakers: Vec<_> = (0..5).map(|_| Count::new()).collect();
    let mut futures: Vec<_> = wakers.iter().map(|_| Box::pin(rx.recv_async())).collect();
    for (future, (_, waker)) in futures.iter_mut().zip(&wakers) {
        assert!(is_pending(future.as_mut(), waker));
    }
    drop(tx);
    for (future, (count, waker)) in futures.iter_mut().zip(&wakers) {
        assert_eq!(count.get(), 1);
        assert_eq!(poll_with(future.as_mut(), waker), Poll::Ready(Err(RecvError)));
    }
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    struct Bomb;
    impl ArcWake for Bomb {
        fn wake_by_ref(_: &Arc<Self>) {
            panic!("a waker panics, as this test wants");
        }
    }
    let (tx, rx) = mpmc(1);
    let recv = rx.recv_async();
    pin_mut!(recv);
    assert!(is_pending(recv.as_mut(), &futures::task::waker(Arc::new(Bomb))));
    tx.send(1).unwrap();
    assert_eq!(poll_with(recv, &noop_waker()), Poll::Ready(Ok(1)));
}

#[test]
fn items_without_a_size_and_large_ones() {
    let (tx, rx) = mpmc::<()>(1);
    let both = block_on(join(tx.send_async(()), rx.recv_async()));
    assert_eq!(both, (Ok(()), Ok(())));
    let (tx, rx) = mpmc::<[u64; 1000]>(0);
    let both = join(tx.send_async([9; 1000]), rx.recv_async());
    assert_eq!(block_on(both).1.unwrap()[999], 9);
}

// ---- rendezvous ------------------------------------------------------------------------------

#[test]
fn at_capacity_0_two_futures_meet() {
    let (tx, rx) = mpmc(0);
    let (sent, received) = block_on(join(tx.send_async(1), rx.recv_async()));
    assert_eq!((sent, received), (Ok(()), Ok(1)));
    let (mut tx, mut rx) = spsc(0);
    let (received, sent) = block_on(join(rx.recv_async(), tx.send_async(2)));
    assert_eq!((sent, received), (Ok(()), Ok(2)));
}

#[test]
fn a_future_that_sends_meets_a_try_and_may_be_dropped_after_it() {
    let (tx, rx) = mpmc(0);
    let (item, drops) = tracked();
    let (count, waker) = Count::new();
    let mut send = Box::pin(tx.send_async(item));
    assert!(is_pending(send.as_mut(), &waker));
    let received = rx.try_recv().unwrap();
    assert_eq!((count.get(), drops()), (1, 0));
    drop(send); // it does not know yet
    assert_eq!(drops(), 0);
    drop(received);
    assert_eq!(drops(), 1);
}

#[test]
fn at_capacity_0_a_dropped_receiver_takes_nothing_with_it() {
    let (tx, rx) = mpmc(0);
    let (a, wake_a) = Count::new();
    let mut recv = Box::pin(rx.recv_async());
    assert!(is_pending(recv.as_mut(), &wake_a));
    thread::scope(|s| {
        let sender = s.spawn(|| tx.send(1));
        while a.get() == 0 {
            thread::yield_now();
        }
        drop(recv);
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

// ---- executors ---------------------------------------------------------------------------------

#[test]
fn futures_of_both_kinds_go_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (mut tx, mut rx) = spsc::<Box<u64>>(2);
    let pool = ThreadPool::builder().pool_size(2).create().unwrap();
    let send = async move {
        for n in 0..2000 {
            tx.send_async(Box::new(n)).await.unwrap();
        }
    };
    let receive = async move {
        let mut sum = 0;
        while let Ok(n) = rx.recv_async().await {
            sum += *n;
        }
        sum
    };
    is_send(&send);
    is_send(&receive);
    pool.spawn(send).unwrap();
    let sum = pool.spawn_with_handle(receive).unwrap();
    assert_eq!(block_on(sum), 1999 * 2000 / 2);
}

/// Ready the second time.
async fn yield_now() {
    let mut again = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut again, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Drops its receive again and again, and starts another.
async fn impatient(rx: pushpull::Receiver<Box<usize>>, taken: Arc<Mutex<Vec<usize>>>) {
    loop {
        let (recv, patience) = (rx.recv_async(), yield_now());
        pin_mut!(recv, patience);
        match select(recv, patience).await {
            Either::Left((Ok(item), _)) => taken.lock().unwrap().push(*item),
            Either::Left((Err(RecvError), _)) => return,
            Either::Right(_) => {}
        }
    }
}

fn every_item_once(capacity: usize) {
    const EACH: usize = 3000;
    let (tx, rx) = mpmc::<Box<usize>>(capacity);
    let taken = Arc::new(Mutex::new(Vec::new()));
    // A thread for each: the pool runs a task that wakes itself again at once.
    let pool = ThreadPool::builder().pool_size(6).create().unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.push(pool.spawn_with_handle(impatient(rx.clone(), taken.clone())).unwrap());
    }
    for part in 0..2 {
        let tx = tx.clone();
        let task = async move {
            for n in 0..EACH {
                tx.send_async(Box::new(part * EACH + n)).await.unwrap();
            }
        };
        tasks.push(pool.spawn_with_handle(task).unwrap());
    }
    thread::scope(|s| {
        s.spawn(move || (2 * EACH..3 * EACH).for_each(|n| tx.send(Box::new(n)).unwrap()));
        let (rx, taken) = (rx.clone(), taken.clone());
        s.spawn(move || rx.iter().for_each(|item| taken.lock().unwrap().push(*item)));
    });
    drop(rx);
    block_on(join_all(tasks));
    let mut taken = std::mem::take(&mut *taken.lock().unwrap());
    taken.sort_unstable();
    assert_eq!(taken, (0..3 * EACH).collect::<Vec<_>>());
}

#[test]
fn impatient_tasks_beside_threads_lose_nothing() {
    for capacity in [0, 1, 2, 64] {
        every_item_once(capacity);
    }
}

#[test]
fn a_task_sleeps_until_a_thread_sends() {
    let (tx, rx) = mpmc(1);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        tx.send(1)
    });
    assert_eq!(block_on(rx.recv_async()), Ok(1));
    assert_eq!(block_on(rx.recv_async()), Err(RecvError));
    thread.join().unwrap().unwrap();
}

#[cfg(feature = "stream")]
#[test]
fn a_stream_ends_with_the_channel_and_stays_ended() {
    use futures::stream::{FusedStream, StreamExt};
    let (tx, mut rx) = spsc(1);
    let thread = thread::spawn(move || (0..100).try_for_each(|n| tx.send(n)));
    let items = rx.stream();
    pin_mut!(items);
    assert_eq!(block_on(items.by_ref().collect::<Vec<_>>()), (0..100).collect::<Vec<_>>());
    assert!(items.is_terminated());
    assert_eq!(block_on(items.next()), None);
    thread.join().unwrap().unwrap();
}
