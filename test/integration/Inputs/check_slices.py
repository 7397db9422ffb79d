#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that programs take more of everything the smaller the cells are.

Usage: check_slices.py REPORT.json...

Each file is what `cimc-run --timing --json` wrote for one network; the cells of the machine hold fewer bits from file to file. Exit status 1 where arrays, reads,
latency or energy do not rise.
"""

import json
import sys

FIGURES = {
    "arrays": lambda report: report["arrays_used"],
    "reads": lambda report: report["reads"],
    "latency": lambda report: report["latency_ns"],
    "energy": lambda report: report["energy_pj"],
}


def main():
    reports = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            reports.append(json.load(file))
    failed = False
    for figure, get in FIGURES.items():
        values = [get(report) for report in reports]
        print(figure, *values)
        failed |= any(later <= earlier for earlier, later in zip(values, values[1:]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
