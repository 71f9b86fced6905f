# SPDX-License-Identifier: MIT
"""A copy of the library's sources that mutants are put into, and the programs that try them."""
import filecmp
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CFLAGS = ['-std=c11', '-D_GNU_SOURCE', '-w', '-pthread']
# Every name visible, and the test hooks, so that one build is for all tests.  What is undefined ends
# the program.  -O0 compiles fastest.
HOOKED = ['-O0', '-fPIC', '-DPP_TEST_HOOKS', '-fsanitize-undefined-trap-on-error', '-fsanitize='
          'bounds,object-size,shift,signed-integer-overflow,integer-divide-by-zero']
SHIPPED = ['-O2', '-fPIC', '-fvisibility=hidden']
UNIT = ['support', 'ending', 'selecting', 'streams', 'async_ops', 'stepping', 'breakpoint']
SUPPORT = {
    'unit': UNIT + ['../stacks'],
    'case': ['../../../tests/stacks'] + ['../../../tests/unit/' + x for x in UNIT],
    'stall': ['stall', '../stress/support', '../stacks'],
    'stress': ['attempt', 'harness', 'layout', 'ledger', 'round', 'several', 'several_async',
               'slots', 'worker', 'support', '../stacks'],
    'fuzz': ['fuzz', 'model', 'replay', 'rig', 'rig_async', 'rig_items', 'rig_place', 'rig_steps'],
    'coverage': [],
}
FOLDER = {'unit': 'tests/unit', 'stall': 'tests/stall', 'stress': 'tests/stress',
          'case': 'verify/mutate/cases', 'fuzz': 'verify/fuzz', 'coverage': 'verify/coverage',
          'steps': 'verify/steps', 'model': 'tests/model'}
STEPS_FOLDER = os.path.join(ROOT, FOLDER['steps'])
sys.path.insert(0, STEPS_FOLDER)
import over_scheduler  # pylint: disable=wrong-import-position

# Criterion's part, without a new program for each case.
RUNNER = os.path.join(ROOT, 'verify', 'machines', 'runner')
FAILED_CASE = re.compile(r'^FAILED\s+(\S+)', re.M)
FUZZ_STRINGS = '2000' # besides the corpus
FEW = 4 # sources are compiled one by one
MODEL = ['g++', '-std=gnu++11', '-O1', '-w', '-fpermissive', '-pthread', '-D_GNU_SOURCE',
         '-DPP_MODEL="relacy_seam.hpp"']
BROKEN = re.compile(r'(\S+): BROKEN (.*?) \(')
MODEL_LIMIT_S = 400
SLACK_S, TIMES = 2.0, 3 # a program may take so many times what it takes as a rule, and a little


class DoesNotCompile(Exception):
    pass


def run_all(commands, parallel=2):
    """Compile a few at a time."""
    waiting, running, failed = list(commands), [], False
    while waiting or running:
        while waiting and len(running) < parallel and not failed:
            running.append(subprocess.Popen(waiting.pop(0), stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL))
        failed |= running.pop(0).wait() != 0
        if failed:
            waiting = []
    if failed:
        raise DoesNotCompile


