// SPDX-License-Identifier: MIT
//! One binary, since each links.
mod batch;
mod ending;
mod future;
mod items;
mod open;
mod poll;
mod ported;
mod raw;
mod select;
mod send_recv;
mod support;
mod traits;
