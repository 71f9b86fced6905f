#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run `deadlock`, send it SIGQUIT, and expect its dump to say who waits for what."""

import re
import signal
import subprocess
import sys
import threading
import time

# Per hang: for each ring the parts of its line, in any order.
EXPECTED = {
    "circle": {
        "requests": [r"\b4/4\b", r"pushers?[_ ]?\w*[=: ]1\b"],
        "replies": [r"\b4/4\b", r"pushers?[_ ]?\w*[=: ]1\b"],
    },
    "nobody-pulls": {"forgotten-consumer": [r"\b4/4\b", r"pushers?[_ ]?\w*[=: ]1\b"]},
    "nobody-closes": {"forgotten-close": [r"\b0/4\b", r"pullers?[_ ]?\w*[=: ]1\b"]},
}
LIMIT_S = 20


def matches(lines, expected):
    return all(any(name in line and all(re.search(part, line) for part in parts)
                   for line in lines)
               for name, parts in expected.items())


def collect(process, lines):
    for line in process.stderr:
        lines.append(line)


def main():
    program, hang = sys.argv[1:]
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
