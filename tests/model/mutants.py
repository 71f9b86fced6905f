#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Weaken every labelled ordering, fence, re-check and wake of the library, one at a time,
and see a model report it.

The labels are those of the source; mutants.tsv says for each which model and scenario
must break and as what (a|b: as either, whichever a search meets first); a row LABEL/WHERE
names another scenario that needs the label too.  Fails on a label
without a row, a row without a label, a mutant whose preprocessed text is the original's, one that no execution reports, one that breaks
as something else, and on a table in docs/memory-model.md with other labels than the source.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIMIT = [sys.executable, os.path.join(ROOT, 'tests', 'limit.py'), '300']
FLAGS = ['-std=gnu++11', '-O0', '-w', '-fpermissive', '-pthread', '-D_GNU_SOURCE']
CALL = re.compile(r'\b(?:pp_[a-z_]+|PP_SWITCH|PP_ORDER|PP_FAST_(?!WORD)[A-Z_]+)\(([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*,|'
                  r'\b(?:pp_full_fence|PP_FAST_LIGHT)\(([A-Z][A-Z0-9_]+)\)')


class Failure(Exception):
    pass


def source_labels():
    paths = [os.path.join(ROOT, 'include', 'pushpull', 'fast.h'),
             os.path.join(ROOT, 'bindings', 'python', 'pushpull', '_ffi_use.h')]
    for folder, _, names in os.walk(os.path.join(ROOT, 'src')):
        paths += [os.path.join(folder, name) for name in names if name.endswith(('.c', '.h'))]
    labels = set()
    for path in paths:
        if path.endswith('base/atomic.h'):
            continue
        with open(path, encoding='utf-8') as f:
            for found in CALL.finditer(f.read()):
                labels.add(found.group(1) or found.group(2))
    return labels


def label_of(name):
    """Of a row LABEL or LABEL/WHERE."""
    return name.partition('/')[0]


