// SPDX-License-Identifier: MIT

//! What std has no call for: the two CPUs, and the CPU time of the process.

use std::mem::size_of_val;
use std::os::raw::{c_int, c_long};
use std::sync::atomic::{AtomicUsize, Ordering};

#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

type Mask = [u64; 16];

extern "C" {
    fn sched_getaffinity(pid: c_int, size: usize, mask: *mut Mask) -> c_int;
    fn sched_setaffinity(pid: c_int, size: usize, mask: *const Mask) -> c_int;
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

const CLOCK_PROCESS_CPUTIME_ID: c_int = 2;
static CPUS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

fn bit(cpu: usize) -> u64 {
    1 << (cpu % 64)
}

/// The first two CPUs that this process may use, or the only one twice.  Returns how many it may use.
pub fn begin() -> usize {
    let mut mask: Mask = [0; 16];
    // SAFETY: the kernel writes no more than the size that it is told.
    unsafe { sched_getaffinity(0, size_of_val(&mask), &mut mask) };
    let allowed: Vec<usize> = (0..1024).filter(|&cpu| mask[cpu / 64] & bit(cpu) != 0).collect();
    for (i, cpu) in CPUS.iter().enumerate() {
        cpu.store(*allowed.get(i).or_else(|| allowed.first()).unwrap_or(&0), Ordering::Relaxed);
    }
    allowed.len()
}

/// Partners face each other: side + index chooses one of the two.
pub fn pin(which: usize) {
    let cpu = CPUS[which % 2].load(Ordering::Relaxed);
    let mut mask: Mask = [0; 16];
    mask[cpu / 64] |= bit(cpu);
    // SAFETY: the kernel only reads the mask.
    if unsafe { sched_setaffinity(0, size_of_val(&mask), &mask) } != 0 {
        panic!("cannot pin a thread to CPU {}", cpu);
    }
}

pub fn cpu_seconds() -> f64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the C library fills the struct.
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.seconds as f64 + time.nanoseconds as f64 / 1e9
}
