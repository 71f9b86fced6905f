#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Add up meson's test logs: failures by name, skips with their reasons, one last line."""
import json
import os
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def reason_of(entry):
    """The last line that a skipped test printed is its reason."""
    text = ((entry.get("stdout") or "") + (entry.get("stderr") or "")).strip()
    return text.splitlines()[-1] if text else "no reason given"


def main(paths):
    passed = failed = skipped = 0
    for path in paths:
        build = os.path.basename(path).split(".")[0]
        with open(path, encoding="utf-8") as log:
            entries = [json.loads(line) for line in log if line.strip()]
        for entry in entries:
            if entry["result"] in PASSED:
                passed += 1
            elif entry["result"] == "SKIP":
                skipped += 1
                print(f"skipped: {build}: {entry['name']}: {reason_of(entry)}")
            else:
                failed += 1
                print(f"failed: {build}: {entry['name']}: {entry['result']}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
