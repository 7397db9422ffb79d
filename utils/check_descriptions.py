#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that every op, attribute, enumeration, pass, option and statistic is described, from TableGen's JSON records.

usage: check_descriptions.py RECORDS.json...     each the output of `llvm-tblgen -dump-json`
"""

import json
import re
import sys


def ours(name, record):
    """Whether a record is of this project: dialects prefix theirs, passes have flags that start with cim-."""
    if "argument" in record:
        return record["argument"].startswith("cim")
    return name.startswith(("Cim_", "CimIsa_"))


def missing(record, needs):
    """Which of `needs` is absent; an example is a block of code in the description, or for an attribute `#...`."""
    texts = {key: (record.get(key) or "").strip() for key in ("summary", "description")}
    texts["example"] = "".join(a + b for a, b in re.findall(r"```\w*\n(.*?)```|(`#[^`]+`)", texts["description"], re.S))
    return [need for need in needs if not texts[need] or re.search(r"TO" r"DO|FIX" r"ME|TBD", texts[need])]


def check_parts(records, name, record, kind):
    """What is wrong with the options or the statistics of a pass."""
    problems = []
    for ref in record.get(kind, []):
        part = records[ref["def"]]
        if len((part.get("description") or "").split()) < 2:
            problems.append(f"{name}: {kind[:-1]} '{part.get('argument') or part.get('name')}' has no description")
    return problems


def check_records(records):
    instances = records["!instanceof"]
    wanted = {
        "Dialect": ["summary", "description"],
        "Op": ["summary", "description", "example"],
        "AttrDef": ["summary", "description", "example"],
        "EnumInfo": ["summary"],
        "OpInterface": ["description"],
        "PassBase": ["summary", "description", "example"],
    }
    problems, count = [], 0
    for kind, needs in wanted.items():
        for name in instances.get(kind, []):
            record = records[name]
            if not ours(name, record):
                continue
            count += 1
            gaps = missing(record, needs)
            if gaps:
                problems.append(f"{name}: no {', no '.join(gaps)}")
            if kind == "PassBase":
                problems += check_parts(records, name, record, "options")
                problems += check_parts(records, name, record, "statistics")
    return problems, count


def main():
    problems, count = [], 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            found, number = check_records(json.load(file))
        problems += found
        count += number
    for problem in problems:
        print(problem)
    print(f"{count} definitions checked, {len(problems)} problems")
    sys.exit(1 if problems or not count else 0)


if __name__ == "__main__":
    main()
