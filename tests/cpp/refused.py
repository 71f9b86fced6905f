#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What must not compile does not, and says why: refused.py INCLUDE COMPILER...

Each case is a line of code and a part of the message; and each is tried in a form that is right,
so that it is refused for that line and nothing else.
"""
import os
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
# Read once; that takes longer than a case.
HEADERS = """
#include <memory>
#include <string>
#include <pushpull/pushpull.hpp>
"""
HEAD = """
struct fixed { fixed(int); fixed(fixed &&) = delete; ~fixed(); };
struct no_assign { const int n; ~no_assign(); };
void test(pp::tx<int> &tx, pp::rx<int> &rx, pp::tx<std::unique_ptr<int>> &owners,
          pp::tx<std::string> &words, pp::rx<std::string> &from_words,
          pp::rx<no_assign> &from_fixed, std::unique_ptr<int> &mine, std::string &word,
          no_assign &into)
{
	(void)tx; (void)rx; (void)owners; (void)words; (void)from_words; (void)from_fixed;
	(void)mine; (void)word; (void)into;
	%s
}
"""

MOVED = "delete"  # "use of deleted function", "call to implicitly-deleted"

CASES = [
    # what is refused, what is right, what is said
    ("pp::tx<int> copy(tx);", "pp::tx<int> copy(tx.dup());", MOVED),
    ("pp::rx<int> copy(rx);", "pp::rx<int> copy(std::move(rx));", MOVED),
    ("tx = tx;", "tx = tx.dup();", MOVED),
    ("(void)rx.push(1);", "(void)tx.push(1);", "push"),
    ("(void)rx.close();", "(void)tx.close();", "close"),
    ("(void)tx.pull();", "(void)rx.pull();", "pull"),
    ("(void)tx.cancel();", "(void)rx.cancel();", "cancel"),
    ("for (auto &&n : tx) (void)n;", "for (auto &&n : rx) (void)n;", "begin"),
    ("(void)pp::open<fixed>(pp::spsc, 1);", "(void)pp::open<int>(pp::spsc, 1);",
     "pp: an item has to be movable"),
    ("pp::tx<int &> ends;", "pp::tx<int *> ends;", "pp: an item is an object"),
    ("pp::rx<const int> ends;", "pp::rx<int> ends;", "pp: an item is an object"),
    ("pp::rx<int[3]> ends;", "pp::rx<std::string> ends;", "pp: an item is an object"),
    ("(void)owners.push(mine);", "(void)owners.push(std::move(mine));",
     "cannot be copied: push(std::move(item))"),
    ("(void)words.push_n(&word, 1);", "(void)words.push(word);",
     "only items of a trivially copyable"),
    ("(void)from_words.pull_n(&word, 1);", "(void)from_words.pull(word);",
     "only items of a trivially copyable"),
    ("(void)from_fixed.pull(into);", "(void)from_fixed.pull();", "cannot be assigned to"),
    ("(void)pp::select(pp::on_push(words, word));",
     "(void)pp::select(pp::on_push(words, std::move(word)));", "this item would be moved from"),
    ("(void)pp::tx<std::string>::adopt(nullptr);", "(void)pp::tx<int>::adopt(nullptr);",
     "only rings of a trivially copyable"),
    ("(void)pp::select(3);", "(void)pp::select();", "select"),
    ("tx.push(1);", "(void)tx.push(1);", "nodiscard"),
    ("rx.pull();", "(void)rx.pull();", "nodiscard"),
]


def precompiled(compiler, include, folder):
    """What a case is compiled with."""
    header = os.path.join(folder, "headers.hpp")
    with open(header, "w", encoding="utf-8") as f:
        f.write(HEADERS)
    clang = "clang" in os.path.basename(compiler)
    made = header + (".pch" if clang else ".gch")
    subprocess.run([compiler, "-x", "c++-header", *FLAGS, f"-I{include}", header, "-o", made],
                   check=True)
    return [compiler, *FLAGS, f"-I{include}", *(["-include-pch", made] if clang
                                                else ["-include", header])]


def compiled(command, code):
    run = subprocess.run([*command, "-x", "c++", "-fsyntax-only", "-"],
                         input=HEAD % code, capture_output=True, text=True, check=False)
    return run.returncode == 0, run.stderr


def check(command, wrong, said):
    ok, message = compiled(command, wrong)
    if ok:
        return f"{wrong}: compiles"
    return None if said in message else f"{wrong}: not for the reason '{said}':\n{message}"


def complaints_of(command):
    # What is right in one go: each in a block of its own.
    ok, message = compiled(command, "".join(f"{{ {right} }}\n" for _, right, _ in CASES))
    if not ok:
        yield f"what is right is refused:\n{message}"
    for wrong, _, said in CASES:
        complaint = check(command, wrong, said)
        if complaint:
            yield complaint


def main(include, *compilers):
    failed = 0
    for compiler in compilers:
        with tempfile.TemporaryDirectory() as folder:
            for complaint in complaints_of(precompiled(compiler, include, folder)):
                print(f"FAILED  {compiler}: {complaint}")
                failed = 1
        print(f"done    {compiler}: {len(CASES)} cases")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
