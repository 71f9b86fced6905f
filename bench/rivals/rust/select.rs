// SPDX-License-Identifier: MIT

//! crossbeam's select, by its macro or by its builder, in the loads of pushpull-bench.
//!
//! Channels that stay ready: four full ones are filled up again after so many selects, so that none can be
//! empty in between.  The clock stops meanwhile, and what a look at it takes is subtracted.

use crate::settings::{Load, Settings, SELECT_RUN};
use crate::{fail, place, Item, Outcome};
use crossbeam_channel::{bounded, select, Receiver, Select, Sender};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const RINGS: usize = 4;
const CLOCK_READS: u32 = 100;
const CLOCK_GROUPS: u32 = 20;

/// Builder: a `Select` that is made once, and asked again and again.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Macro,
    Builder,
}

/// How many, and the sum of their words.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Count(u64, u64);

impl Count {
    fn add<T: Item>(&mut self, item: &T) {
        self.0 += 1;
        self.1 = self.1.wrapping_add(item.word());
    }
}

fn agree(pushed: Count, pulled: Count) {
    if pushed != pulled {
        fail(&format!("items were lost or came twice: pushed {:?}, pulled {:?}", pushed, pulled));
    }
}

fn gone<E, R>(_: E) -> R {
    fail("a channel ended")
}

struct Four<T> {
    tx: Vec<Sender<T>>,
    rx: Vec<Receiver<T>>,
}

fn open<T>(capacity: usize) -> Four<T> {
    let (tx, rx) = (0..RINGS).map(|_| bounded(capacity)).unzip();
    Four { tx, rx }
}

// ---- One thread -----------------------------------------------------------------------------

fn fill<T: Item>(four: &Four<T>, pushed: &mut Count) {
    for tx in &four.tx {
        let mut item = T::of(pushed.0);
        while tx.try_send(item).is_ok() {
            pushed.add(&item);
            item = T::of(pushed.0);
        }
    }
}

fn empty<T: Item>(four: &Four<T>, pulled: &mut Count) {
    for rx in &four.rx {
        rx.try_iter().for_each(|item| pulled.add(&item));
    }
}

/// What a look at the clock takes, if nothing comes between; in seconds.
fn clock_time() -> f64 {
    let group = |_| {
        let start = Instant::now();
        let last = (0..CLOCK_READS).fold(start, |_, _| Instant::now());
        last.duration_since(start).as_secs_f64() / f64::from(CLOCK_READS)
    };
    (0..CLOCK_GROUPS).map(group).fold(f64::INFINITY, f64::min)
}

/// `call` gives an item where there is one.
fn alone<T: Item>(four: &Four<T>, items: u64, ready: bool, mut call: impl FnMut() -> Option<T>) -> Outcome {
    let (mut pushed, mut pulled) = (Count::default(), Count::default());
    let mut total = Duration::default();
    let runs = items / SELECT_RUN as u64 + 1;
    let cpu = place::cpu_seconds();

    for _ in 0..runs {
        if ready {
            fill(four, &mut pushed);
        }
        let start = Instant::now();
        for _ in 0..SELECT_RUN {
            if let Some(item) = call() {
                pulled.add(&item);
            }
        }
        total += start.elapsed();
    }
    empty(four, &mut pulled);
    agree(pushed, pulled);
    let cpu = place::cpu_seconds() - cpu;
    let seconds = total.as_secs_f64() - runs as f64 * clock_time();
    Outcome { items: runs * SELECT_RUN as u64, seconds, cpu }
}

fn any_of<T>(rx: &[Receiver<T>]) -> Select {
    let mut any = Select::new();
    for one in rx {
        any.recv(one);
    }
    any
}

fn ready<T: Item>(four: &Four<T>, items: u64, way: Way) -> Outcome {
    let (a, b, c, d) = (&four.rx[0], &four.rx[1], &four.rx[2], &four.rx[3]);
    if way == Way::Macro {
        return alone(four, items, true, || {
            select! {
                recv(a) -> item => item.ok(),
                recv(b) -> item => item.ok(),
                recv(c) -> item => item.ok(),
                recv(d) -> item => item.ok(),
            }
        });
    }
    let mut any = any_of(&four.rx);
    alone(four, items, true, || {
        let one = any.select();
        let at = one.index();
        one.recv(&four.rx[at]).ok()
    })
}

fn nothing<T: Item>(four: &Four<T>, items: u64, way: Way) -> Outcome {
    let (a, b, c, d) = (&four.rx[0], &four.rx[1], &four.rx[2], &four.rx[3]);
    if way == Way::Macro {
        return alone(four, items, false, || {
            select! {
                recv(a) -> item => item.ok(),
                recv(b) -> item => item.ok(),
                recv(c) -> item => item.ok(),
                recv(d) -> item => item.ok(),
                default => None,
            }
        });
    }
    let mut any = any_of(&four.rx);
    alone(four, items, false, || match any.try_select() {
        Ok(one) => {
            let at = one.index();
            one.recv(&four.rx[at]).ok()
        }
        Err(_) => None,
    })
}

