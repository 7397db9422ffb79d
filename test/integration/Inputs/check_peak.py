#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a program of utils/peak_program.py for 64 arrays of 256x256, and holds its sums and its figures against what they must be.

Usage: check_peak.py PROGRAM.cimb WORK_DIR TOPS TOPS_PER_WATT [--engine OUTPUTS]       (0: nothing published)

With --engine the program has one engine with OUTPUTS output channels, and TOPS_PER_WATT is of the whole chip.
"""

import ast
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "utils"))
from peak_program import CHANNELS, KERNEL, POSITIONS, weight  # noqa: E402

CORES, SIZE, WITHIN = 64, 256, 0.01


def vector(core):
    return [(core * 37 + i * 11) % 255 - 127 for i in range(SIZE)]


def write_npy(path, values):
    header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': (1, {len(values)}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}b", *values))


def read_npy(path):
    with open(path, "rb") as file:
        content = file.read()
    length = struct.unpack("<H", content[8:10])[0]
    header = ast.literal_eval(content[10:10 + length].decode())
    assert header["descr"] == "<i4", header
    return list(struct.unpack(f"<{(len(content) - 10 - length) // 4}i", content[10 + length:]))


def run(program, work, inputs):
    """Runs one inference; the results of each core."""
    command = ["cimc-run", program, "--timing", "--json", os.path.join(work, "peak.json")]
    for core, values in enumerate(inputs):
        write_npy(os.path.join(work, f"x{core}.npy"), values)
        command += ["--input", f"in{core}={work}/x{core}.npy", "--output", f"out{core}={work}/y{core}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [read_npy(f"{work}/y{core}.npy") for core in range(len(inputs))]


def check_crossbars(program, work):
    results = run(program, work, [vector(core) for core in range(CORES)])
    matrix = [weight(i) for i in range(SIZE * (SIZE + CORES))]
    for core in range(0, CORES, 21):  # 0, 21, 42, 63
        x = vector(core)
        if results[core] != [sum(x[i] * matrix[(core + i) * SIZE + j] for i in range(SIZE)) for j in range(SIZE)]:
            sys.exit(f"core {core} gives wrong sums")


def check_engine(program, work, outputs):
    pitch = (POSITIONS + KERNEL - 1) * CHANNELS
    x = [(i * 11) % 255 - 127 for i in range(KERNEL * pitch)]
    results, = run(program, work, [x])
    expected = []
    for position in range(POSITIONS):
        window = [x[kh * pitch + (position + kw) * CHANNELS + c] for kh in range(KERNEL) for kw in range(KERNEL) for c in range(CHANNELS)]
        expected += [sum(value * weight(i * outputs + j) for i, value in enumerate(window)) for j in range(outputs)]
    if results != expected:
        sys.exit("the engine gives wrong sums")


def main():
    program, work, tops, tops_per_watt = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    is_engine = len(sys.argv) > 5
    if is_engine:
        check_engine(program, work, int(sys.argv[6]))
    else:
        check_crossbars(program, work)
    with open(os.path.join(work, "peak.json"), encoding="utf-8") as file:
        figures = json.load(file)
    failed = False
    for key, published in (("array_tops", tops), ("tops_per_watt" if is_engine else "array_tops_per_watt", tops_per_watt)):
        failed |= published > 0 and abs(figures[key] / published - 1) > WITHIN
        print(f"{key} {figures[key]:.4g}, published {published:g}" if published else f"{key} {figures[key]:.4g}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
