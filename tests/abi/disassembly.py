#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the path of an item is made of: disassembly.py PROGRAM LIBRARY

No locked instruction, no fence and no system call in a push or pull of PP_SPSC, called or
inlined; locked instructions only to claim in those of PP_MPMC; and the inlined ones compare one
word of the end, and do not call anything before they have moved an item.  Who may look at depth and
statistics costs them nothing: they store what an item needs, and keep no count besides.
"""
import platform
import re
import subprocess
import sys

NEVER = re.compile(r"\b(lock|mfence|lfence|sfence|syscall|sysenter|int)\b|\bxchg\b.*\(")
# Whose last operand may be memory that they only read, or do not touch; locked ones are looked at apart.
NO_STORE = re.compile(r"(cmp|test|nop|prefetch|lea|j|call|push|lock|data16|cs)\w*\s")

# How often the path of an item of 8 bytes stores.  Plain: the item and the tail; what is taken, the item
# and the head.  Marked: the mark too, and two words at the end of a lap, where a compiler has laid that
# out in between.  Shared: the item and its turn, once it is claimed.
STORES = {"plain": {"push": {2}, "pull": {3}}, "marked": {"push": {3, 5}, "pull": {4, 6}},
          "shared": {"push": {2}, "pull": {2}}}


def functions(path):
    """name -> its instructions, of every function of the file."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    found, name = {}, None
    for line in text.splitlines():
        header = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if header:
            name = header[1]
            found[name] = []
        elif name and ":" in line:
            found[name].append(line.split(":", 1)[1].strip())
    return found


def check(found, name, least):
    instructions = found.get(name, [])
    if len(instructions) < least:
        return f"{name}: only {len(instructions)} instructions found"
    bad = [i for i in instructions if NEVER.search(i)]
    return f"{name}: {bad[0]}" if bad else None


def locks_to_claim(found, name):
    """Of the two kinds only PP_MPMC locks, and only to claim; that it does so once is the unit
    test fast_path's, for a compiler may write the loop around it twice."""
    bad = [i for i in found.get(name, []) if NEVER.search(i)]
    if 1 <= len(bad) <= 2 and all(re.match(r"lock cmpxchg\b", i) for i in bad):
        return None
    return f"{name}: not one locked exchange, but: {'; '.join(bad)}"


def stores(instruction):
    """To memory that is not the stack's; an addition to memory is one."""
    operands = instruction.partition("#")[0].strip()
    return not NO_STORE.match(operands) and "(%rsp" not in operands and \
        bool(re.search(r"(\)|%[fg]s:\S+)$", operands))


def stores_what_it_needs(found, name, allowed):
    """On the way to the first return, which is that of an item that was moved."""
    returns = [i.startswith("ret") for i in found[name]]
    if True not in returns:
        return f"{name}: does not return"
    stored = [i for i in found[name][:returns.index(True)] if stores(i)]
    return None if len(stored) in allowed else f"{name}: stores {len(stored)} times: {'; '.join(stored)}"


def counts_nothing(ours, theirs):
    for kind, verbs in STORES.items():
        for verb, allowed in verbs.items():
            yield stores_what_it_needs(theirs, f"{verb}_{kind}_8", allowed)
    for kind, name in ("plain", "own"), ("marked", "marked"):
        for verb, allowed in STORES[kind].items():
            yield stores_what_it_needs(ours, f"{name}_{verb}", allowed)


def stores_before_a_call(found, name):
    for instruction in found[name]:
        if instruction.startswith("call"):
            return f"{name}: calls before it has stored anything: {instruction}"
        if re.match(r"mov\w*\s+%\w+,.*\(", instruction) and "(%rsp" not in instruction:
            return None
    return f"{name}: stores nothing"


def compares_one_word(found, name):
    """What a ring has to be is in one word, which holds kind, item size and features: it is
    compared with that of each kind and layout, and nothing else is compared with a constant."""
    first_call = [i.startswith("call") for i in found[name]].index(True)
    compared = [i for i in found[name][:first_call]
                if re.match(r"(cmp|test)\w*\s+\$0x[1-9a-f]", i)]
    words = [re.match(r"cmp\w*\s+\$0x([0-9a-f]{8}),(.*)", i) for i in compared]
    if len(words) == 3 and all(words) and len({word[1] for word in words}) == 3 and \
            len({word[2] for word in words}) == 1:
        return None
    return f"{name}: does not compare one word, but: {'; '.join(compared)}"


def goes_on_to_a_text(found, name):
    """The plain functions look at their arguments and jump to the text that the ring was given."""
    bad = check(found, name, 5)
    if bad or any(re.match(r"jmp\s+\*", i) for i in found[name]):
        return bad
    return f"{name}: does not jump to the text of the ring"


def texts_of(found):
    """One for each kind of ring and size that has a copy of its own."""
    for verb in "push", "pull":
        for size in 4, 8, 16, 32, 64:
            yield check(found, f"{verb}_plain_{size}", 10)
            yield check(found, f"{verb}_marked_{size}", 10)
            yield locks_to_claim(found, f"{verb}_shared_{size}")


def main(program, library):
    if platform.machine() != "x86_64":
        print("skipped: reads x86-64 only")
        return 77
    ours, theirs = functions(program), functions(library)
    complaints = [check(ours, "own_push", 10), check(ours, "own_pull", 10),
                  locks_to_claim(ours, "inlined_push"),
                  locks_to_claim(ours, "inlined_pull"),
                  check(ours, "marked_push", 10), check(ours, "marked_pull", 10),
                  goes_on_to_a_text(theirs, "pp_push"), goes_on_to_a_text(theirs, "pp_pull"),
                  goes_on_to_a_text(theirs, "pp_try_push"),
                  goes_on_to_a_text(theirs, "pp_try_pull"), *texts_of(theirs)]
    if not any(complaints):
        complaints += [stores_before_a_call(ours, "inlined_push"),
                       stores_before_a_call(ours, "inlined_pull"),
                       compares_one_word(ours, "inlined_push"),
                       compares_one_word(ours, "inlined_pull"),
                       *counts_nothing(ours, theirs)]
    for complaint in filter(None, complaints):
        print(complaint)
    return 1 if any(complaints) else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: disassembly.py PROGRAM LIBRARY")
    sys.exit(main(*sys.argv[1:]))
