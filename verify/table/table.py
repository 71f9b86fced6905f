# SPDX-License-Identifier: MIT
"""The table of docs/verification.md: made of the claims, what stands behind them, and what the
last runs said."""
import csv

from evidence import files_of, jobs_of
from sources import ROOT, labels, parts, rows, written

RESULTS = ROOT / "verify/table/results.tsv"
DOCUMENT = ROOT / "docs/verification.md"
BEGIN, END = "<!-- table: made by script/verify --record -->", "<!-- end of table -->"
COLUMNS = ["kind", "suite", "name", "result", "when", "seconds", "said"]


def recorded():
    """job: (result, when, what it said)."""
    found = {}
    for row in rows(RESULTS) if RESULTS.exists() else []:
        words = [row["kind"], row["suite"], row["name"]] if row["suite"] else [row["kind"], row["name"]]
        found[tuple(words)] = row
    return found


def record(results, today):
    """Put the results of a run beside those of runs before."""
    kept = recorded()
    for job, (verdict, seconds, said) in results.items():
        kept[job] = {"kind": job[0], "suite": job[1] if len(job) == 3 else "", "name": job[-1],
                     "result": verdict, "when": today, "seconds": f"{seconds:.0f}", "said": said}
    made = RESULTS.with_suffix(".new") # whole, or not at all
    with open(made, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE,
                             lineterminator="\n", quotechar=None)
        out.writeheader()
        out.writerows(kept[job] for job in sorted(kept))
    made.replace(RESULTS)


def summary(jobs, results):
    """The last cell of a row."""
    if not jobs:
        return ""
    got = [results.get(job) for job in jobs]
    bad = [" ".join(job[1:]) for job, row in zip(jobs, got) if row and row["result"] == "FAILED"]
    none = [" ".join(job[1:]) for job, row in zip(jobs, got) if not row]
    skipped = [" ".join(job[1:]) for job, row in zip(jobs, got) if row and row["result"] == "skipped"]
    if bad:
        return f"**failed**: {', '.join(bad)}"
    if len(none) == len(jobs):
        return "not run yet"
    when = min(row["when"] for row in got if row)
    text = f"held, {when}" if len(skipped) + len(none) < len(jobs) else f"skipped, {when}"
    for word, names in (("skipped", skipped), ("not run yet", none)):
        if names and len(names) < len(jobs):
            text += f"; {word}: {', '.join(names)}"
    return text


def cell(text):
    return text.replace("|", "\\|").replace("](#", "](memory-model.md#")


def behind(evidence):
    """The evidence of a row, for people: tests by file, then orderings and parts."""
    names = [name.strip() for name in evidence.split(",")]
    tests = [file for name in names if name not in parts() and name not in labels()
             for file in files_of(name)]
    rest = [f"`{name}`" for name in names if name in labels()]
    rest += [f"[{name}](../verify/{name})" for name in names if name in parts()]
    return ", ".join([*dict.fromkeys(tests), *rest])


def part_rows(results):
    for part, row in parts().items():
        got = results.get(("part", part))
        said = f"{got['result']}, {got['when']}: {got['said']}" if got else "not run yet"
        yield cell(row["claim"]), row["evidence"], part, cell(said)


def claim_rows(prefix, results):
    known = [job[1:] for job in results if job[0] == "test"]
    for key, row in written().items():
        if not key.startswith(prefix):
            continue
        if row["evidence"] == "text":
            yield cell(row["claim"]), "explains, or tells the caller what to do", "", ""
            continue
        jobs = jobs_of(row["evidence"], known) if known else []
        yield (cell(row["claim"]), behind(row["evidence"]), key,
               summary(jobs, results) if known else "not run yet")


def label_rows(results):
    models = {row[0]: row[1:] for row in plain_rows("tests/model/mutants.tsv")}
    edges = {row[0]: row[1:] for row in plain_rows("verify/genmc/edges.tsv")}
    for label, cells in labels().items():
        model, scenario, broken = models[label]
        how = f"Relacy, {model}, {scenario}: {broken.replace('|', ' or ')}"
        if label in edges and edges[label][0] != "-":
            how += f"; GenMC, {edges[label][0]}: {edges[label][2]}"
        yield (cell(f"`{label}`: {cells[0]}. Without it: {cells[2] or 'as above'}"), how, label,
               summary([("label", label)], results))


def plain_rows(path):
    """The lines of a table without a head."""
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


def render():
    results = recorded()
    yield "| claim | evidence | command | last result |"
    yield "|---|---|---|---|"
    for title, found in (
            ("The parts of the proof", part_rows(results)),
            ("[pushpull(7)](man/pushpull.7)", claim_rows("p7-", results)),
            ("[memory-model.md](memory-model.md), what it says", claim_rows("mm-", results)),
            ("[memory-model.md](memory-model.md), its edges", label_rows(results))):
        yield f"| **{title}** | | | |"
        for claim, evidence, command, result in found:
            shown = f"`script/verify {command}`" if command else ""
            yield f"| {claim} | {evidence} | {shown} | {result} |"


def write():
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = DOCUMENT.with_suffix(".new")
    made.write_text("\n".join([before + BEGIN, "", *render(), "", END + after]), encoding="utf-8")
    made.replace(DOCUMENT)


def differences():
    text = DOCUMENT.read_text(encoding="utf-8")
    have = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    if have != list(render()):
        yield "docs/verification.md: the table is not what verify/table makes: script/verify --record"
