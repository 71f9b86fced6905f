#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Do the programs of threads in the corpus notice what verify/steps has to find?

  notices.py REPLAY

REPLAY is the target threads without libFuzzer.  With each label of ../steps/mutants.tsv weakened one
string of the corpus must fail, and with none of them no string.  A string leads somewhere by the number
of steps that the library takes, so a change of the library can make it lead elsewhere.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, 'corpus', 'threads.hex')


def labels():
    with open(os.path.join(HERE, '../steps/mutants.tsv'), encoding='utf-8') as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith('#')]
    return [label for label, scenario in rows if scenario != '-']


def failing(replay, label):
    """The string that fails with it; None."""
    environment = {x: value for x, value in os.environ.items() if x != 'FUZZ_MUTANT'}
    if label:
        environment['FUZZ_MUTANT'] = label
    r = subprocess.run([replay, '-n', '0', CORPUS], env=environment, text=True, check=False,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
    said = [line.split()[1] for line in r.stdout.splitlines() if line.startswith('FAILED')]
    return said[0] if said else f'exit status {r.returncode}' if r.returncode else None


def main():
    replay = sys.argv[1]
    string = failing(replay, None)
    if string:
        print(f'FAILED  {string} fails with the library as it is')
        return 1
    missed = []
    for label in labels():
        string = failing(replay, label)
        print(f'ok      {label}: noticed by {string}' if string else f'FAILED  {label}: not noticed')
        missed += [] if string else [label]
    return 1 if missed else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
