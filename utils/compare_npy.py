#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares two .npy files element by element and prints the figures.

Usage: compare_npy.py A.npy B.npy [--first N] [--max-steps N] [--min-equal F] [--max-different N] [--tolerance T] [--argmax F] [--snr DB]

Without an option every bit must agree. Shapes may differ by dimensions of size 1 and are otherwise compared sample by sample. Floats that are both
NaN agree; +0 and -0 do not, unless a tolerance is given.

  --first N          compare the first N samples of each file
  --max-steps N      integers: the largest difference allowed
  --min-equal F      the least fraction of equal elements (with --max-steps)
  --max-different N  or else, the number of elements that may differ in a small set
  --tolerance T      floats: the largest |a - b| allowed, relative to max(1, |b|)
  --snr DB           the least ratio of B's signal to the noise A - B, in decibels, over all elements
  --argmax F         the least fraction of samples whose largest element stands at the same place

Exit status: 0 the files agree, 1 they do not, 2 they cannot be compared.
"""

import argparse
import sys

import numpy


def load(path, first):
    """The array of a file, its singleton dimensions removed, cut to the first samples."""
    try:
        array = numpy.load(path)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"compare_npy.py: error: {path}: {error}\n")
        sys.exit(2)
    if first is not None:
        array = array[:first]
    return array.reshape(array.shape[0] if array.ndim else 1, -1)


def differs(a, b):
    """A mask of the elements whose bits differ."""
    if a.dtype.kind != "f":
        return a != b
    bits = f"u{a.dtype.itemsize}"
    return (a.view(bits) != b.view(bits)) & ~(numpy.isnan(a) & numpy.isnan(b))


def judge(options, a, b, mask):
    """The reasons why the files do not agree; also prints what was found."""
    equal = 1.0 - mask.mean()
    wide = "f8" if a.dtype.kind == "f" else "i8"
    apart = numpy.abs(a.astype(wide) - b.astype(wide))
    print(f"samples {a.shape[0]}  elements {a.size}  different {int(mask.sum())}  equal {equal:.4%}  largest difference {apart.max():.6g}")
    reasons = []
    if options.tolerance is not None:
        worst = float((apart / numpy.maximum(1.0, numpy.abs(b.astype("f8")))).max())
        if not worst <= options.tolerance:
            reasons.append(f"relative difference {worst:.3g} exceeds {options.tolerance:g}")
    elif options.max_steps is not None or options.max_different is not None:
        steps = options.max_steps if options.max_steps is not None else 1
        if apart.max() > steps:
            reasons.append(f"an element is off by {apart.max()}, allowed are {steps}")
        enough = options.min_equal is not None and equal >= options.min_equal
        few = options.max_different is not None and mask.sum() <= options.max_different
        if not (enough or few):
            reasons.append("too many elements differ")
    elif mask.any() and options.argmax is None and options.snr is None:
        reasons.append("every element must agree")
    if options.snr is not None:
        noise = float((apart.astype("f8") ** 2).sum())
        ratio = 10 * numpy.log10(float((b.astype("f8") ** 2).sum()) / noise) if noise else numpy.inf
        print(f"signal to noise {ratio:.2f} dB")
        if not ratio >= options.snr:
            reasons.append(f"the signal to noise is {ratio:.2f} dB, must be {options.snr:g}")
    if options.argmax is not None:
        same = float((a.argmax(axis=1) == b.argmax(axis=1)).mean())
        print(f"same argmax {same:.4f}")
        if same < options.argmax:
            reasons.append(f"the argmax agrees in {same:.4f} of the samples, must in {options.argmax:g}")
    return reasons


def main():
    parser = argparse.ArgumentParser(description="compares two .npy files")
    parser.add_argument("files", nargs=2)
    parser.add_argument("--first", type=int)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--min-equal", type=float)
    parser.add_argument("--max-different", type=int)
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("--argmax", type=float)
    parser.add_argument("--snr", type=float)
    options = parser.parse_args()
    a, b = (load(path, options.first) for path in options.files)
    if a.shape != b.shape or a.dtype != b.dtype:
        sys.stderr.write(f"compare_npy.py: error: {a.dtype} {a.shape} and {b.dtype} {b.shape} cannot be compared\n")
        return 2
    mask = differs(a, b)
    reasons = judge(options, a, b, mask)
    for reason in reasons:
        print(f"not equal: {reason}")
    if reasons and mask.any():
        for sample, element in numpy.argwhere(mask)[:10]:
            print(f"  sample {sample} element {element}: {a[sample, element]} and {b[sample, element]}")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