class Library:
    """The shared library, of the sources in the tree, with the test hooks."""

    name, file, flags, left_out = 'library', 'libpushpull.so.0', HOOKED, ()

    def __init__(self, build):
        self.folder = os.path.join(build, self.name)
        self.tree = os.path.join(build, 'tree')
        self.path = os.path.join(self.folder, self.file)
        self.ready, self.grouped = False, []
        self.differs = False # the mutant's code from the original's

    def sources(self):
        found = glob.glob(os.path.join(ROOT, 'src', '**', '*.c'), recursive=True)
        return sorted(os.path.relpath(path, ROOT) for path in found
                      if os.path.basename(path) not in self.left_out)

    def object_of(self, source, where='original'):
        return os.path.join(self.folder, where, source.replace('/', '-')[:-2] + '.o')

    def compiler(self, source, where, more=()):
        """A source, or a group of them."""
        tree = self.tree if 'mutant' in where else ROOT
        path = source if os.path.isabs(source) else os.path.join(tree, source)
        flags = CFLAGS + (SHIPPED if 'shipped' in where else self.flags) + list(more)
        return ['gcc', *flags, f'-fmacro-prefix-map={self.tree}={ROOT}',
                '-I' + os.path.join(tree, 'include'), '-I' + os.path.join(tree, 'src'), '-c', path,
                '-o', self.object_of(os.path.basename(path) if path == source else source, where)]

    def prepare(self):
        if self.ready:
            return
        for where in ('original', 'mutant', 'shipped', 'shipped-mutant'):
            os.makedirs(os.path.join(self.folder, where), exist_ok=True)
        run_all([self.compiler(x, 'original') for x in self.sources()
                 if not os.path.exists(self.object_of(x))])
        self.ready = True

    def link(self, instead):
        self.link_objects([instead.get(x, self.object_of(x)) for x in self.sources()])

    def original(self):
        """The library as it is, apart from the mutant's."""
        self.prepare()
        path = os.path.join(self.folder, 'original', self.file)
        if not os.path.exists(path):
            self.link_objects([self.object_of(x) for x in self.sources()], path)
        return path

    def link_objects(self, objects, path=None):
        run_all([['gcc', '-shared', '-pthread', '-Wl,-soname,' + self.file, *objects,
                  '-o', path or self.path]])

    def take(self, users):
        """Build with what the tree has now.  Self.differs: is it other machine code?"""
        self.prepare()
        sources = [x for x in users if x in self.sources()]
        self.differs = self.take_groups() if len(sources) > FEW else self.take_few(sources)

    def take_few(self, sources):
        run_all([self.compiler(x, 'mutant') for x in sources])
        changed = {x: self.object_of(x, 'mutant') for x in sources
                   if not filecmp.cmp(self.object_of(x), self.object_of(x, 'mutant'), False)}
        if changed:
            self.link(changed)
        return bool(changed)

    def take_groups(self):
        """Several sources as one text: their headers are read once."""
        groups = self.groups()
        names = [os.path.basename(x) for x in groups]
        run_all([self.compiler(x, 'original') for x in groups
                 if not os.path.exists(self.object_of(os.path.basename(x)))])
        run_all([self.compiler(x, 'mutant') for x in groups])
        changed = [x for x in names
                   if not filecmp.cmp(self.object_of(x), self.object_of(x, 'mutant'), False)]
        if changed:
            self.link_objects([self.object_of(x, 'mutant') for x in names])
        return bool(changed)

    def groups(self):
        """Files that include sources whose names do not clash."""
        if not self.grouped:
            known = os.path.join(self.folder, 'grouped')
            self.grouped = sorted(glob.glob(os.path.join(self.folder, 'group*.c')))
            if not os.path.exists(known):
                self.grouped = list(self.make_groups())
                with open(known, 'w', encoding='utf-8'):
                    pass
        return self.grouped

    def make_groups(self):
        left = self.sources()
        while left:
            path = os.path.join(self.folder, f'group{len(left)}.c')
            taken = self.fill(path, left)
            left = [x for x in left if x not in taken]
            yield path

    def fill(self, path, sources):
        taken = []
        for source in sources:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(''.join(f'#include "{x[len("src/"):]}"\n' for x in taken + [source]))
            try:
                run_all([self.compiler(path, 'original', ['-fsyntax-only'])])
                taken.append(source)
            except DoesNotCompile:
                pass
        with open(path, 'w', encoding='utf-8') as f:
            f.write(''.join(f'#include "{x[len("src/"):]}"\n' for x in taken))
        return taken


class Steps(Library):
    """The library over the scheduler of verify/steps: a program."""

    name, file = 'steps', 'steps'
    flags, left_out = ['-O0', *over_scheduler.FLAGS], over_scheduler.REPLACED

    @staticmethod
    def own_sources():
        return sorted(glob.glob(os.path.join(STEPS_FOLDER, '*.c')))

    def prepare(self):
        if not self.ready:
            super().prepare()
            sources = self.own_sources()
            self.own = [self.object_of(os.path.basename(x)) for x in sources]
            run_all([self.compiler(x, 'original') for x, o in zip(sources, self.own)
                     if not os.path.exists(o)])

    def take(self, users):
        """What does not compile over the scheduler is tried without it."""
        try:
            super().take(users)
        except DoesNotCompile:
            self.differs = False

    def link_objects(self, objects, path=None):
        run_all([['gcc', *self.own, *objects, '-o', path or self.path]])


class Threads(Steps):
    """The programs of verify/fuzz, over the same."""

    name = file = 'threads'

    @staticmethod
    def own_sources():
        return ([os.path.join(STEPS_FOLDER, x + '.c') for x in over_scheduler.SHARED] +
                [os.path.join(ROOT, FOLDER['fuzz'], x + '.c') for x in ('fuzz', 'replay', 'threads')])


