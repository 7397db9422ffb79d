#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a program of utils/peak_program.py for 64 arrays of 256x256, and holds its sums and its figures against what they must be.

Usage: check_peak.py PROGRAM.cimb WORK_DIR TOPS TOPS_PER_WATT        (0: nothing published)
"""

import ast
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "utils"))
from peak_program import weight  # noqa: E402

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


def main():
    program, work, tops, tops_per_watt = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    command = ["cimc-run", program, "--timing", "--json", os.path.join(work, "peak.json")]
    for core in range(CORES):
        write_npy(os.path.join(work, f"x{core}.npy"), vector(core))
        command += ["--input", f"in{core}={work}/x{core}.npy", "--output", f"out{core}={work}/y{core}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    matrix = [weight(i) for i in range(SIZE * (SIZE + CORES))]
    for core in range(0, CORES, 21):  # 0, 21, 42, 63
        x = vector(core)
        expected = [sum(x[i] * matrix[(core + i) * SIZE + j] for i in range(SIZE)) for j in range(SIZE)]
        if read_npy(f"{work}/y{core}.npy") != expected:
            sys.exit(f"core {core} gives wrong sums")
    with open(os.path.join(work, "peak.json"), encoding="utf-8") as file:
        figures = json.load(file)
    failed = False
    for key, published in (("array_tops", tops), ("array_tops_per_watt", tops_per_watt)):
        failed |= published > 0 and abs(figures[key] / published - 1) > WITHIN
        print(f"{key} {figures[key]:.4g}, published {published:g}" if published else f"{key} {figures[key]:.4g}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
