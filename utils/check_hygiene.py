#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the sources for what should not be in them, and lists what has grown too large.

Errors: paths of somebody's machine, notes to oneself (T-O-D-O and the like), a source without its licence line, a file of more than
800 lines, a function of more than 100, a link between pages that leads nowhere. The functions of C++ are found by the layout of .clang-format: a body ends at a line that
is `}` alone, as deep as the line on which its head began.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["benchmarks", "cmake", "examples", "fuzz", "include", "lib", "scripts", "targets", "test", "tools", "unittests", "utils"]
SUFFIXES = {".cpp", ".h", ".td", ".py", ".txt", ".cmake", ".fbs", ".yaml", ".sh", ".mlir", ".test", ".in", ""}
CODE = {".cpp", ".h", ".td", ".py", ".fbs"}
MAX_FILE, MAX_FUNCTION = 800, 100
FORBIDDEN = [
    (re.compile(r"/(home|work|root|Users)/\w"), "path of a machine"),
    (re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"), "note to oneself"),
]


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield path
    for path in sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")):
        yield path


def long_functions(lines):
    """(line number, length) of each function body of more than MAX_FUNCTION lines."""
    for index, line in enumerate(lines):
        if not line.endswith("{") or line.lstrip().startswith(("namespace", "class", "struct", "enum", "//", "}")):
            continue
        indent = len(line) - len(line.lstrip())
        for end in range(index + 1, len(lines)):
            text = lines[end]
            if text.strip() and len(text) - len(text.lstrip()) <= indent:
                if text.lstrip().startswith("}") and end - index > MAX_FUNCTION and "(" in line:
                    yield index + 1, end - index
                break


def check(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                yield f"{number}: {what}: {line.strip()[:80]}"
    if path.suffix == ".md":
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (path.parent / target).exists():
                yield f"1: link to '{target}', which does not exist"
    if path.suffix in CODE:
        if "SPDX-License-Identifier" not in "\n".join(lines[:4]):
            yield "1: no licence line"
        if len(lines) > MAX_FILE:
            yield f"1: {len(lines)} lines, at most {MAX_FILE}"
    if path.suffix in {".cpp", ".h"}:
        for number, length in long_functions(lines):
            yield f"{number}: a function of {length} lines, at most {MAX_FUNCTION}"


def main():
    problems, count = [], 0
    for path in sources():
        count += 1
        problems += [f"{path.relative_to(ROOT)}:{problem}" for problem in check(path)]
    for problem in problems:
        print(problem)
    print(f"{count} files checked, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
