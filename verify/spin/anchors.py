#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The steps of the models and the functions of the library name each other.

"spin: NAME" in a model (*.pml) names a C function whose step it is.  anchors.tsv says where that
function is, and a digest of its text as it was when the model was last compared with it.  Fails on
an anchor with no row, a row with no anchor, a function that is not there, and one whose text is
another now; and where the source does not point back: src/park and src/wait.c name, in a comment
"spin: NAME, NAME", those of their functions that are modelled, and no others, and docs/parking.md
names each model.

--accept writes the digests of today: only after the model was read beside the function.
"""
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLE = HERE / 'anchors.tsv'
ANCHOR = re.compile(r'\bspin: ([a-z][a-z0-9_]*)')
POINTING = ['src/park', 'src/wait.c']
LIST = re.compile(r'\bspin: ([a-z0-9_]+(?:, [a-z0-9_]+)*)')
HEAD = '# C function, its file, digest of its tokens when the models were last compared with it\n'


def anchors(paths):
    return {name for path in paths
            for name in ANCHOR.findall(path.read_text(encoding='utf-8'))}


def pointing():
    """(function, file) of all that the source says is modelled."""
    for name in POINTING:
        path = ROOT / name
        for file in path.rglob('*.[ch]') if path.is_dir() else [path]:
            for names in LIST.findall(file.read_text(encoding='utf-8')):
                yield from ((each, file.relative_to(ROOT).as_posix()) for each in names.split(', '))


def without_comments(text):
    return re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


def function(path, name):
    """The text of a definition: its head at the left margin, its body up to a brace there."""
    text = without_comments((ROOT / path).read_text(encoding='utf-8'))
    found = re.search(rf'^\w[^;{{}}]*?\b{name}\([^;{{]*\)\s*^{{.*?^}}', text, re.M | re.S)
    return found.group(0) if found else None


def digest(text):
    return hashlib.sha256(' '.join(text.split()).encode()).hexdigest()[:12]


def table():
    lines = TABLE.read_text(encoding='utf-8').splitlines() if TABLE.exists() else []
    rows = [line.split('\t') for line in lines if line[:1] not in ('', '#')]
    return {row[0]: row for row in rows}


def faults(rows):
    modelled = anchors(HERE.glob('*.pml'))
    for name in sorted(modelled ^ set(rows)):
        yield f'{name}: an anchor of a model or a row of anchors.tsv, not both'
    told = {(name, path) for name, path, _ in rows.values()
            if path.startswith(tuple(POINTING))}
    for name, path in sorted(told ^ set(pointing())):
        yield f'{name}: {path} and the models do not point at each other'
    text = (ROOT / 'docs/parking.md').read_text(encoding='utf-8')
    for path in sorted(HERE.glob('*.pml')):
        if 'init {' in path.read_text(encoding='utf-8') and path.name not in text:
            yield f'{path.name}: docs/parking.md does not name it'
    for name, path, known in rows.values():
        text = function(path, name)
        if text is None:
            yield f'{name}: not in {path}'
        elif digest(text) != known:
            yield f'{name}: {path} has changed; compare the model, then anchors.py --accept'


def accept(rows):
    lines = []
    for name in sorted(anchors(HERE.glob('*.pml'))):
        path = rows[name][1] if name in rows else where(name)
        lines.append(f'{name}\t{path}\t{digest(function(path, name) or "")}\n')
    TABLE.write_text(HEAD + ''.join(lines), encoding='utf-8')


def where(name):
    for path in sorted((ROOT / 'src').rglob('*.[ch]')):
        inside = path.relative_to(ROOT)
        if function(inside, name):
            return inside.as_posix()
    return '?'


def main():
    if sys.argv[1:] == ['--accept']:
        accept(table())
    rows = table()
    wrong = list(faults(rows))
    for line in wrong:
        print(f'FAILED  anchors: {line}')
    print(f'{"FAILED" if wrong else "ok":8}anchors: {len(rows)} functions of the library are modelled')
    return int(bool(wrong))


if __name__ == '__main__':
    sys.exit(main())
