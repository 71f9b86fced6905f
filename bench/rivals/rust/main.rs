// SPDX-License-Identifier: MIT

//! Rust's channels in the workloads of pushpull-bench: items through one channel, one item there and
//! back over two, or select among several.  Prints results as Google Benchmark does.  Exit status: 1 when items were lost
//! or came twice, 2 for wrong arguments or what a channel cannot do.

mod channels;
mod place;
mod results;
#[cfg(feature = "crossbeam")]
mod select;
mod settings;

use channels::{Channel, Pull, Push};
use settings::{Settings, Workload};
use std::process::exit;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

/// As large as it says, and carries its word in front.
pub trait Item: Copy + Send + 'static {
    fn of(word: u64) -> Self;
    fn word(&self) -> u64;
}

impl<const N: usize> Item for [u64; N] {
    fn of(word: u64) -> Self {
        let mut item = [0; N];
        item[0] = word;
        item
    }
    fn word(&self) -> u64 {
        self[0]
    }
}

/// What one thread did.
struct Account {
    moved: u64,
    sum: u64,
    begin: Instant,
    end: Instant,
}

/// What a repetition came to.
pub struct Outcome {
    pub items: u64,
    pub seconds: f64,
    pub cpu: f64,
}

type Worker = thread::JoinHandle<Account>;

fn spawn<F>(cpu: usize, ready: &Arc<Barrier>, body: F) -> Worker
where
    F: FnOnce() -> (u64, u64) + Send + 'static,
{
    let ready = ready.clone();
    thread::spawn(move || {
        place::pin(cpu);
        ready.wait();
        let begin = Instant::now();
        let (moved, sum) = body();
        Account { moved, sum, begin, end: Instant::now() }
    })
}

/// The pusher's end goes with its thread, which is how the channel ends.
fn push<T: Item, P: Push<T>>(end: P, producer: u64, count: u64) -> (u64, u64) {
    let mut sum = 0u64;
    for i in 0..count {
        let word = producer << 40 | i;
        sum = sum.wrapping_add(word);
        end.push(T::of(word));
    }
    (count, sum)
}

fn pull<T: Item, G: Pull<T>>(end: G) -> (u64, u64) {
    let (mut moved, mut sum) = (0, 0u64);
    while let Some(item) = end.pull() {
        moved += 1;
        sum = sum.wrapping_add(item.word());
    }
    (moved, sum)
}

/// One repetition: a channel of its own, as many items as are asked for, shared out over the producers.
fn stream<T: Item, C: Channel<T>>(s: &Settings, items: u64) -> Outcome {
    let (pusher, puller) = C::open(s.capacity);
    let ready = Arc::new(Barrier::new(s.producers + s.consumers));
    let cpu = place::cpu_seconds();
    let among = s.producers as u64;
    let mut pushing = Vec::new();
    let mut pulling = Vec::new();

    let share = |index: u64| items / among + u64::from(index < items % among);
    for i in 1..s.producers {
        let (end, index) = (pusher.another(), i as u64);
        let count = share(index);
        pushing.push(spawn(i, &ready, move || push(end, index, count)));
    }
    let count = share(0);
    pushing.push(spawn(0, &ready, move || push(pusher, 0, count)));
    for i in 1..s.consumers {
        let end = puller.another();
        pulling.push(spawn(i + 1, &ready, move || pull(end)));
    }
    pulling.push(spawn(1, &ready, move || pull(puller)));
    add_up(join(pushing), join(pulling), cpu)
}

/// One item at a time, there and back.
fn ping_pong<T: Item, C: Channel<T>>(s: &Settings, items: u64) -> Outcome {
    let (out, returner_in) = C::open(s.capacity);
    let (returner_out, back) = C::open(s.capacity);
    let ready = Arc::new(Barrier::new(2));
    let cpu = place::cpu_seconds();
    let serve = spawn(0, &ready, move || {
        let mut pulled = 0u64;
        for i in 0..items {
            out.push(T::of(i));
            pulled = pulled.wrapping_add(back.pull().map_or(0, |item| item.word()));
        }
        (items, pulled)
    });
    let give_back = spawn(1, &ready, move || {
        let (mut moved, mut sum) = (0, 0u64);
        while let Some(item) = returner_in.pull() {
            moved += 1;
            sum = sum.wrapping_add(item.word());
            returner_out.push(item);
        }
        (moved, sum)
    });
    add_up(join(vec![serve]), join(vec![give_back]), cpu)
}