class Scheduled:
    """A test that is a program with the library in it: a search of verify/steps,
    steps/SCHEDULES-AT_RANDOM, or fuzz/threads."""

    def __init__(self, name, build):
        kind, rest = name.split('/')
        if kind == 'steps':
            limit, at_random = rest.split('-')
            self.arguments = ['--limit', limit, '--random', at_random, '--failures', '1',
                              '--patience', '2']
        else:
            self.arguments = strings_of(rest)
        self.name, self.usual_s = name, None
        self.path = build.original()

    def measure(self):
        """False: it does not hold for the library as it is."""
        began = time.monotonic()
        if self.run(self.path, 600):
            return False
        self.usual_s = time.monotonic() - began
        return True

    def run(self, path, limit_s):
        try:
            r = subprocess.run([path] + self.arguments, capture_output=True, timeout=limit_s,
                               cwd=os.path.dirname(path), check=False)
        except subprocess.TimeoutExpired:
            return f'{self.name} (hangs)'
        found = FAILED_CASE.search((r.stdout + r.stderr).decode('utf-8', 'replace'))
        hangs = ' (hangs)' if b'signal 14' in r.stdout else ''
        if found:
            return f'{self.name} {found.group(1)}{hangs}'
        return self.name if r.returncode else None

    def limit_s(self):
        return 10 * SLACK_S + TIMES * self.usual_s


def strings_of(target):
    return ['-n', FUZZ_STRINGS, os.path.join(ROOT, FOLDER['fuzz'], 'corpus', target + '.hex')]


class Program:
    """One of the tests: KIND/NAME, KIND/NAME-without-marks."""

    def __init__(self, build, name):
        self.name, self.build = name, build
        self.kind, rest = name.split('/')
        self.environment = dict(os.environ, STRESS_SECONDS='1', RUNNER_FIRST='1')
        if rest.endswith('-without-marks'):
            rest = rest[:-len('-without-marks')]
            self.environment['STALL_WITHOUT_MARKS'] = '1'
        self.source, self.usual_s = rest, None
        self.path = os.path.join(build, 'programs', f'{self.kind}-{rest}')
        self.arguments = []
        if self.kind == 'fuzz':
            self.arguments = strings_of(rest)

    def make(self, library, include):
        folder = os.path.join(ROOT, FOLDER[self.kind])
        common = [os.path.join(folder, x + '.c') for x in SUPPORT[self.kind]]
        objects = [os.path.join(self.build, 'programs', f'{self.kind}-{i}-support.o')
                   for i in range(len(common))]
        cases = 'unit' if self.kind in ('unit', 'case') else 'stress'
        flags = CFLAGS + ['-O1', '-fno-builtin', '-DPP_TEST_HOOKS'] + include
        flags += ['-I' + RUNNER, '-I' + os.path.join(ROOT, 'tests', cases)]
        run_all([['gcc', *flags, '-c', c, '-o', o] for c, o in zip(common, objects)
                 if not self.is_newer(o)])
        run_all([['gcc', *flags, os.path.join(folder, self.source + '.c'), *objects, library,
                  '-o', self.path]])

    def made_of(self):
        folder = os.path.join(ROOT, FOLDER[self.kind])
        headers = [glob.glob(os.path.join(ROOT, x, '**', '*.h'), recursive=True)
                   for x in ('include', 'src', 'tests', FOLDER[self.kind])]
        return ([os.path.join(folder, x + '.c') for x in [self.source] + SUPPORT[self.kind]] +
                sum(headers, []))

    def is_newer(self, made):
        return (os.path.exists(made) and
                os.path.getmtime(made) > max(map(os.path.getmtime, self.made_of())))

    def is_new(self):
        return self.is_newer(self.path)

    def run(self, library, limit_s):
        """None: passed.  Else what failed."""
        command = [self.path] + self.arguments
        environment = dict(self.environment, LD_LIBRARY_PATH=os.path.dirname(library),
                           RUNNER_SECONDS=f'{limit_s:.0f}')
        folder = os.path.dirname(library)
        log = os.path.join(folder, 'log')
        with open(log, 'wb') as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=environment,
                                       start_new_session=True, cwd=folder)
            try:
                status = process.wait(limit_s + self.slack_s())
            except subprocess.TimeoutExpired:
                status = None
            end_session(process)
        if status == 0:
            return None
        with open(log, encoding='utf-8', errors='replace') as f:
            text = f.read()
        case = FAILED_CASE.search(text)
        hangs = ' (hangs)' if status is None or 'takes longer than' in text else ''
        return f'{self.name} {case.group(1) if case else ""}'.rstrip() + hangs

    def measure(self, library):
        """How long it takes on the library as it is.  False: it does not pass."""
        began = time.monotonic()
        if self.run(library, 150):
            return False
        self.usual_s = time.monotonic() - began
        return True

    def limit_s(self):
        """Of a case."""
        return SLACK_S + TIMES * self.usual_s

    def slack_s(self):
        """What the other cases may take as well."""
        return (self.usual_s or 0) + (SLACK_S if self.kind in ('unit', 'case') else 0)


