#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a pass, its flag, its source file and its tests have the names that one expects.

  pass TileToArrays   flag cim-tile-to-arrays, TileToArrays.cpp, tests tile-to-arrays.mlir and tile-to-arrays-invalid.mlir
  a conversion        flag cim-convert-..., lib/Conversion/AToB/AToB.cpp, tests in test/Conversion/AToB, among them invalid.mlir

usage: check_names.py RECORDS.json...     of the Passes.td files, as `llvm-tblgen -dump-json` writes them
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def kebab(name):
    """TileToArrays -> tile-to-arrays, ConvertCimToCimIsa -> convert-cim-to-cim-isa"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def defining_file(name):
    """The source that takes the generated base class of the pass."""
    marks = f"GEN_PASS_DEF_{name.upper()}"
    found = [path for path in (ROOT / "lib").rglob("*.cpp") if re.search(rf"#define {marks}\b", path.read_text())]
    return found[0] if len(found) == 1 else None


def check_conversion(name, source):
    folder = ROOT / "test" / source.parent.relative_to(ROOT / "lib")
    if source.stem != source.parent.name:
        yield f"{name}: lives in {source.relative_to(ROOT)}, must be in {source.parent.name}.cpp"
    tests = {path.name for path in folder.glob("*.mlir")}
    if "invalid.mlir" not in tests or len(tests) < 2:
        yield f"{name}: {folder.relative_to(ROOT)} must hold invalid.mlir and a test of what is valid"


def check_transform(name, flag, source):
    if flag != "cim-" + kebab(name):
        yield f"{name}: flag is '{flag}', must be 'cim-{kebab(name)}'"
    if source.stem != name:
        yield f"{name}: lives in {source.relative_to(ROOT)}, must be in {name}.cpp"
    folder = ROOT / "test" / source.parent.relative_to(ROOT / "lib")
    for test in (f"{kebab(name)}.mlir", f"{kebab(name)}-invalid.mlir"):
        if not (folder / test).exists():
            yield f"{name}: {(folder / test).relative_to(ROOT)} does not exist"


def check_pass(name, flag):
    source = defining_file(name)
    if not flag.startswith("cim-"):
        yield f"{name}: flag is '{flag}', must start with 'cim-'"
    if source is None:
        yield f"{name}: must be defined in exactly one file of lib/"
    elif source.is_relative_to(ROOT / "lib/Conversion"):
        yield from check_conversion(name, source)
    else:
        yield from check_transform(name, flag, source)


def main():
    problems, count = [], 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            records = json.load(file)
        for name in records["!instanceof"]["PassBase"]:
            count += 1
            problems += check_pass(name, records[name]["argument"])
    for problem in problems:
        print(problem)
    print(f"{count} passes checked, {len(problems)} problems")
    sys.exit(1 if problems or not count else 0)


if __name__ == "__main__":
    main()
