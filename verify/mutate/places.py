# SPDX-License-Identifier: MIT
"""Where a C source of this library can be changed, and how: its mutants.

By tokens, not by syntax tree, so that what a macro surrounds and what the preprocessor leaves out
is seen too.  It leans on the house style: binary operators have blanks around them, unary ones have
not, and a type's name ends with _t or has `struct` or `enum` before it.
"""
import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<skip>/\*.*?\*/ | //[^\n]* | ^[ \t]*\#(?:[^\n\\]|\\.)* | \s+)
  | (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>\d\w*)
  | (?P<operator>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.X | re.S | re.M)

BINARY = {
    '<': ['<='], '<=': ['<'], '>': ['>='], '>=': ['>'], '==': ['!='], '!=': ['=='],
    '&&': ['||'], '||': ['&&'], '+': ['-'], '-': ['+'], '*': ['/'], '/': ['*'], '%': ['/'],
    '<<': ['>>'], '>>': ['<<'], '&': ['|'], '|': ['&'], '+=': ['-='], '-=': ['+='],
    '|=': ['&='], '&=': ['|='], '<<=': ['>>='], '>>=': ['<<='],
}
KIND = dict.fromkeys(['<', '<=', '>', '>=', '==', '!='], 'relation')
KIND.update(dict.fromkeys(['&&', '||'], 'logic'))
STEP = {'++': '--', '--': '++'}

SWAPS = [('true', 'false'), ('EAGAIN', 'EBUSY'), ('EPIPE', 'ESHUTDOWN'), ('ETIMEDOUT', 'EINTR'),
         ('RING_NONE', 'RING_BUSY'), ('RING_END', 'RING_SEALED'),
         ('RING_CLOSED', 'RING_CANCELLED'), ('MPMC_PUSH', 'MPMC_PULL'),
         ('MEET_PUSH', 'MEET_PULL')]
SWAP = dict(SWAPS + [(b, a) for a, b in SWAPS] + [('EINVAL', 'EPIPE'), ('ENOMEM', 'EINVAL')])

TYPES = {'struct', 'enum', 'union', 'const', 'static', 'unsigned', 'int', 'char', 'bool', 'void',
         'long', 'size_t', 'ssize_t', 'PP_ATOMIC', '_Alignas', '_Static_assert', 'typedef'}
CONTROL = {'if', 'while', 'for', 'switch'}
# The model checker has a mutant for each of these that has a label: tests/model/mutants.tsv.
LABELLED = {'PP_SWITCH', 'pp_light', 'pp_heavy', 'pp_full_fence', 'PP_FAST_LIGHT'}


@dataclasses.dataclass
class Token:
    text: str
    kind: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Mutant:
    key: str       # file:function:operator:number
    path: str
    function: str
    start: int
    end: int
    before: str
    after: str
    statement: str # the text around it, in one line
    line: int

    def apply(self, text):
        return text[:self.start] + self.after + text[self.end:]


def tokens_of(text):
    tokens = []
    for found in TOKEN.finditer(text):
        if found.lastgroup != 'skip':
            tokens.append(Token(found.group(), found.lastgroup, found.start(), found.end()))
    return tokens


def partners(tokens):
    """Index of the bracket that belongs to each."""
    match, stack = {}, []
    for i, token in enumerate(tokens):
        if token.text in ('(', '[', '{'):
            stack.append(i)
        elif token.text in (')', ']', '}') and stack:
            match[i] = stack.pop()
            match[match[i]] = i
    return match


def functions(tokens, match):
    """Name, first and last token of each body."""
    i = 0
    while i < len(tokens):
        if tokens[i].text == '{' and i in match:
            if i and tokens[i - 1].text == ')':
                name = tokens[match[i - 1] - 1].text
                yield name, i, match[i]
                i = match[i]
            elif i and tokens[i - 1].kind != 'string': # not extern "C"
                i = match[i]
        i += 1


def is_declaration(tokens, i, text):
    first, second = tokens[i], tokens[i + 1]
    if first.text in TYPES or first.text.endswith('_t'):
        return True
    if first.kind != 'word':
        return False
    if second.kind == 'word':
        return True
    return second.text == '*' and text[second.end] not in ' \n'


