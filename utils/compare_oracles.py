#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles random networks for small machines and compares cimc-run with upstream's JIT in every bit.

Usage: compare_oracles.py FIRST_SEED COUNT WORK_DIR [--keep-going] [--recurrent]

Machine, packing and bits of a cell follow from the seed as the network does (utils/random_network.py). With --recurrent the networks are recurrent layers
(utils/random_recurrence.py), quantised by cimc, and agree within 1e-6: their gates are float. The quantised level is written once; cimc-jit runs it by
upstream's lowering, and cimc compiles it to a binary for cimc-run. The tools are taken from PATH. Exit status 1 at the first network that fails, or with --keep-going at the end.
"""

import os
import subprocess
import sys

MACHINES = [
    (256, ["array.rows=32", "core.array.cols=32"]),
    (512, ["array.rows=64", "core.array.cols=16"]),
    (1024, ["array.rows=16", "core.array.cols=24"]),
    (24, ["array.rows=128", "core.array.cols=128"]),
    (8, []),
]
PACKS = ["auto", "dense", "never"]
# Bits of a cell; 0: a whole weight. As many as share no factor with the machines and packings, so that all meet.
CELLS = [0, 4, 0, 2, 3, 0, 1]
HERE = os.path.dirname(os.path.abspath(__file__))


def run(command):
    """What went wrong, or nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    lines = (done.stdout + done.stderr).strip().splitlines()
    shown = [line for line in lines if "error" in line or "not equal" in line] or lines
    return f"{os.path.basename(command[0])} exit {done.returncode}: " + " | ".join(shown[:4])


def check(seed, folder):
    """Runs one network through both ways."""
    path = os.path.join(folder, str(seed))
    model, inputs, level, binary = path + ".onnx", path + ".npy", path + ".mlir", path + ".cimb"
    (cores, machine), pack = MACHINES[seed // 2 % len(MACHINES)], PACKS[seed // 2 % len(PACKS)]
    cell = CELLS[seed // 2 % len(CELLS)]
    slices = -(-8 // cell) if cell else 1
    machine = [f"chip.cores={cores * slices}", f"array.cell_bits={cell}", *machine]
    settings = [word for setting in machine for word in ("--set", setting)]
    recurrent = "--recurrent" in sys.argv
    calibrate = ["--calibrate", inputs] if seed % 2 == 0 or recurrent else []
    maker = "random_recurrence.py" if recurrent else "random_network.py"
    tolerance = ["--tolerance", "1e-6"] if recurrent else []
    python = sys.executable
    return (run([python, os.path.join(HERE, maker), str(seed), model, inputs])
            or run(["cimc", model, "--target", "generic", *settings, *calibrate, "--emit=quantized", "-q", "-o", level])
            or run(["cimc", level, "--target", "generic", *settings, "--pack=" + pack, "-q", "-o", binary])
            or run(["cimc-jit", level, "--input", inputs, "--output", path + ".jit.npy"])
            or run(["cimc-run", binary, "--input", inputs, "--output", path + ".run.npy"])
            or run([python, os.path.join(HERE, "compare_npy.py"), path + ".jit.npy", path + ".run.npy", *tolerance]))


def main():
    first, count, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    failures = 0
    for seed in range(first, first + count):
        problem = check(seed, folder)
        if problem:
            print(f"network {seed}: {problem}")
            failures += 1
            if "--keep-going" not in sys.argv:
                break
    print(f"{count - failures if '--keep-going' in sys.argv or not failures else seed - first} networks agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