fn pinned(play: impl FnOnce() -> Outcome + Send) -> Outcome {
    let alone = || {
        place::pin(0);
        play()
    };
    thread::scope(|scope| scope.spawn(alone).join()).unwrap_or_else(gone)
}

// ---- Two threads ----------------------------------------------------------------------------

/// What one side pushed and pulled.
type Sides = (Count, Count);

/// The first side begins each round, the second gives back over the channel of the same number.
fn rally<T: Item>(first: bool, items: u64, tx: &[Sender<T>], mut pull: impl FnMut() -> (usize, T)) -> Sides {
    let (mut pushed, mut pulled) = (Count::default(), Count::default());
    for i in 0..items {
        let (mut at, mut item) = ((i & 1) as usize, T::of(i));
        if !first {
            (at, item) = pull();
            pulled.add(&item);
        }
        tx[at].send(item).unwrap_or_else(gone);
        pushed.add(&item);
        if first {
            pulled.add(&pull().1);
        }
    }
    (pushed, pulled)
}

fn rally_side<T: Item>(first: bool, items: u64, tx: &[Sender<T>], rx: &[Receiver<T>], way: Way) -> Sides {
    let (a, b) = (&rx[0], &rx[1]);
    if way == Way::Macro {
        return rally(first, items, tx, || {
            select! {
                recv(a) -> item => (0, item.unwrap_or_else(gone)),
                recv(b) -> item => (1, item.unwrap_or_else(gone)),
            }
        });
    }
    let mut any = any_of(rx);
    rally(first, items, tx, || {
        let one = any.select();
        let at = one.index();
        (at, one.recv(&rx[at]).unwrap_or_else(gone))
    })
}

/// `step` pushes its item, or pulls one.
fn mix<T: Item>(items: u64, mut step: impl FnMut(T) -> Option<T>) -> Sides {
    let (mut pushed, mut pulled) = (Count::default(), Count::default());
    for _ in 0..items {
        let next = T::of(pushed.0);
        match step(next) {
            Some(item) => pulled.add(&item),
            None => pushed.add(&next),
        }
    }
    (pushed, pulled)
}

fn mixed_side<T: Item>(items: u64, tx: &Sender<T>, rx: &Receiver<T>, way: Way) -> Sides {
    if way == Way::Macro {
        return mix(items, |next| {
            select! {
                send(tx, next) -> sent => { sent.unwrap_or_else(gone); None }
                recv(rx) -> item => Some(item.unwrap_or_else(gone)),
            }
        });
    }
    let mut any = Select::new();
    let push = any.send(tx);
    any.recv(rx);
    mix(items, |next| {
        let one = any.select();
        if one.index() == push {
            one.send(tx, next).unwrap_or_else(gone);
            None
        } else {
            Some(one.recv(rx).unwrap_or_else(gone))
        }
    })
}

/// Both sides play on a CPU of their own; what one pushed the other pulled.
fn both<F>(items: u64, play: F) -> Outcome
where
    F: Fn(bool) -> Sides + Clone + Send + 'static,
{
    let ready = Arc::new(Barrier::new(2));
    let cpu = place::cpu_seconds();
    let side = |first: bool| {
        let (ready, play) = (ready.clone(), play.clone());
        thread::spawn(move || {
            place::pin(usize::from(!first));
            ready.wait();
            let begin = Instant::now();
            (play(first), begin.elapsed().as_secs_f64())
        })
    };
    let (first, second) = (side(true), side(false));
    let (one, seconds) = first.join().unwrap_or_else(gone);
    let (other, _) = second.join().unwrap_or_else(gone);
    let cpu = place::cpu_seconds() - cpu;
    agree(one.0, other.1);
    agree(other.0, one.1);
    Outcome { items, seconds, cpu }
}

pub fn once<T: Item>(s: &Settings, load: Load, items: u64, way: Way) -> Outcome {
    let four = open::<T>(s.capacity);
    match load {
        Load::Ready => pinned(|| ready(&four, items, way)),
        Load::Nothing => pinned(|| nothing(&four, items, way)),
        Load::PingPong => {
            let four = Arc::new(four);
            both(items, move |first| {
                let (there, back) = if first { (0, 2) } else { (2, 0) };
                rally_side(first, items, &four.tx[there..there + 2], &four.rx[back..back + 2], way)
            })
        }
        Load::Mixed => {
            let four = Arc::new(four);
            both(items, move |first| {
                let (to, from) = if first { (0, 1) } else { (1, 0) };
                mixed_side(items, &four.tx[to], &four.rx[from], way)
            })
        }
    }
}
