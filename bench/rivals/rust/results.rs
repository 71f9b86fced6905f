// SPDX-License-Identifier: MIT

use crate::settings::{Load, Settings, Workload};
use crate::{place, Outcome};

/// Who builds it says with what: a program cannot ask its own compiler.
const COMPILER: Option<&str> = option_env!("RIVAL_COMPILER");
const PACKAGE: Option<&str> = option_env!("RIVAL_PACKAGE");
/// Keeps the programs of two compilers apart.
const SUFFIX: Option<&str> = option_env!("RIVAL_SUFFIX");

const PROMISES: &str = "one FIFO, exact capacity, sleeps while it waits, hands over at capacity 0";

fn load_name(load: Load) -> &'static str {
    match load {
        Load::Ready => "ready",
        Load::Nothing => "nothing",
        Load::PingPong => "pingpong",
        Load::Mixed => "mixed",
    }
}

fn name(s: &Settings, queue: &str) -> String {
    match s.workload {
        Workload::PingPong => format!("latency/pingpong/queue:{}/placement:two/wait:usual", queue),
        Workload::Select(load) => format!(
            "select/{}/queue:{}/capacity:{}/item:{}", load_name(load), queue, s.capacity, s.item_size
        ),
        Workload::Stream => format!(
            "sweep/queue:{}/shape:{}/capacity:{}/item:{}/batch:1/form:blocking/regime:balanced/placement:two",
            queue, s.shape, s.capacity, s.item_size
        ),
    }
}

fn about(s: &Settings) -> String {
    let compiler = COMPILER.unwrap_or("rustc of unknown version");
    match s.queue.as_str() {
        "rust_std" => format!("std::sync::mpsc::sync_channel, {}", compiler),
        "rust_spsc" | "rust_mpmc" => format!("our Rust binding, shared library, {}", compiler),
        kind => {
            let select = if kind == "rust_crossbeam_builder" { " and Select" } else { "" };
            format!("crossbeam_channel::bounded{}, {}, {}", select, PACKAGE.unwrap_or("of unknown version"), compiler)
        }
    }
}

fn benchmark(s: &Settings, name: &str, index: usize, o: &Outcome) -> String {
    let items = o.items as f64;
    let identity = format!(
        "\"name\": \"{0}\", \"run_name\": \"{0}\", \"run_type\": \"iteration\", \"family_index\": 0, \
         \"repetitions\": {1}, \"repetition_index\": {2}, \"threads\": 1, \"iterations\": 1",
        name, s.reps, index
    );
    let figures = format!(
        "\"real_time\": {}, \"cpu_time\": {}, \"time_unit\": \"ns\", \"items_per_second\": {}, \
         \"items\": {}, \"seconds\": {}",
        o.seconds / items * 1e9, o.cpu / items * 1e9, items / o.seconds, o.items, o.seconds
    );
    let setting = format!(
        "\"capacity\": {}, \"item_size\": {}, \"batch\": 1, \"producers\": {}, \"consumers\": {}, \
         \"label\": \"{}\"",
        s.capacity, s.item_size, s.producers, s.consumers, PROMISES
    );
    format!("    {{ {},\n      {},\n      {} }}", identity, figures, setting)
}

pub fn print(s: &Settings, outcomes: &[Outcome]) {
    let queue = format!("{}{}", s.queue, SUFFIX.unwrap_or(""));
    let name = name(s, &queue);
    let rows: Vec<String> = outcomes.iter().enumerate().map(|(i, o)| benchmark(s, &name, i, o)).collect();
    println!(
        "{{\n  \"context\": {{\n    \"executable\": \"rust\", \"num_cpus\": {},\n    \
         \"pp_command\": \"sweep\",\n    \"pp_queue_{}\": \"{}\"\n  }},\n  \"benchmarks\": [\n{}\n  ]\n}}",
        place::begin(), queue, about(s), rows.join(",\n")
    );
}
