#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints how accurate MNIST is on `neurram` with weights of 4 bits, and how many cores NeuRRAM's workloads take beside the published ones.

Usage: benchmarks/neurram.py BUILD_DIR SHARED [--seeds 10] [--time 0s,1d,2d] [--images N] [--part accuracy|cores]

Accuracy: mnist-cnn-bn of SHARED, which was not trained for noise, on MNIST's 10,000 test images, and examples/noise-aware/cnn7-mnist.onnx, NeuRRAM's network of seven layers trained with
15 % noise, on the 2,000 of them that it was not trained with (examples/noise-aware/data.py). Both are calibrated with 256 images without labels; those of mnist-cnn-bn are among its test images. Columns: top-1 of the float
model, of the compiled one in modes exact and converters, and its mean and deviation over the seeds in mode analog, with NeuRRAM's cells after the times given. Rows:
as compiled; with --compensation=affine; with --redundancy=auto; with both. --images takes the first N.

Cores: random weights of the published sizes (utils/make_topology.py; the RBM is that of examples/rbm with 120 hidden units). Cells are two for each weight; biases are digital here, but rows of cells on the chip. Needs python3-onnx.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLES = os.path.join(ROOT, "examples")

# Name, samples that it is calibrated with (none: the model is quantised), published cores and cells (the authors' repository, github.com/weierwan/Neurram_48core).
WORKLOADS = [("cnn7", None, 16, 46_664), ("resnet20", None, 48, 553_524), ("speech-lstm", (4, 50, 40), 36, 570_048)]
RBM_CORES, RBM_CELLS = 16, 401_760


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work

    def path(self, name):
        return os.path.join(self.work, name)

    def script(self, *words):
        subprocess.run([sys.executable, os.path.join(ROOT, words[0]), *words[1:]], check=True, stdout=subprocess.DEVNULL)

    def tool(self, name, *words):
        """The JSON that the tool writes."""
        flag = "--json" if name == "cimc-run" else "--report"
        result = self.path("result.json")
        subprocess.run([os.path.join(self.options.build, "bin", name), *words, flag, result], check=True, stdout=subprocess.DEVNULL)
        with open(result) as file:
            return json.load(file)

    def compile(self, model, *words):
        return self.tool("cimc", model, "--target", "neurram", *words, "-q", "-o", self.path("model.cimb"))

    def accuracy(self, name, model, prefix, names):
        images, labels, samples = (prefix + part for part in names)
        data = ["--input", images, "--labels", labels]
        flat = self.tool("cimc", model, "--evaluate", *data)["top1"]
        analog = ["--mode=analog", f"--seeds={self.options.seeds}", f"--time={self.options.time}"]
        for how, words in (("", []), (" redundancy", ["--redundancy=auto"])):
            arrays = self.compile(model, "--weight-bits=4", "--calibrate", samples, *words)["arrays_used"]
            exact, converters = (self.tool("cimc-run", self.path("model.cimb"), *data, "--mode=" + mode)["top1"] for mode in ("exact", "converters"))
            for offsets, extra in (("", []), (" affine", ["--compensation=affine", "--samples", samples])):
                report = self.tool("cimc-run", self.path("model.cimb"), *data, *analog, *extra)
                cells = "".join(f"{100 * entry['top1_mean']:8.2f} +-{100 * entry['top1_deviation']:5.2f}" for entry in report["accuracies"])
                print(f"{name:14}{(how + offsets).strip() or 'as compiled':20}{arrays:6d}{100 * flat:9.2f}{100 * exact:9.2f}{100 * converters:9.2f}{cells}", flush=True)

    def accuracies(self):
        times = "".join(f"{time:>16}" for time in self.options.time.split(","))
        print(f"{'network':14}{'mapping':20}{'arrays':>6}{'float':>9}{'exact':>9}{'conv.':>9}{times}   (top-1 in percent, {self.options.seeds} seeds)")
        first = ["--first", str(self.options.images)] if self.options.images else []
        self.script("utils/real_data.py", self.options.shared, "mnist-normal", self.path("normal"), *first)
        self.accuracy("mnist-cnn-bn", os.path.join(self.options.shared, "assets", "models", "mnist-cnn-bn.onnx"), self.path("normal"), (".npy", "-labels.npy", "-calibration.npy"))
        folder = self.path("split")
        self.script("examples/noise-aware/data.py", folder, "--mnist", os.path.join(self.options.shared, "assets", "data", "mnist"))
        for name in ("images.npy", "labels.npy"):
            numpy.save(os.path.join(folder, name), numpy.load(os.path.join(folder, name))[:self.options.images])
        self.accuracy("cnn7-mnist", os.path.join(EXAMPLES, "noise-aware", "cnn7-mnist.onnx"), folder, ("/images.npy", "/labels.npy", "/calibration.npy"))

    def cores(self):
        print(f"{'workload':14}{'cores':>7}{'published':>11}{'cells':>10}{'published':>11}{'filled':>9}{'published':>11}   (cores of 65,536 cells)")

        def line(name, weights, report, cores, cells):
            used = report["cores_used"]
            print(f"{name:14}{used:7d}{cores:11d}{2 * weights:10d}{cells:11d}{2 * weights / used / 655.36:7.1f} %{cells / cores / 655.36:9.1f} %", flush=True)

        random = numpy.random.default_rng(0)
        for name, shape, cores, cells in WORKLOADS:
            model = self.path(name + ".onnx")
            made = subprocess.run([sys.executable, os.path.join(ROOT, "utils", "make_topology.py"), name, *(["--float"] if shape else []), "-o", model], check=True, capture_output=True, text=True)
            samples = []
            if shape:
                numpy.save(self.path("samples.npy"), random.standard_normal(shape, numpy.float32))
                samples = ["--calibrate", self.path("samples.npy")]
            line(name, int(made.stdout.split()[1]), self.compile(model, *samples), cores, cells)
        folder = self.path("rbm")
        mnist = os.path.join(self.options.shared, "assets", "data", "mnist", "t10k-images-idx3-ubyte.gz")
        self.script("examples/rbm/train.py", folder, "--mnist", mnist, "--hidden", "120", "--epochs", "0")
        samples = [word for part in ("image=calibration", "known=calibration-known", "prior=calibration-prior") for word in ("--calibrate", part.replace("=", f"={folder}/") + ".npy")]
        line("rbm", 784 * 120, self.compile(os.path.join(folder, "rbm.onnx"), *samples), RBM_CORES, RBM_CELLS)


def main():
    parser = argparse.ArgumentParser(description="accuracy and mapping on neurram")
    parser.add_argument("build")
    parser.add_argument("shared")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--time", default="0s,1d,2d")
    parser.add_argument("--images", type=int)
    parser.add_argument("--part", choices=["accuracy", "cores"])
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.shared, "assets", "models")):
        parser.error(f"'{options.shared}' must be the folder that contains assets/models")
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options, work)
        if options.part != "cores":
            bench.accuracies()
        if options.part != "accuracy":
            bench.cores()


if __name__ == "__main__":
    main()
