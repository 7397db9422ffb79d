#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the images that train.py tests its networks with, and those to calibrate them with. Needs no PyTorch.

Usage: data.py FOLDER [--mnist FOLDER]

The data are the digits that come with scikit-learn, 1,797 images of 8x8 pixels, 360 of them to test with, split as those of examples/digits; or, with --mnist, the 10,000
images of MNIST's test set (t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte in that folder, packed with gzip or not), split from a fixed seed into 8,000 to train with
and 2,000 to test with. Accuracies on them are those of this split, and no accuracies of MNIST's own split.

Writes into FOLDER:
  images.npy        the test images, [n, 1, height, width] float32 from 0 to 1
  labels.npy        their classes, [n] int64
  calibration.npy   256 training images, to quantise a network with

Needs the Debian packages python3-numpy and, for the digits, python3-sklearn.
"""

import argparse
import gzip
import pathlib
import sys

import numpy

SEED = 20
CALIBRATION_IMAGES = 256


def load_digits():
    """Images [n, 1, 8, 8] from 0 to 1, test images first; labels; how many are to test with."""
    try:
        import sklearn.datasets
    except ImportError:
        sys.exit("error: scikit-learn is missing; install the Debian package python3-sklearn, or give --mnist")
    digits = sklearn.datasets.load_digits()
    order = numpy.random.RandomState(SEED).permutation(len(digits.target))
    return (digits.images[order] / 16.0).astype(numpy.float32)[:, None], digits.target[order].astype(numpy.int64), 360


def read_idx(folder, name, magic):
    for path in (folder / (name + ".gz"), folder / name):
        if path.is_file():
            with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
                raw = file.read()
            if len(raw) < 16 or int.from_bytes(raw[:4], "big") != magic:
                sys.exit(f"error: '{path}' must be in MNIST's format, its first four bytes {magic:#010x}")
            return raw
    sys.exit(f"error: '{folder}' must hold '{name}' or '{name}.gz'")


def load_mnist(folder):
    images = numpy.frombuffer(read_idx(folder, "t10k-images-idx3-ubyte", 0x803), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    labels = numpy.frombuffer(read_idx(folder, "t10k-labels-idx1-ubyte", 0x801), numpy.uint8, offset=8)
    order = numpy.random.RandomState(SEED).permutation(len(labels))
    return (images[order] / 255).astype(numpy.float32), labels[order].astype(numpy.int64), len(labels) // 5


def load(mnist):
    """Images, test images first; labels; how many are to test with. Of MNIST in the folder `mnist`, or the digits where it is None."""
    return load_mnist(mnist) if mnist else load_digits()


def write(folder, images, labels, tests):
    folder.mkdir(parents=True, exist_ok=True)
    numpy.save(folder / "images.npy", images[:tests])
    numpy.save(folder / "labels.npy", labels[:tests])
    numpy.save(folder / "calibration.npy", images[tests:tests + CALIBRATION_IMAGES])


def main():
    parser = argparse.ArgumentParser(description="writes the test images of train.py")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--mnist", type=pathlib.Path, metavar="FOLDER", help="MNIST's 10,000 test images, which lie in this folder, instead of the digits")
    options = parser.parse_args()
    write(options.folder, *load(options.mnist))


if __name__ == "__main__":
    main()
