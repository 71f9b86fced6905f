// SPDX-License-Identifier: MIT

use std::env;
use std::process::exit;
use std::str::FromStr;

/// Selects between two looks at the clock, where channels stay ready.
pub const SELECT_RUN: usize = 63;

#[derive(Clone, Copy)]
pub enum Load {
    Ready,
    Nothing,
    PingPong,
    Mixed,
}

#[derive(Clone, Copy)]
pub enum Workload {
    Stream,
    PingPong,
    Select(Load),
}

pub struct Settings {
    pub queue: String,
    pub shape: String,
    pub workload: Workload,
    pub producers: usize,
    pub consumers: usize,
    pub capacity: usize,
    pub item_size: usize,
    pub seconds: f64,
    pub reps: usize,
}

pub fn refuse(why: &str) -> ! {
    eprintln!("rust: {}", why);
    exit(2);
}

fn number<N: FromStr>(option: &str, value: &str) -> N {
    value.parse().unwrap_or_else(|_| refuse(&format!("{}: '{}' is not a number", option, value)))
}

fn shape_of(text: &str) -> Option<(usize, usize)> {
    let (producers, consumers) = text.strip_suffix('C')?.split_once('P')?;
    let shape = (producers.parse().ok()?, consumers.parse().ok()?);
    let sensible = |n| (1..=256).contains(&n);
    (sensible(shape.0) && sensible(shape.1)).then(|| shape)
}

/// Whatever --capacity says.
fn choose(s: &mut Settings, load: Load, capacity: usize) {
    s.workload = Workload::Select(load);
    s.capacity = capacity;
}

fn take(s: &mut Settings, option: &str, value: &str) {
    match option {
        "--queue" => s.queue = value.to_string(),
        "--shape" => s.shape = value.to_string(),
        "--capacity" => s.capacity = number(option, value),
        "--item-size" => s.item_size = number(option, value),
        "--seconds" => s.seconds = number(option, value),
        "--reps" => s.reps = number(option, value),
        "--batch" if value == "1" => {}
        "--workload" => match value {
            "stream" => {}
            "pingpong" => s.workload = Workload::PingPong,
            "rendezvous" => s.capacity = 0,
            "select-ready" => choose(s, Load::Ready, SELECT_RUN + 1),
            "select-nothing" => choose(s, Load::Nothing, SELECT_RUN + 1),
            "select-pingpong" => choose(s, Load::PingPong, 1),
            "select-mixed" => choose(s, Load::Mixed, 0),
            _ => refuse(&format!("--workload: unknown '{}'", value)),
        },
        _ => refuse(&format!("what is '{} {}'?", option, value)),
    }
}

/// A rendezvous is capacity 0, whatever --capacity says and wherever it stands.
fn by_precedence(words: &[String]) -> Vec<(&str, &str)> {
    let mut pairs: Vec<(&str, &str)> = words
        .chunks(2)
        .map(|p| match p {
            [option, value] => (option.as_str(), value.as_str()),
            _ => refuse(&format!("{} has no value", p[0])),
        })
        .collect();
    pairs.sort_by_key(|p| p.0 == "--workload");
    pairs
}

pub fn read() -> Settings {
    let words: Vec<String> = env::args().skip(1).collect();
    let mut s = Settings {
        queue: "rust_std".to_string(),
        shape: "1P1C".to_string(),
        workload: Workload::Stream,
        producers: 1,
        consumers: 1,
        capacity: 64,
        item_size: 8,
        seconds: 0.1,
        reps: 5,
    };
    for (option, value) in by_precedence(&words) {
        take(&mut s, option, value);
    }
    match shape_of(&s.shape) {
        Some((producers, consumers)) => {
            s.producers = producers;
            s.consumers = consumers;
        }
        None => refuse(&format!("--shape: '{}' is not like 2P2C", s.shape)),
    }
    if !matches!(s.workload, Workload::Stream) && s.shape != "1P1C" {
        refuse("ping-pong and select are 1P1C");
    }
    if (s.item_size != 8 && s.item_size != 64) || s.reps == 0 || !(s.seconds > 0.0) {
        refuse("items are of 8 or 64 bytes; --reps and --seconds are more than 0");
    }
    s
}