def table_rows():
    rows = {}
    with open(os.path.join(HERE, 'mutants.tsv'), encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            if line.startswith('#') or not line.strip():
                continue
            fields = line.rstrip('\n').split('\t')
            if len(fields) != 4:
                raise Failure(f'mutants.tsv:{number}: not label, model, scenario, property')
            if fields[0] in rows:
                raise Failure(f'mutants.tsv:{number}: {fields[0]} twice')
            if label_of(fields[0]) not in rows and label_of(fields[0]) != fields[0]:
                raise Failure(f'mutants.tsv:{number}: {fields[0]} before {label_of(fields[0])}')
            rows[fields[0]] = fields[1:]
    return rows


def document_labels():
    with open(os.path.join(ROOT, 'docs', 'memory-model.md'), encoding='utf-8') as f:
        return re.findall(r'^\| `([A-Z][A-Z0-9_]+)` \|', f.read(), re.M)


def check_lists(labels, rows):
    complaints = [f'{label}: no row in mutants.tsv' for label in sorted(labels - set(rows))]
    complaints += [f'{label}: in mutants.tsv, not in the source'
                   for label in sorted({label_of(name) for name in rows} - labels)]
    told = document_labels()
    complaints += [f'{label}: not in docs/memory-model.md' for label in sorted(labels - set(told))]
    complaints += [f'{label}: in docs/memory-model.md, not in the source'
                   for label in sorted(set(told) - labels)]
    complaints += [f'{label}: twice in docs/memory-model.md'
                   for label in sorted({x for x in told if told.count(x) > 1})]
    return complaints


class Builder:
    """Preprocesses and compiles models; `programs` are those that hold every mutant."""

    def __init__(self, args):
        self.compiler = args.compiler.split()
        self.folder = args.build
        self.apart = args.apart
        self.executions = args.executions
        self.programs = dict(x.split('=', 1) for x in args.program)
        os.makedirs(self.folder, exist_ok=True)
        self.include = ['-I' + self.folder, '-I' + HERE, '-I' + os.path.join(ROOT, 'src'),
                        '-I' + os.path.join(ROOT, 'include')]
        # Precompiled, Relacy's text is one line in what is compared.
        self.call(FLAGS + ['-x', 'c++-header', os.path.join(HERE, 'relacy_pre.hpp'), '-o',
                           os.path.join(self.folder, 'relacy_pre.hpp.gch')])

    def call(self, arguments):
        r = subprocess.run(self.compiler + arguments, capture_output=True, text=True)
        if r.returncode:
            raise Failure('does not compile: ' + ' '.join(r.stderr.split('\n')[:3]))

    def preprocess(self, model, label, to):
        mutant = [f'-DPP_MUTANT_{label}=~,'] if label else []
        self.call(FLAGS + mutant + self.include +
                  ['-DPP_MODEL="relacy_seam.hpp"', '-include', 'relacy_pre.hpp',
                   '-E', '-P', '-fpch-preprocess', os.path.join(HERE, model + '.cpp'), '-o', to])
        with open(to, encoding='utf-8') as f:
            return f.read()

    def original(self, model):
        return self.preprocess(model, None, os.path.join(self.folder, f'original-{model}.ii'))

    def command(self, model, label, original):
        """What runs this mutant, whose text is not the original's."""
        text = os.path.join(self.folder, f'{model}-{label}.ii')
        if self.preprocess(model, label, text) == original:
            raise Failure('the same text as the original')
        if self.apart:
            program = os.path.join(self.folder, f'{model}-{label}')
            self.call(FLAGS + ['-fpreprocessed', text, '-o', program])
            run = [program]
        else:
            run = [self.programs[model], '--mutant', label]
        os.remove(text)
        return run + ['--executions', str(self.executions)]


def try_mutant(builder, name, row, original):
    """One line to print, and whether all is well."""
    model, scenario, wanted = row
    try:
        command = builder.command(model, label_of(name), original)
        r = subprocess.run(LIMIT + command + [scenario], capture_output=True, text=True)
    except Failure as e:
        return f'{name}: {e}', False
    found = re.search(r': BROKEN (.*) \(execution (\d+)\)', r.stdout)
    if not found:
        why = 'not reported' if r.returncode in (0, 1) else f'status {r.returncode}'
        return f'{name}: {why} by {scenario}: {r.stdout}{r.stderr}'.rstrip(), False
    if found.group(1) not in wanted.split('|'):
        return f'{name}: {scenario} says "{found.group(1)}", not "{wanted}"', False
    return f'{name}: {found.group(1)}, by {scenario}, execution {found.group(2)}', True


def try_all(args, labels, rows):
    wanted = set(args.label) or labels
    chosen = [name for name in sorted(rows) if label_of(name) in wanted & labels]
    builder = Builder(args)
    originals = {model: builder.original(model) for model in {rows[x][0] for x in chosen}}
    reported = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for line, well in pool.map(
                lambda x: try_mutant(builder, x, rows[x], originals[rows[x][0]]), chosen):
            print(line, flush=True)
            reported += well
    return len(chosen), reported


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', default='.', help='folder for what is built')
    parser.add_argument('--compiler', default='g++', help='C++ compiler (g++)')
    parser.add_argument('--program', action='append', default=[], metavar='MODEL=PATH',
                        help='a model built with MODEL_MUTANTS')
    parser.add_argument('--apart', action='store_true',
                        help='build each mutant by itself, from its own text')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--executions', type=int, default=300000,
                        help='at most, for each mutant')
    parser.add_argument('--lists', action='store_true', help='compare the lists only')
    parser.add_argument('label', nargs='*', help='only these')
    args = parser.parse_args()
    began = time.monotonic()

    labels, rows = source_labels(), table_rows()
    complaints = check_lists(labels, rows)
    for complaint in complaints:
        print(complaint)
    tried, reported = (0, 0) if args.lists else try_all(args, labels, rows)
    print(f'{len(labels)} labels, {tried} mutants tried, {reported} reported as named, '
          f'{tried - reported} not, {len(complaints)} complaints about the lists, '
          f'{time.monotonic() - began:.0f} s')
    return 0 if reported == tried and not complaints else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except Failure as e:
        sys.exit(f'mutants: {e}')
