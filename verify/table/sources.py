# SPDX-License-Identifier: MIT
"""The claims that docs/verification.md has to have: each sentence of pushpull(7), each
paragraph of docs/memory-model.md, and each label there."""
import csv
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/man/pushpull.7"
MODEL = ROOT / "docs/memory-model.md"
# The page's sections, as the ids of their sentences have them.
SECTIONS = {
    "": "idea", "Kinds and capacities": "kinds", "Structures": "structures",
    "Resources": "resources", "Who may run at the same time": "together", "Results": "results",
    "Try, wait, wait until": "forms", "Order and memory": "order",
    "Nobody sleeps on work": "sleep", "Batches": "batches",
    "Capacity 0: rendezvous": "rendezvous", "Ending": "ending",
    "What becomes of an item": "items", "Looking at a ring": "looking",
    "Choosing among several": "select", "Waiting in an event loop": "loop",
    "Waiting without a thread": "async", "Working in place": "inplace"}


def rows(path):
    """The lines of a table with a head, as dictionaries."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def plain(text):
    """mandoc's Markdown without its marks."""
    text = re.sub(r"^\s*>\s?|^\* ", "", text, flags=re.M).replace("\n", " ")
    text = re.sub(r"(?<!\\)[*`]", "", text).replace("\\", "").replace("&#160;", " ")
    return re.sub(r"\s+", " ", text).strip()


def sentences(text):
    return re.split(r"(?<=\.)\s+(?=[A-Z0-9]|drop is |pp_\w+\(3\) writes)", text)


def page_claims():
    """(id, sentence) of pushpull(7), from DESCRIPTION to EXAMPLES."""
    text = subprocess.run(["mandoc", "-T", "markdown", str(PAGE)], check=True,
                          capture_output=True, text=True).stdout
    body = text[text.index("# DESCRIPTION") + 13:text.index("# EXAMPLES")]
    section, tag, number = SECTIONS[""], "", 0
    for part in re.split(r"\n\s*\n", body):
        if part.startswith("## "):
            section, tag, number = SECTIONS[part[3:].strip()], "", 0
            continue
        said = "the table" if part.startswith("\t") else plain(part)
        if section == "results" and re.fullmatch(r"0|-E[A-Z]+", said):
            tag = said + ": "
            continue
        if not part.lstrip().startswith(">"):
            tag = ""
        for sentence in filter(None, sentences(said)):
            number += 1
            yield f"p7-{section}-{number}", tag + sentence


def model_claims():
    """(id, text) of each paragraph and list item of docs/memory-model.md."""
    number = 0
    for part in re.split(r"\n\s*\n", MODEL.read_text(encoding="utf-8")):
        if part.lstrip().startswith(("|", "#")):
            continue
        for item in re.split(r"\n(?=- )", part):
            number += 1
            yield f"mm-{number}", re.sub(r"\s+", " ", re.sub(r"^- ", "", item.strip())).strip()


def labels():
    """label: the other cells of its row in docs/memory-model.md."""
    form = r"^\| `([A-Z][A-Z0-9_]+)` \|(.*)\|$"
    return {label: [cell.strip() for cell in cells.split("|")]
            for label, cells in re.findall(form, MODEL.read_text(encoding="utf-8"), re.M)}


def written():
    """id: row of claims.tsv."""
    return {row["id"]: row for row in rows(ROOT / "verify/table/claims.tsv")}


def parts():
    """part: row of parts.tsv, in its order."""
    return {row["part"]: row for row in rows(ROOT / "verify/table/parts.tsv")}


def differences():
    """What claims.tsv lacks or has too much, a line of text each."""
    want, have = dict([*page_claims(), *model_claims()]), written()
    for key, text in want.items():
        if key not in have:
            yield f"{key} has no row: {text}"
        elif have[key]["claim"] != text:
            yield f"{key} says otherwise now: {text}"
    for key in have:
        if key not in want:
            yield f"{key} is a claim of neither document any more"
