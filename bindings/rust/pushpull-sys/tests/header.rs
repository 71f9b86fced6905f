// SPDX-License-Identifier: MIT
//! The declarations against the C header, and against the list of what the library exports.
use pushpull_sys::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::{align_of, size_of, MaybeUninit};
use std::path::Path;
use std::process::Command;

/// What `layout.c` prints, from Rust's point of view.
macro_rules! layout {
    ($out:ident, $type:ident { $($field:ident),* }) => {
        writeln!($out, "size {0} {1}\nalign {0} {2}", stringify!($type), size_of::<$type>(),
                 align_of::<$type>()).unwrap();
        $({
            let value = MaybeUninit::<$type>::uninit();
            // SAFETY: an address only.
            let field = unsafe { std::ptr::addr_of!((*value.as_ptr()).$field) };
            let offset = field as usize - value.as_ptr() as usize;
            let name = stringify!($field).trim_start_matches("r#");
            writeln!($out, "{}.{} {} {}", stringify!($type), name, offset,
                     size_of_pointee(field)).unwrap();
        })*
    };
}

fn size_of_pointee<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! numbers {
    ($out:ident, $($name:ident),*) => {
        $(writeln!($out, "{} {}", stringify!($name), $name).unwrap();)*
    };
}

fn ours() -> String {
    let mut out = String::new();
    layout!(out, pp_kind {});
    layout!(out, pp_time {});
    layout!(
        out,
        pp_config { size, kind, capacity, item_size, flags, spin_ns, drop, drop_context, name }
    );
    layout!(
        out,
        pp_stats {
            size,
            name,
            pushed,
            pulled,
            dropped,
            depth,
            capacity,
            depth_max,
            push_parks,
            pull_parks,
            push_wakes,
            pull_wakes,
            push_full,
            pull_empty,
            push_blocked_ns,
            pull_blocked_ns,
            pushers_parked,
            pullers_parked,
            tx_refs,
            rx_refs,
            closed,
            cancelled
        }
    );
    layout!(out, pp_case { tx, rx, item, result, flags, reserved });
    layout!(out, pp_async { ready, r#ref, unref, context, flags, reserved });
    numbers!(out, PP_SPSC, PP_MPMC, PP_INTERRUPTIBLE, PP_TRACK_DEPTH, PP_SPIN_ADAPTIVE);
    numbers!(out, PP_SPIN_NONE, PP_ORDERED, PP_FOREVER);
    let signed = (0 as c_char).wrapping_sub(1) < 1;
    writeln!(out, "(char)-1 < 0 {}", i32::from(signed)).unwrap();
    out
}

/// The program in C, compiled with the header that the build script found.
fn theirs() -> String {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layout");
    let machine = env!("PUSHPULL_SYS_TARGET");
    let mut compiler = cc::Build::new()
        .includes(std::env::split_paths(env!("PUSHPULL_SYS_INCLUDE")))
        .target(machine)
        .host(machine)
        .opt_level(0)
        .cargo_metadata(false)
        .get_compiler()
        .to_command();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layout.c");
    let compiled = compiler.arg(source).arg("-o").arg(&program).status().unwrap();
    assert!(compiled.success());
    String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap()
}

#[test]
fn types_lie_as_in_c() {
    let theirs = theirs();
    assert!(theirs.lines().count() > 50);
    assert!(ours().lines().eq(theirs.lines()), "Rust:\n{}\nC:\n{}", ours(), theirs);
}

/// Every name of a text that begins with `pp_` and follows `before`.
fn names<'t>(text: &'t str, before: &str) -> BTreeSet<&'t str> {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix(before))
        .filter(|rest| rest.starts_with("pp_"))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        .collect()
}

#[test]
fn every_exported_symbol_is_declared() {
    let declared = names(include_str!("../src/lib.rs"), "pub fn ");
    let exported = names(include_str!("../c/src/pushpull.map"), "");
    assert!(exported.len() > 40);
    assert_eq!(declared, exported);
}

/// A name that is not in the library does not link.
#[test]
fn a_ring_works() {
    let (mut tx, mut rx, item, mut back) = (std::ptr::null_mut(), std::ptr::null_mut(), 7u32, 0u32);
    // SAFETY: as the header says.
    unsafe {
        assert_eq!(pp_open(&mut tx, &mut rx, PP_MPMC, 1, 4), 0);
        assert_eq!(pp_push(tx, (&item as *const u32).cast()), 0);
        assert_eq!(pp_tx_depth(tx), 1);
        assert_eq!(pp_pull(rx, (&mut back as *mut u32).cast()), 0);
        pp_tx_unref(tx);
        pp_rx_unref(rx);
    }
    assert_eq!(back, 7);
}