fn join(workers: Vec<Worker>) -> Vec<Account> {
    let all = workers.into_iter().map(|w| w.join());
    all.map(|done| done.unwrap_or_else(|_| fail("a thread panicked"))).collect()
}

fn fail(why: &str) -> ! {
    eprintln!("rust: {}", why);
    exit(1);
}

fn totals(side: &[Account]) -> (u64, u64) {
    side.iter().fold((0, 0), |t, a| (t.0 + a.moved, a.sum.wrapping_add(t.1)))
}

/// Both sides' totals must agree.
fn add_up(pushing: Vec<Account>, pulling: Vec<Account>, cpu: f64) -> Outcome {
    let (pushed, pulled) = (totals(&pushing), totals(&pulling));
    let cpu = place::cpu_seconds() - cpu;
    if pushed != pulled || pulled.0 == 0 {
        fail(&format!("items were lost or came twice: pushed {:?}, pulled {:?} (count, sum)", pushed, pulled));
    }
    let begin = pushing.iter().chain(&pulling).map(|a| a.begin).min();
    let end = pushing.iter().chain(&pulling).map(|a| a.end).max();
    let seconds = match (begin, end) {
        (Some(begin), Some(end)) => end.duration_since(begin).as_secs_f64(),
        _ => fail("nobody took part"),
    };
    Outcome { items: pulled.0, seconds, cpu }
}

/// Warm up until the time tells how many items fill a repetition, then measure.
fn measure(s: &Settings, once: impl Fn(u64) -> Outcome) -> Vec<Outcome> {
    let mut items = 1024;
    loop {
        let took = once(items).seconds;
        if took >= s.seconds / 4.0 {
            items = (items as f64 * s.seconds / took) as u64 + 1;
            break;
        }
        items *= 2;
    }
    (0..s.reps).map(|_| once(items)).collect()
}

fn of_size<T: Item, C: Channel<T>>(s: &Settings) -> Vec<Outcome> {
    if s.consumers > C::CONSUMERS_MAX {
        settings::refuse("this channel has one consumer");
    }
    if s.producers > C::PRODUCERS_MAX {
        settings::refuse("this channel has one producer");
    }
    match s.workload {
        Workload::Stream => measure(s, |items| stream::<T, C>(s, items)),
        Workload::PingPong => measure(s, |items| ping_pong::<T, C>(s, items)),
        Workload::Select(_) => settings::refuse("this channel has no select"),
    }
}

fn of_queue<C: Channel<[u64; 1]> + Channel<[u64; 8]>>(s: &Settings) -> Vec<Outcome> {
    match s.item_size {
        8 => of_size::<[u64; 1], C>(s),
        _ => of_size::<[u64; 8], C>(s),
    }
}

/// By the macro or, under another name, by the builder.
#[cfg(feature = "crossbeam")]
fn of_crossbeam(s: &Settings) -> Vec<Outcome> {
    let way = if s.queue == "rust_crossbeam" { select::Way::Macro } else { select::Way::Builder };
    match (s.workload, s.item_size) {
        (Workload::Select(load), 8) => measure(s, |items| select::once::<[u64; 1]>(s, load, items, way)),
        (Workload::Select(load), _) => measure(s, |items| select::once::<[u64; 8]>(s, load, items, way)),
        _ => of_queue::<channels::Crossbeam>(s),
    }
}

fn main() {
    let s = settings::read();
    place::begin();
    let outcomes = match s.queue.as_str() {
        "rust_std" => of_queue::<channels::Std>(&s),
        #[cfg(feature = "crossbeam")]
        "rust_crossbeam" | "rust_crossbeam_builder" => of_crossbeam(&s),
        #[cfg(feature = "pushpull")]
        "rust_spsc" => of_queue::<channels::Spsc>(&s),
        #[cfg(feature = "pushpull")]
        "rust_mpmc" => of_queue::<channels::Mpmc>(&s),
        other => settings::refuse(&format!("--queue: no '{}' in this program", other)),
    };
    results::print(&s, &outcomes);
}
