#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes real test data as .npy files in the form that a model takes.

Usage: real_data.py SHARED SET PREFIX [--first N] [--calibration N]

SHARED is the folder with models and data. SET is mnist-255 (NCHW, 0 to 255), mnist-unit (one image without channels, 0 to 1), mnist-normal (mean 0.1307, deviation 0.3081), cifar10-255 (NHWC, 0 to 255) or
cifar10-normal (NCHW, ImageNet mean and deviation). Writes PREFIX.npy and PREFIX-labels.npy, and PREFIX-calibration.npy with the last N samples (256). There is
only one set of each, so the calibration samples are among those that accuracy is measured on; they are given without labels.
"""

import argparse
import gzip

import numpy


def mnist(shared):
    folder = shared + "/assets/data/mnist/t10k-"
    with gzip.open(folder + "images-idx3-ubyte.gz") as file:
        images = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder + "labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return images.astype(numpy.float32), labels


def cifar10(shared):
    data = numpy.load(shared + "/assets/data/cifar10/train1000.npz")
    return data["images"].astype(numpy.float32), data["labels"]


def main():
    parser = argparse.ArgumentParser(description="writes real test data as .npy files")
    parser.add_argument("shared")
    parser.add_argument("set", choices=["mnist-255", "mnist-unit", "mnist-normal", "cifar10-255", "cifar10-normal"])
    parser.add_argument("prefix")
    parser.add_argument("--first", type=int)
    parser.add_argument("--calibration", type=int, default=256)
    options = parser.parse_args()
    images, labels = (mnist if options.set.startswith("mnist") else cifar10)(options.shared)
    if options.set == "mnist-unit":
        images = images[:, 0] / 255
    if options.set == "mnist-normal":
        images = (images / 255 - 0.1307) / 0.3081
    if options.set == "cifar10-normal":
        mean, deviation = numpy.float32([0.485, 0.456, 0.406]), numpy.float32([0.229, 0.224, 0.225])
        images = ((images / 255 - mean) / deviation).transpose(0, 3, 1, 2)
    images = numpy.ascontiguousarray(images, numpy.float32)
    numpy.save(options.prefix + "-calibration.npy", images[-options.calibration:])
    numpy.save(options.prefix + ".npy", images[:options.first])
    numpy.save(options.prefix + "-labels.npy", labels[:options.first].astype(numpy.int64))


if __name__ == "__main__":
    main()
