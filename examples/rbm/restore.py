#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Restores the damaged images of train.py with a compiled program and prints how much nearer they come to the originals.

Usage: restore.py PROGRAM.cimb FOLDER [--mode exact|converters|analog] [--seed N] [--at-least DAMAGE=PERCENT]...

The error is the sum of the squared differences of an image's pixels, averaged over the test images. With --at-least the script fails where the error of that kind
of damage (flipped, occluded) is reduced by less.
"""

import argparse
import pathlib
import subprocess
import sys

import numpy


def main():
    parser = argparse.ArgumentParser(description="restores damaged images with a compiled machine")
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--mode", default="analog")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--at-least", action="append", default=[], metavar="DAMAGE=PERCENT")
    options = parser.parse_args()
    wanted = {name: float(percent) for name, percent in (entry.split("=") for entry in options.at_least)}
    original, failed = numpy.load(options.folder / "original.npy"), []
    for damage in ("flipped", "occluded"):
        result = options.folder / f"{damage}-restored.npy"
        inputs = [f"--input={name}={options.folder / damage}{part}.npy" for name, part in (("image", ""), ("known", "-known"), ("prior", "-prior"))]
        subprocess.run(["cimc-run", options.program, *inputs, f"--mode={options.mode}", f"--seed={options.seed}", f"--output={result}"], check=True, stdout=subprocess.DEVNULL)
        before, after = (((numpy.load(path).reshape(original.shape) - original) ** 2).sum() / len(original) for path in (options.folder / f"{damage}.npy", result))
        reduced = 100 * (1 - after / before)
        print(f"{damage}: error {before:.2f} before, {after:.2f} after, reduced by {reduced:.1f} % ({options.mode})")
        if reduced < wanted.get(damage, -numpy.inf):
            failed.append(f"{damage}: reduced by {reduced:.1f} %, must be at least {wanted[damage]:g} %")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
