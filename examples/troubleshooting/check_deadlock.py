#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_deadlock.py PROGRAM HANG DOCUMENT

Run `deadlock`, send it SIGQUIT, and expect its dump to say who waits for what, in the words
that the document shows.
"""

import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

# Per hang, what the dump has to say.
EXPECTED = {
    "circle": [
        r"ring requests spsc depth 4 of 4 .* pushers asleep 1 pullers asleep 0 open",
        r"ring replies spsc depth 4 of 4 .* pushers asleep 1 pullers asleep 0 open",
    ],
    "nobody-pulls": [
        r"ring forgotten-consumer spsc depth 4 of 4 .* pushers asleep 1 pullers asleep 0 open",
    ],
    "nobody-closes": [
        r"ring forgotten-close spsc depth 0 of 4 pushed 1 pulled 1 pushers asleep 0 "
        r"pullers asleep 1 open",
    ],
}
LIMIT_S = 20


def matches(lines, expected):
    return all(any(re.fullmatch(pattern, line.rstrip("\n")) for line in lines)
               for pattern in expected)


def collect(process, lines):
    for line in process.stderr:
        lines.append(line)


def main():
    program, hang, document = sys.argv[1:]
    shown = [line.strip() for line in pathlib.Path(document).read_text(encoding="utf-8").split("\n")]
    if not matches(shown, EXPECTED[hang]):
        sys.exit(f"{document} does not show the dump of {hang}")
    lines = []
    with subprocess.Popen([program, hang], stderr=subprocess.PIPE, text=True) as process:
        try:
            # Its first line says that the handler is installed.
            print(process.stderr.readline(), end="")
            collector = threading.Thread(target=collect, args=(process, lines), daemon=True)
            collector.start()
            end = time.monotonic() + LIMIT_S
            while not matches(lines[:], EXPECTED[hang]):
                if time.monotonic() > end:
                    sys.exit("the dump never said it; the last of it:\n" + "".join(lines[-4:]))
                if process.poll() is not None:
                    sys.exit(f"it ended by itself, with {process.returncode}")
                process.send_signal(signal.SIGQUIT)
                time.sleep(0.1)
            print("".join(lines[-len(EXPECTED[hang]):]), end="")
        finally:
            process.kill()


if __name__ == "__main__":
    main()
