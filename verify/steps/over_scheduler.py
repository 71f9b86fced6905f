# SPDX-License-Identifier: MIT
"""How the library's sources are compiled for the scheduler of this folder.  verify/fuzz and
verify/mutate do it, too."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
# In their place: seam.h and kernel.c.
REPLACED = {'fence.c', 'futex.c', 'nap.c', 'pollable.c', 'spin.c'}
# Of this folder, what verify/fuzz uses too.
SHARED = ['calls', 'kernel', 'ledger', 'sched', 'settle', 'several']
FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-w', '-U_FORTIFY_SOURCE', '-DPP_TEST_HOOKS',
         '-DPP_MODEL="seam.h"', '-DMPMC_LOOKS=2', '-DMARK_LOOKS=2', '-DWATCH_SPINS=2',
         '-DEC_LEFT=1', '-I' + HERE, '-include', 'seam.h']


class Failure(Exception):
    """It could not be run."""


def sources(tree):
    """The files of the library, the parts that are replaced left out."""
    with open(os.path.join(tree, 'src/meson.build'), encoding='utf-8') as f:
        names = re.findall(r"^  '([a-z/]+\.c)',$", f.read(), re.M)
    if len(names) < 10:
        raise Failure('src/meson.build does not name the sources as it did')
    names = [name for name in names if os.path.basename(name) not in REPLACED]
    return [os.path.join(tree, 'src', name) for name in names + ['base/hooks.c']]
