# SPDX-License-Identifier: MIT
"""The example of pushpull.Queue runs, ends by itself, and says what it should."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

EXAMPLE = pathlib.Path(__file__).parents[1] / "examples" / "object_worker_pool.py"


@pytest.mark.parametrize("workers", [1, 4])
def test_worker_pool(workers: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "dev", str(EXAMPLE), str(workers)], capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{workers} workers, 1000 digests\nleft after 10, with 1 thread\n"
