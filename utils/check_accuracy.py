#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a compiled model is about as accurate as the float model.

Usage: check_accuracy.py FLOAT.json COMPILED.json POINTS [SECONDS]

FLOAT.json is what `cimc --evaluate --report` wrote, COMPILED.json what `cimc-run --json` wrote. The compiled model may lie at most POINTS percentage
points below the float model, and its run may take at most SECONDS. Prints the figures; exit status 1 if they miss.
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        reference = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        compiled = json.load(file)
    drop = 100 * (reference["top1"] - compiled["top1"])
    seconds = compiled["run_seconds"]
    print(f"samples {compiled['inferences']}  float {100 * reference['top1']:.2f} %  compiled {100 * compiled['top1']:.2f} %  "
          f"drop {drop:.2f} points  run {seconds:.2f} s")
    if compiled["inferences"] != reference["inferences"]:
        sys.exit("the two runs saw different numbers of samples")
    if drop > float(sys.argv[3]) + 1e-9:
        sys.exit(f"the drop must be at most {sys.argv[3]} points")
    if len(sys.argv) > 4 and seconds > float(sys.argv[4]):
        sys.exit(f"the run must take at most {sys.argv[4]} s")


if __name__ == "__main__":
    main()
