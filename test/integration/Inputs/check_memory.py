#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails if a program takes more memory for more inferences than their inputs and outputs do.

Usage: check_memory.py PROGRAM.cimb FEW.npy MANY.npy SLACK OPTION...

Runs cimc-run with OPTION... on both data sets and compares the peaks of memory. What the files of inputs and outputs grow by is in memory once; SLACK bytes are allowed beside it, for what an allocator
rounds.
"""

import json
import os
import subprocess
import sys


def run(program, data, options):
    """Peak of memory, and bytes of inputs and outputs."""
    figures, output = data + ".json", data + ".out.npy"
    subprocess.run(["cimc-run", program, "--input", data, "--output", output, "--json", figures, *options], stdout=subprocess.DEVNULL, check=True)
    with open(figures, encoding="utf-8") as file:
        peak = json.load(file)["peak_memory_bytes"]
    return peak, os.path.getsize(data) + os.path.getsize(output)


def main():
    program, few, many, slack, *options = sys.argv[1:]
    (least, small), (most, large) = run(program, few, options), run(program, many, options)
    growth = most - least - (large - small)
    print(f"{' '.join(options)}: {least} bytes with few, {most} with many inferences; inputs and outputs explain {large - small}, {growth} are left")
    if growth > int(slack):
        sys.exit(f"check_memory.py: error: memory grows by {growth} bytes beside inputs and outputs, {slack} are allowed")


if __name__ == "__main__":
    main()