class Places:
    """The mutants of one file."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = tokens_of(text)
        self.match = partners(self.tokens)
        self.found, self.numbers = [], {}
        self.function, self.statement = '', ''
        self.labelled = 0

    def add(self, operator, start, end, after):
        number = self.numbers.get((self.function, operator), 0) + 1
        self.numbers[self.function, operator] = number
        self.found.append(Mutant(
            f'{self.path}:{self.function}:{operator}:{number}', self.path, self.function,
            start, end,
            ' '.join(self.text[start:end].split()), after, self.statement,
            self.text.count('\n', 0, start) + 1))

    def all(self):
        for self.function, first, last in functions(self.tokens, self.match):
            self.body(first, last)
        return self.found

    def body(self, first, last):
        """Statement by statement; a header of `if` and the like is one of its own."""
        i = first + 1
        while i < last:
            token = self.tokens[i]
            if token.text in ('{', '}', ';', 'else', 'do'):
                i += 1
            elif token.text in CONTROL:
                opening = i + 1 if self.tokens[i + 1].text == '(' else i + 2
                self.header(i, opening)
                i = self.match[opening] + 1
            else:
                i = self.one(i, last, self.is_outermost(i))

    def is_outermost(self, i):
        """Directly in the function's body, and under no `if`: the last return, as a rule."""
        before = self.tokens[i - 1].text
        return before in ('{', '}', ';') and self.text[:self.tokens[i].start].endswith('\n\t')

    def note(self, first, last):
        text = self.text[self.tokens[first].start:self.tokens[last].end]
        self.statement = ' '.join(re.sub(r'/\*.*?\*/', '', text, flags=re.S).split())

    def header(self, i, opening):
        closing = self.match[opening]
        self.note(i, closing)
        inside = self.tokens[opening].end, self.tokens[closing].start
        name = self.tokens[i].text
        if name == 'if':
            self.add('condition', *inside, '1')
            self.add('condition', *inside, '0')
        elif name == 'while':
            self.add('condition', *inside, '0')
        self.expressions(opening + 1, closing)

    def end_of(self, i):
        while self.tokens[i].text != ';':
            i = self.match[i] + 1 if self.tokens[i].text in ('(', '[', '{') else i + 1
        return i

    def one(self, i, last, outermost):
        """The statement at token i.  Where the next may begin."""
        first = self.tokens[i].text
        if first in ('case', 'default') or self.tokens[i + 1].text == ':':
            while self.tokens[i].text != ':':
                i += 1
            return i + 1
        end = min(self.end_of(i), last)
        self.note(i, end)
        whole = self.tokens[i].start, self.tokens[end].start
        if first == 'return':
            self.returned(i, end, whole, outermost)
        elif first in ('break', 'continue', 'goto'):
            self.add('delete', *whole, '')
        elif not is_declaration(self.tokens, i, self.text):
            if first in LABELLED:
                self.labelled += 1
                return end + 1
            self.add('delete', *whole, '')
        self.expressions(i, end)
        return end + 1

    def returned(self, i, end, whole, outermost):
        value = self.text[self.tokens[i].end:whole[1]].strip()
        if not outermost:
            self.add('return', *whole, '')
        if value == '0':
            self.add('result', *whole, 'return -EAGAIN')
        elif value not in ('', 'true', 'false', 'NULL'):
            self.add('result', *whole, 'return 0')

    def expressions(self, first, last):
        for i in range(first, last):
            token = self.tokens[i]
            if token.kind == 'operator':
                self.operator(i)
            elif token.kind == 'number':
                self.number(i)
            elif token.text in SWAP:
                self.add('swap', token.start, token.end, SWAP[token.text])

    def operator(self, i):
        token = self.tokens[i]
        span = token.start, token.end
        spaced = self.text[token.start - 1] in ' \t\n' and self.text[token.end] in ' \n'
        if token.text == '?':
            self.add('choice', *span, '|| 1 ?')
            self.add('choice', *span, '&& 0 ?')
        elif token.text == '!':
            self.add('not', *span, '')
        elif token.text in STEP:
            self.add('arithmetic', *span, STEP[token.text])
        elif token.text in BINARY and spaced:
            for other in BINARY[token.text]:
                self.add(KIND.get(token.text, 'arithmetic'), *span, other)

    def number(self, i):
        token = self.tokens[i]
        if self.tokens[i - 1].text == 'return' and self.tokens[i + 1].text == ';':
            return # its own operator
        found = re.fullmatch(r'(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)', token.text)
        value = int(found.group(1), 0)
        for other in (value + 1, value - 1):
            if other >= 0:
                self.add('constant', token.start, token.end, f'{other}{found.group(2)}')


def mutants_of(path, text):
    places = Places(path, text)
    return places.all(), places.labelled