def end_session(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def stamp():
    """Changes with the library's sources."""
    digest = hashlib.sha1()
    for folder in ('src', 'include'):
        for path in sorted(glob.glob(os.path.join(ROOT, folder, '**', '*.[ch]'), recursive=True)):
            with open(path, 'rb') as f:
                digest.update(path[len(ROOT):].encode() + f.read())
    return digest.hexdigest()[:12]


class Programs:
    """The tests, each built and measured against the library as it is when first asked for."""

    def __init__(self, build):
        self.build = build
        self.lock = threading.Lock()
        self.known, self.failing = {}, set()
        os.makedirs(os.path.join(build, 'programs'), exist_ok=True)

    def get(self, name, shop):
        with self.lock:
            if name not in self.known:
                self.known[name] = self.made(name, shop)
            return None if name in self.failing else self.known[name]

    def made(self, name, shop):
        if name.startswith('steps/') or name == 'fuzz/threads':
            program = Scheduled(name, shop.build_for(name))
            if not program.measure():
                self.failing.add(name)
            return program
        program = Program(self.build, name)
        time_path = program.path + ('-marks' if 'without' in name else '') + '.time'
        if program.is_new() and os.path.exists(time_path):
            with open(time_path, encoding='utf-8') as f:
                program.usual_s = float(f.read())
            return program
        original = shop.library.original()
        try:
            program.make(original, shop.include)
        except DoesNotCompile:
            self.failing.add(name)
            return program
        if program.measure(original) or program.measure(original):
            with open(time_path, 'w', encoding='utf-8') as f:
                f.write(str(program.usual_s))
        else:
            self.failing.add(name)
        return program


class Workshop:
    """A copy of the sources, and what is built of it."""

    include = ['-I' + os.path.join(ROOT, x) for x in ('include', 'src')]

    def __init__(self, build, programs):
        self.build = os.path.abspath(build)
        self.tree = os.path.join(self.build, 'tree')
        self.programs = programs
        self.begin()
        self.library, self.steps = Library(self.build), Steps(self.build)
        self.threads = Threads(self.build)
        self.library.prepare()
        self.users = self.find_users()

    def begin(self):
        """What an earlier call built is good as long as the sources are the same."""
        path = os.path.join(self.build, 'stamp')
        known = ''
        if os.path.exists(path):
            with open(path, encoding='utf-8') as f:
                known = f.read()
        if known != stamp():
            shutil.rmtree(self.build, ignore_errors=True)
        os.makedirs(self.build, exist_ok=True)
        for folder in ('src', 'include'):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(self.tree, folder),
                            dirs_exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(stamp())

    def find_users(self):
        """For each file, the sources that read it."""
        users = {}
        for source in self.library.sources():
            text = subprocess.run(['gcc', *CFLAGS, *self.include, '-MM',
                                   os.path.join(ROOT, source)],
                                  capture_output=True, text=True, check=True).stdout
            for path in text.replace('\\\n', ' ').split()[1:]:
                users.setdefault(os.path.relpath(os.path.normpath(path), ROOT), []).append(source)
        return users

    def program(self, name):
        return self.programs.get(name, self)

    def build_for(self, name):
        if name == 'fuzz/threads':
            return self.threads
        return self.steps if name.startswith('steps/') else self.library

    def read(self, path):
        with open(os.path.join(self.tree, path), encoding='utf-8') as f:
            return f.read()

    def write(self, path, text):
        with open(os.path.join(self.tree, path), 'w', encoding='utf-8') as f:
            f.write(text)

    def model(self, name, path):
        """A model program, built of what the tree has now, reports this; None: nothing, or the file
        is not in it, or is no C++ any more."""
        folder = os.path.join(ROOT, 'tests', 'model')
        source = os.path.join(folder, name.split('/')[1] + '.cpp')
        program = os.path.join(self.build, name.replace('/', '-'))
        command = MODEL + ['-I' + os.path.join(self.tree, x) for x in ('include', 'src')]
        command += ['-I' + folder, source]
        told = subprocess.run(command + ['-MM'], capture_output=True, text=True, check=False)
        if os.path.join(self.tree, path) not in told.stdout:
            return None
        try:
            run_all([command + ['-o', program]])
        except DoesNotCompile:
            return None
        limit = [sys.executable, os.path.join(ROOT, 'tests', 'limit.py'), str(MODEL_LIMIT_S)]
        r = subprocess.run(limit + [program], capture_output=True, text=True, check=False)
        found = BROKEN.search(r.stdout)
        if found:
            return f'{name} {found.group(1)}: {found.group(2)}'
        return name if r.returncode else None

    def same_when_optimized(self, path):
        """Is the machine code that ships the original's?  The tree has the mutant now."""
        sources = [x for x in self.users[path] if not x.endswith('base/hooks.c')]
        lib = self.library
        missing = [x for x in sources if not os.path.exists(lib.object_of(x, 'shipped'))]
        run_all([lib.compiler(x, 'shipped') for x in missing] +
                [lib.compiler(x, 'shipped-mutant') for x in sources])
        return all(filecmp.cmp(lib.object_of(x, 'shipped'), lib.object_of(x, 'shipped-mutant'),
                               False) for x in sources)
