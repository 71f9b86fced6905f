# SPDX-License-Identifier: MIT
"""Write the C source of the extension pushpull._ffi: _ffi_build.py OUTPUT."""

import pathlib
import sys

import cffi  # type: ignore[import]

# What Python sees of pushpull/pushpull.h.  The C compiler checks each line against it.
LIBRARY = """
#define PP_SPSC ...
#define PP_MPMC ...
#define PP_INTERRUPTIBLE ...
#define PP_TRACK_DEPTH ...
#define PP_SPIN_ADAPTIVE ...
#define PP_SPIN_NONE ...
#define PP_FOREVER ...
#define PP_ORDERED ...
typedef struct pp_stats {
    char name[32];
    uint64_t pushed, pulled, dropped;
    size_t depth, capacity, depth_max;
    uint64_t push_parks, pull_parks, push_wakes, pull_wakes, push_full, pull_empty;
    uint64_t push_blocked_ns, pull_blocked_ns;
    uint32_t pushers_parked, pullers_parked, tx_refs, rx_refs;
    int closed, cancelled;
    ...;
} pp_stats;
const char *pp_version(void);
"""

HEADER = pathlib.Path(__file__).with_name("_ffi_glue.h")


def declarations() -> str:
    """The part of the header of the glue that Python sees: one text for both compilers."""
    return HEADER.read_text(encoding="utf-8").split("/* cdef */")[1].split("/* end of cdef */")[0]


def main() -> None:
    ffi = cffi.FFI()
    ffi.cdef(LIBRARY + declarations())
    ffi.set_source("pushpull._ffi", '#include "_ffi_glue.h"\n')
    ffi.emit_c_code(sys.argv[1])


if __name__ == "__main__":
    main()
