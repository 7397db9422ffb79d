#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles every model there is, and prints what that takes and where the time goes.

Usage: benchmarks/compile.py BUILD_DIR SHARED [NAME...]

BUILD_DIR holds bin/cimc; SHARED is the folder with real models (assets/models) and with graphs without weights (assets/topologies). To these come the networks of
utils/make_topology.py. NAME picks some. Each is compiled for `hermes`, and for a larger `generic` where it does not fit there. Float models are calibrated with the inputs that
stand beside them, or with noise. Seconds are the best of three without calibration, and the longest phases stand behind them; MB is the peak memory of the process. Column `timing` is what `cimc-run --timing` takes
for the binary, reading and validating it included. Lines over a limit are marked, and then the exit status is 1: 2 s for a real model, what LIMITS says for a network of the generator, three times the weights
plus 200 MB, and 2 s of timing.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LARGE = ["--target", "generic", "--set", "chip.cores=4096", "--set", "chip.grid_columns=64"]
# Seconds that a network of the generator may take.
LIMITS = {"resnet9-hermes": 1.5, "resnet18": 1.5, "resnet50": 3, "vgg16": 10, "mobilenetv2": 1.5, "bert-base": 10, "gpt2-block": 2}
MODEL_LIMIT = 2
TIMING_LIMIT = 2


class Failure(RuntimeError):
    pass


class Compiler:
    """Runs cimc with files of a scratch folder."""

    def __init__(self, build, shared, folder):
        self.cimc, self.shared, self.folder = os.path.join(build, "bin", "cimc"), shared, folder
        self.cimc_run = os.path.join(build, "bin", "cimc-run")
        with open(os.path.join(shared, "assets", "models.json"), encoding="utf-8") as file:
            self.models = json.load(file)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        done = subprocess.run([self.cimc, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise Failure(lines[0] if lines else f"exit status {done.returncode}")
        return done.stdout

    def golden(self, name):
        """Calibration options from the inputs beside a model."""
        for item in self.models.get(name, {}).get("golden", []):
            folder = os.path.join(self.shared, "assets", "golden", item["golden"])
            found = {}
            for source in item["inputs"]:
                files = glob.glob(os.path.join(glob.escape(folder), "input_*.npy"))
                found.update({source: file for file in files if os.path.basename(file) == f"input_{source.replace('/', '_').replace(':', '_')}.npy"})
            if len(found) == len(item["inputs"]):
                return [word for source, file in found.items() for word in ("--calibrate", f"{source}={file}")]
        return []

    def noise(self, model):
        """Calibration options with four random samples for each input, as the entry level declares them."""
        self.run(model, "--emit=entry", "-q", "-o", self.path("entry.mlir"))
        with open(self.path("entry.mlir"), encoding="utf-8") as file:
            head = next(line for line in file if "func.func @main" in line).split("->")[0]
        options, rng = [], numpy.random.default_rng(1)
        for number, (dims, kind, name) in enumerate(re.findall(r'tensor<((?:\d+x)*)(\w+)> \{cim\.name = "([^"]*)"', head)):
            shape = [4, *(int(extent) for extent in dims.split("x")[1:-1])]
            sample = rng.standard_normal(shape).astype(numpy.float32) if kind == "f32" else numpy.zeros(shape, numpy.int64 if kind == "i64" else numpy.int8)
            numpy.save(self.path(f"noise{number}.npy"), sample)
            options += ["--calibrate", f"{name}={self.path(f'noise{number}.npy')}"]
        return options

    def compile(self, model, options, repeats):
        best = None
        for _ in range(repeats):
            self.run(model, *options, "-q", "--report", self.path("report.json"), "-o", self.path("out.cimb"))
            with open(self.path("report.json"), encoding="utf-8") as file:
                report = json.load(file)
            report["seconds"] = report["compile_seconds"] - report["phase_seconds"].get("calibrate", 0)
            best = report if best is None or report["seconds"] < best["seconds"] else best
        return best

    def timing(self):
        """Seconds to simulate the binary that was compiled last: the best of three."""
        best = None
        for _ in range(3):
            start = time.perf_counter()
            done = subprocess.run([self.cimc_run, self.path("out.cimb"), "--timing"], capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - start
            if done.returncode != 0:
                raise Failure(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"exit status {done.returncode}")
            best = seconds if best is None else min(best, seconds)
        return best

    def on_some_target(self, name, model):
        """The report for the first target that the model fits; raises the first target's message if it fits none."""
        first = None
        for target, options in (("hermes", ["--target", "hermes"]), ("generic", LARGE)):
            for samples in (lambda: [], lambda: self.golden(name), lambda: self.noise(model)):
                try:
                    words = options + samples()
                    self.compile(model, words, 1)
                    return target, self.compile(model, words, 2)
                except Failure as error:
                    first = first or (None if "give samples" in str(error) else error)
                    if "--calibrate" not in str(error) and "sample" not in str(error):
                        break
        raise first


def networks(shared, folder):
    """(name, file or none if it must be made, limit in seconds)"""
    for path in sorted(glob.glob(os.path.join(shared, "assets", "models", "*.onnx"))):
        yield os.path.basename(path)[:-5], path, MODEL_LIMIT
    for path in sorted(glob.glob(os.path.join(shared, "assets", "topologies", "*.onnx"))):
        yield os.path.basename(path)[:-5], path, None
    for name, limit in LIMITS.items():
        yield name, os.path.join(folder, name + ".onnx"), limit


def row(compiler, name, model, limit):
    """Prints a line; true if it keeps its limits."""
    if not os.path.exists(model):
        subprocess.run([sys.executable, os.path.join(ROOT, "utils", "make_topology.py"), name, "-o", model], check=True, stdout=subprocess.DEVNULL)
    try:
        target, report = compiler.on_some_target(name, model)
        timing = compiler.timing()
    except Failure as error:
        print(f"{name:28} {str(error).replace(model, '')[:150]}", flush=True)
        return False
    peak, weights = report["peak_memory_bytes"] / 1e6, os.path.getsize(model) / 1e6
    over = (limit is not None and report["seconds"] > limit) or (limit is not None and peak > 3 * weights + 200) or (limit is not None and timing > TIMING_LIMIT)
    phases = sorted(((seconds, phase) for phase, seconds in report["phase_seconds"].items() if phase != "calibrate"), reverse=True)
    shown = ", ".join(f"{phase} {seconds:.2f}" for seconds, phase in phases[:3] if seconds > 0.005)
    print(f"{name:28} {target:8} {report['seconds']:6.3f} {timing:6.3f} {peak:6.0f} {report['arrays_used']:6d} {report['arrays_bound']:6d} {report['arrays_tile_by_tile']:6d} "
          f"{report['cores_used']:6d} {report['peak_core_memory_bytes']:8d}  {shown}{'  OVER THE LIMIT' if over else ''}", flush=True)
    return not over


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, shared, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    print(f"{'model':28} {'target':8} {'s':>6} {'timing':>6} {'MB':>6} {'arrays':>6} {'bound':>6} {'tiles':>6} {'cores':>6} {'memory':>8}  longest phases")
    with tempfile.TemporaryDirectory() as folder:
        compiler = Compiler(build, shared, folder)
        kept = [row(compiler, *network) for network in networks(shared, folder) if not names or network[0] in names]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
