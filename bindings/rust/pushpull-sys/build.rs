// SPDX-License-Identifier: MIT
//! Finds an installed libpushpull by pkg-config; otherwise builds the C sources of this package.
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// In a checkout two links to the repository's own folders; a package has their files.
const SOURCES: &str = "c/src";
const HEADERS: &str = "c/include";

fn main() {
    println!("cargo:rerun-if-env-changed=PUSHPULL_SYS_BUNDLED");
    println!("cargo:rerun-if-changed=build.rs");
    let headers = match installed() {
        Some(paths) => paths,
        None => build(),
    };
    let headers = env::join_paths(headers).expect("a folder of headers with ':' in its name");
    println!("cargo:include={}", headers.to_string_lossy());
    println!("cargo:rustc-env=PUSHPULL_SYS_INCLUDE={}", headers.to_string_lossy());
    println!("cargo:rustc-env=PUSHPULL_SYS_TARGET={}", env::var("TARGET").expect("set by cargo"));
}

fn is_bundled() -> bool {
    let wish = env::var_os("PUSHPULL_SYS_BUNDLED");
    env::var_os("CARGO_FEATURE_BUNDLED").is_some()
        || wish.map_or(false, |wish| !wish.is_empty() && wish != "0")
}

/// The folders of its headers.  The C compiler may know them by itself: then there are none.
fn installed() -> Option<Vec<PathBuf>> {
    if is_bundled() {
        return None;
    }
    let version = env::var("CARGO_PKG_VERSION").expect("set by cargo");
    match pkg_config::Config::new().atleast_version(&version).probe("pushpull") {
        Ok(library) => Some(library.include_paths),
        Err(why) => {
            println!("cargo:warning=no libpushpull {} or later: building it from source", version);
            eprintln!("{}", why);
            None
        }
    }
}

/// As meson.build does for a release: a debug build of a program has no use for a slow queue.
fn build() -> Vec<PathBuf> {
    let mut library = cc::Build::new();
    library
        .files(c_files(Path::new(SOURCES)))
        .include(HEADERS)
        .include(SOURCES)
        .flag("-std=c11")
        .flag("-pthread")
        .flag_if_supported("-fvisibility=hidden")
        .define("_GNU_SOURCE", None)
        .define("NDEBUG", None)
        .opt_level(3);
    library.compile("pushpull");
    let atomics = env::var("CARGO_CFG_TARGET_HAS_ATOMIC").unwrap_or_default();
    if !atomics.split(',').any(|width| width == "64") {
        println!("cargo:rustc-link-lib=atomic");
    }
    println!("cargo:rerun-if-changed={}", SOURCES);
    println!("cargo:rerun-if-changed={}", HEADERS);
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo");
    vec![Path::new(&root).join(HEADERS)]
}

/// Every source but the hooks of the C tests.
fn c_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|why| panic!("no C sources in {}: {}", folder.display(), why));
    for entry in entries {
        let path = entry.expect("a folder that can be read").path();
        if path.is_dir() {
            found.extend(c_files(&path));
        } else if path.extension() == Some(OsStr::new("c")) && !path.ends_with("base/hooks.c") {
            found.push(path);
        }
    }
    found.sort();
    found
}
