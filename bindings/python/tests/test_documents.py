# SPDX-License-Identifier: MIT
"""The code in the documents runs, and so do the examples."""

import pathlib
import re
import subprocess
import sys

import pytest

import pushpull

TOP = pathlib.Path(__file__).parents[1]


def blocks():
    for document in ("README.md", "docs-queue.md"):
        text = (TOP / document).read_text(encoding="utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
            line = text.count("\n", 0, match.start(1))
            yield pytest.param("\n" * line + match[1], str(TOP / document), id=f"{document}:{line + 1}")


@pytest.mark.parametrize(("code", "document"), blocks())
def test_code_in_documents(code, document):
    if "import numpy" in code:
        pytest.importorskip("numpy")
    program = f"exec(compile({code!r}, {document!r}, 'exec'), {{'__name__': '__main__'}})"
    subprocess.run([sys.executable, "-P", "-X", "dev", "-c", program], check=True, timeout=100)


def test_the_readme_names_everything():
    text = (TOP / "README.md").read_text(encoding="utf-8") + (TOP / "docs-queue.md").read_text(encoding="utf-8")
    for name in pushpull.__all__:
        thing = getattr(pushpull, name)
        if name in ("Case", "End", "Error", "Stats", "library_version"):
            continue  # not called by their name
        assert f"{name}" in text, name
        for attribute in () if not isinstance(thing, type) or not issubclass(thing, pushpull.End) else dir(thing):
            if not attribute.startswith("_"):
                assert re.search(rf"\b{attribute}\b", text), f"{name}.{attribute}"


def test_c_producer():
    pytest.importorskip("numpy")
    consumer = TOP / "examples" / "c_producer" / "consumer.py"
    ran = subprocess.run(
        [sys.executable, "-P", "-X", "dev", consumer, "100000"], check=True, capture_output=True, text=True, timeout=100
    )
    assert ran.stdout == (
        "opened in C: 100000 ticks, average 100.750\n"
        "opened in Python: 100000 ticks, average 100.750\n"
    )  # fmt: skip
