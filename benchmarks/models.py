#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints what real models cost to compile, map and run on HERMES, in one run.

Usage: benchmarks/models.py BUILD_DIR SHARED [WORK_DIR]

For each model: compile time and peak memory (calibration counted apart), arrays used against the bound by area and against one tile per array, accuracy of the float and of the
compiled model, run time of the whole data set, and modelled time and energy of one inference. BUILD_DIR holds bin/cimc; SHARED is the folder with real models and
data. Compile times are the best of three, runs are single.
"""

import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Model, data set, limit of the compile time in seconds (calibration apart), options.
MODELS = [
    ("mnist-cnn", "mnist-255", 0.3, []),
    ("mnist-cnn-bn", "mnist-normal", None, []),
    ("mnist-mlp", "mnist-normal", None, []),
    ("resnet20-cifar10", "cifar10-normal", 1.0, []),
    ("resnet20-cifar10", "cifar10-normal", None, ["--set", "chip.cores=7"]),
    ("resnet20-cifar10-bn", "cifar10-normal", None, []),
    ("resnet8-cifar10", "cifar10-255", None, []),
    ("resnet8-wide-cifar10", "cifar10-255", None, []),
    ("resnet8-cifar10-int8", None, None, []),
    ("anomaly-autoencoder-int8", None, None, []),
    ("vww-mobilenet-int8", None, None, []),
    ("kws-dscnn-int8", None, None, []),
    ("person-detect-int8", None, None, []),
    ("resnet9-hermes", None, None, ["--set", "chip.cores=40"]),
]


# Float models that are judged by their stored outputs: model, golden set, options. Samples to quantise with are the inputs of the set.
GOLDEN = [
    ("mnist-cnn", "mnist-8", []),
    ("mnist-cnn-bn", "burn-mnist", []),
    ("mnist-mlp", "onnx-mlir-mnist", []),
    ("resnet20-cifar10", "resnet20-cifar10", []),
    ("resnet20-cifar10-bn", "resnet20-cifar10-bn", []),
    ("resnet8-cifar10", "resnet8-fp32", []),
    ("resnet8-wide-cifar10", "resnet8-large-fp32", []),
    ("vww-mobilenet", "vww-fp32", []),
    ("mobilenetv1-025-imagenet", "mobilenetv1-0.25", []),
    ("squeezenet-imagenet", "squeezenet-dc", ["--target", "generic", "--set", "chip.cores=64", "--set", "chip.core.memory=1MiB"]),
    ("kws-arm-dscnn", "arm-dscnn-yes", []),
    ("anomaly-autoencoder", "ad01-fp32", []),
    ("espcn", "espcn-nn", []),
    ("ultraface-slim", "ultraface-slim", []),
    ("dtln-1", "dtln-1", []),
    ("dtln-2", "dtln-2", []),
    ("silero-vad-16k", "silero-16k", []),
]


class Bench:
    def __init__(self, build, shared, work):
        self.bin, self.shared, self.work = os.path.join(build, "bin"), shared, work
        os.makedirs(work, exist_ok=True)
        self.failed = False

    def path(self, name):
        return os.path.join(self.work, name)

    def run(self, tool, *arguments):
        """Runs a tool; its message ends the benchmark if it fails."""
        done = subprocess.run([os.path.join(self.bin, tool), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{tool}: {done.stderr.strip()}")

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def data(self, name):
        """Writes a data set once; gives its prefix."""
        prefix = self.path(name)
        if name and not os.path.exists(prefix + ".npy"):
            subprocess.run([sys.executable, os.path.join(ROOT, "utils", "real_data.py"), self.shared, name, prefix], check=True)
        return prefix

    def model(self, name):
        if name != "resnet9-hermes":
            return os.path.join(self.shared, "assets", "models", name + ".onnx")
        path = self.path("resnet9-hermes.onnx")
        subprocess.run([sys.executable, os.path.join(ROOT, "utils", "make_topology.py"), name, "-o", path], check=True, stdout=subprocess.DEVNULL)
        return path

    def compile(self, model, options):
        """The report of the fastest of three compilations, and the seconds without calibration."""
        best = None
        for _ in range(3):
            self.run("cimc", model, "--target", "hermes", *options, "-q", "--report", self.path("compile.json"), "-o", self.path("model.cimb"))
            report = self.read("compile.json")
            report["seconds"] = report["compile_seconds"] - report["phase_seconds"].get("calibrate", 0)
            if best is None or report["seconds"] < best["seconds"]:
                best = report
        return best

    def accuracy(self, model, prefix):
        """Top-1 in float and compiled, and the seconds of the compiled run."""
        samples = ["--input", prefix + ".npy", "--labels", prefix + "-labels.npy"]
        self.run("cimc", model, "--evaluate", *samples, "--report", self.path("float.json"))
        self.run("cimc-run", self.path("model.cimb"), *samples, "--json", self.path("run.json"))
        reference, run = self.read("float.json"), self.read("run.json")
        return f"{100 * reference['top1']:6.2f} {100 * run['top1']:6.2f} {run['inferences']:6d} {run['run_seconds']:6.2f}"

    def timing(self):
        self.run("cimc-run", self.path("model.cimb"), "--timing", "--json", self.path("timing.json"))
        timing = self.read("timing.json")
        timing = timing.get("timing", timing)
        return f"{timing.get('latency_ns', float('nan')) / 1e3:9.1f} {timing.get('energy_pj', float('nan')) / 1e6:8.2f}"

    def row(self, name, dataset, limit, options):
        model = self.model(name)
        prefix = self.data(dataset) if dataset else None
        calibrate = ["--calibrate", prefix + "-calibration.npy"] if prefix else []
        report = self.compile(model, options + calibrate)
        shown = name + "".join(" " + option.split(".")[-1] for option in options if option != "--set")
        accuracy = self.accuracy(model, prefix) if prefix else " " * 27
        mark = ""
        if limit and report["seconds"] > limit:
            mark, self.failed = f"  over the limit of {limit} s", True
        print(f"{shown:28} {report['seconds']:6.3f} {report['peak_memory_bytes'] / 2**20:5.0f} {report['arrays_used']:6d} {report['arrays_bound']:6d} "
              f"{report['arrays_tile_by_tile']:6d} {report['busiest_array_reads']:6d} {accuracy} {self.timing()}{mark}", flush=True)


    def golden(self, name, golden, options):
        """Agreement of the largest element and signal to noise, for each output of a set."""
        folder = os.path.join(self.shared, "assets", "golden", golden)

        def files(kind):
            """Arguments and names; a file's name is that of the tensor but for some characters, so it serves only where there are several."""
            found = sorted(file for file in os.listdir(folder) if file.startswith(kind))
            return [(file[len(kind):-4] + "=" if len(found) > 1 else "", os.path.join(folder, file)) for file in found]

        def option(flag, pairs):
            return [word for prefix, path in pairs for word in (flag, prefix + path)]

        inputs, outputs = files("input_"), files("output_")
        made = [(prefix, self.path(os.path.basename(path))) for prefix, path in outputs]
        target = [] if "--target" in options else ["--target", "hermes"]
        self.run("cimc", self.model(name), *target, *options, *option("--calibrate", inputs), "-q", "-o", self.path("model.cimb"))
        self.run("cimc-run", self.path("model.cimb"), *option("--input", inputs), *option("--output", made))
        for (_, path), (_, result) in zip(outputs, made):
            compare = [sys.executable, os.path.join(ROOT, "utils", "compare_npy.py"), result, path, "--snr", "0", "--argmax", "0"]
            lines = subprocess.run(compare, capture_output=True, text=True, check=False).stdout.splitlines()
            figures = {line.rpartition(" ")[0] if line.startswith("same") else line[:15]: line.split() for line in lines}
            print(f"{name:28} {os.path.basename(path)[7:-4][:26]:26} {figures['same argmax'][2]:>7} {figures['signal to noise'][3]:>7}", flush=True)

    def attempt(self, measure, row):
        """Prints a row, or why it could not be measured; the others go on."""
        try:
            measure(*row)
        except RuntimeError as error:
            print(f"{row[0]:28} {error}")
            self.failed = True


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    print(f"{'model':28} {'s':>6} {'MB':>5} {'arrays':>6} {'bound':>6} {'tiles':>6} {'reads':>6} {'float%':>6} {'cimc%':>6} {'data':>6} {'run s':>6} {'us':>9} {'uJ':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else scratch)
        for row in MODELS:
            bench.attempt(bench.row, row)
        print(f"\n{'quantised float model':28} {'output':26} {'same':>7} {'dB':>7}")
        for row in GOLDEN:
            bench.attempt(bench.golden, row)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
