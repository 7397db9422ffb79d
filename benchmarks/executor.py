#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints how fast the executor runs in each mode, on the same inputs in one run, against the limit of the processor and against ONNX Runtime.

Usage: benchmarks/executor.py BUILD_DIR SHARED [--onnxruntime DIR] [--rounds N] [--json FILE]

resnet20-cifar10 of SHARED, 1,000 images, compiled for `hermes` with reads in 1 and in 4 phases. The executor chooses how many inferences a thread computes side by side, at most 256 in one pair of columns. BUILD_DIR holds bin/cimc, bin/cimc-run and, built with
-DCIMC_BUILD_BENCHMARKS=ON, benchmarks/processor-peaks. DIR is a folder in which `npm install --ignore-scripts onnxruntime-node` was run; without it ONNX Runtime is left out.

cpu ms      processor time per image in one thread, without start and loading (a run with one image is taken off)
of exact    the same of mode exact over it
products    multiply-accumulates that a weight takes: both signs of weights apart with 4 phases, and once more for the variance of noise
of peak     those products per second, over the most that one instruction of the kind can do in one thread (processor-peaks); on a matrix unit a product of 16 bits is two of bytes
256         both figures with --batch 256, more than fit the cache, which must not be slower
ms 1, ms 2  time per image by the clock with one and two threads; on a busy machine only as good as the share of it that was left
MB          peak memory of the process with two threads, the data set included

ONNX Runtime is given 256 images in a call; its first figures are those of a session with one thread, and its share is that of 32-bit floats.

All figures are the best of some rounds; a round runs everything once, so that a busy machine slows all rows alike. Aims are judged by processor time, which a busy machine changes little:
`converters` half as fast as `exact`, `analog` with read noise a third as fast, `exact` as fast as ONNX Runtime. Rows that miss one are marked, and then the exit status is 1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL, DATA, BATCH = "resnet20-cifar10", "cifar10-normal", 256
PHASES = (1, 4)

# Name, phases, options of cimc-run, kind of products, products per weight, least share of the speed of exact. The inputs of all layers but the first have one sign.
ROWS = [
    ("exact", 1, ["--mode=exact"], "int8", 1, None),
    ("converters", 1, ["--mode=converters"], "int8", 1, 1 / 2),
    ("converters", 4, ["--mode=converters"], "int8", 2, 1 / 2),
    ("analog, no read noise", 1, ["--mode=analog", "--no-read-noise"], "int16", 1, None),
    ("analog, no read noise", 4, ["--mode=analog", "--no-read-noise"], "int16", 2, None),
    ("analog", 1, ["--mode=analog"], "int16", 2, 1 / 3),
    ("analog", 4, ["--mode=analog"], "int16", 4, 1 / 3),
]


class Usage:
    """What a process took."""

    def __init__(self, command, environment=None):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode != 0:
                raise RuntimeError(f"{os.path.basename(command[0])}: {err.read().decode(errors='replace').strip()}")
            self.output = out.read().decode()
        self.cpu, self.peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


class Best(dict):
    """The least value seen of each figure."""

    def see(self, **figures):
        for name, value in figures.items():
            self[name] = min(value, self.get(name, value))


class Bench:
    def __init__(self, options, work):
        self.build, self.work, self.onnxruntime = options.build, work, options.onnxruntime
        self.model = os.path.join(options.shared, "assets", "models", MODEL + ".onnx")
        self.rows = {row[:2]: Best() for row in ROWS}
        self.runtime, self.peaks, self.notes, self.version = {1: Best(), 2: Best()}, {}, [], ""
        subprocess.run([sys.executable, os.path.join(ROOT, "utils", "real_data.py"), options.shared, DATA, self.path("x")], check=True)
        subprocess.run([sys.executable, os.path.join(ROOT, "utils", "real_data.py"), options.shared, DATA, self.path("one"), "--first", "1"], check=True)
        for phases in PHASES:
            self.tool("cimc", self.model, "--target", "hermes", "--set", f"read_phases={phases}", "--calibrate", self.path("x-calibration.npy"), "-q", "-o", self.path(f"{phases}.cimb"))
        self.macs = self.run(PHASES[0], "one", ["--timing"])[1]["array_macs"]

    def path(self, name):
        return os.path.join(self.work, name)

    def tool(self, name, *arguments):
        return Usage([os.path.join(self.build, "bin", name), *arguments])

    def run(self, phases, data, options):
        """Usage and figures of a run."""
        used = self.tool("cimc-run", self.path(f"{phases}.cimb"), "--input", self.path(data + ".npy"), *options, "--json", self.path("run.json"))
        with open(self.path("run.json"), encoding="utf-8") as file:
            return used, json.load(file)

    def measure_peaks(self):
        tool = os.path.join(self.build, "benchmarks", "processor-peaks")
        if not os.path.exists(tool):
            self.note("shares of the peak are left out: build processor-peaks with -DCIMC_BUILD_BENCHMARKS=ON")
            return
        for name, peak in json.loads(Usage([tool]).output).items():
            if peak["macs_per_second"] > self.peaks.get(name, {}).get("macs_per_second", 0):
                self.peaks[name] = peak

    def measure(self, row):
        name, phases, options = row[:3]
        best = self.rows[name, phases]
        start, _ = self.run(phases, "one", options + ["--threads", "1"])
        one, figures = self.run(phases, "x", options + ["--threads", "1"])
        self.images = figures["inferences"]
        side, _ = self.run(phases, "x", options + ["--threads", "1", "--batch", str(BATCH)])
        _, figures_two = self.run(phases, "x", options + ["--threads", "2"])
        best.see(start=start.cpu, cpu=one.cpu, side=side.cpu, one=figures["run_seconds"], two=figures_two["run_seconds"], peak=figures_two["peak_memory_bytes"])

    def measure_runtime(self):
        modules = os.path.join(self.onnxruntime or "", "node_modules")
        if not self.onnxruntime or not os.path.isdir(os.path.join(modules, "onnxruntime-node")):
            self.note("ONNX Runtime is left out: no --onnxruntime DIR" if not self.onnxruntime else f"ONNX Runtime is left out: '{modules}' has no onnxruntime-node")
            return
        for threads, best in self.runtime.items():
            command = ["node", os.path.join(ROOT, "benchmarks", "onnxruntime.js"), self.model, self.path("x.npy"), str(BATCH), str(threads)]
            try:
                used = Usage(command, {**os.environ, "NODE_PATH": modules})
            except FileNotFoundError:
                self.note("ONNX Runtime is left out: no node")
                return
            figures = json.loads(used.output)
            self.version = figures.get("version") or ""
            best.see(cpu=figures["cpu_seconds"], seconds=figures["seconds"], peak=used.peak)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def round(self):
        self.measure_peaks()
        for row in ROWS:
            self.measure(row)
        self.measure_runtime()

    def cpu(self, name, phases, figure="cpu"):
        """Seconds per image in one thread; of figure `side` with --batch BATCH."""
        best = self.rows[name, phases]
        return (best[figure] - best["start"]) / (self.images - 1)

    def share(self, kind, products, seconds):
        # What a processor with a matrix unit does in mode analog.
        if kind == "int16" and "int8 tiles" in self.peaks:
            kind, products = "int8 tiles", 2 * products
        peak = self.peaks.get(kind, {}).get("macs_per_second", 0)
        return self.macs * products / seconds / peak if peak else None

    def results(self):
        """A row for each mode, and one for each number of threads of ONNX Runtime."""
        exact, exact_side = self.cpu(*ROWS[0][:2]), self.cpu(*ROWS[0][:2], "side")
        for name, phases, _, kind, products, aim in ROWS:
            best, cpu, side = self.rows[name, phases], self.cpu(name, phases), self.cpu(name, phases, "side")
            yield {"mode": name, "phases": "-" if name == "exact" else phases, "cpu_ms": 1e3 * cpu, "of_exact": exact / cpu, "products": products, "of_peak": self.share(kind, products, cpu),
                   "cpu_ms_256": 1e3 * side, "of_exact_256": exact_side / side,
                   "ms_1_thread": 1e3 * best["one"] / self.images, "ms_2_threads": 1e3 * best["two"] / self.images, "peak_bytes": best["peak"], "aim": aim,
                   "missed": aim is not None and min(exact / cpu, exact_side / side) < aim}
        one, two = self.runtime[1], self.runtime[2]
        if one and two:
            seconds, exact_two = two["seconds"] / self.images, self.rows["exact", 1]["two"] / self.images
            if seconds < exact_two:
                self.note(f"by the clock and with two threads ONNX Runtime was faster than exact ({1e3 * seconds:.3f} ms, {1e3 * exact_two:.3f} ms); that counts if nothing else ran")
            yield {"mode": f"ONNX Runtime {self.version}, float", "phases": "-", "cpu_ms": 1e3 * one["cpu"] / self.images, "of_exact": exact / (one["cpu"] / self.images), "products": 1,
                   "of_peak": self.share("float32", 1, one["cpu"] / self.images),
                   "cpu_ms_256": None, "of_exact_256": None, "ms_1_thread": 1e3 * one["seconds"] / self.images, "ms_2_threads": 1e3 * seconds, "peak_bytes": two["peak"],
                   "aim": "no faster than exact", "missed": one["cpu"] / self.images < exact}


def processor():
    """Name, family and model of the processor, since names of virtual machines say little."""
    fields = {}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition(":")
                fields.setdefault(name.strip(), value.strip())
    except FileNotFoundError:
        return "unknown processor"
    return f"{fields.get('model name', 'unknown processor')}, family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"


def show(bench, results):
    print(processor())
    for name, peak in bench.peaks.items():
        print(f"{name:12} {peak['instruction']:12} {peak['macs_per_second'] / 1e9:8.0f} GMAC/s at most in one thread")
    print(f"{MODEL}, {bench.images} images, {bench.macs / 1e6:.1f} million multiply-accumulates each\n")
    print(f"{'mode':28} {'phases':>6} {'cpu ms':>7} {'of exact':>8} {'products':>8} {'of peak':>8} {'256':>7} {'of exact':>8} {'ms 1':>7} {'ms 2':>7} {'MB':>5}")
    for row in results:
        peak = "-" if row["of_peak"] is None else f"{100 * row['of_peak']:.1f} %"
        side = f"{'-':>7} {'-':>8}" if row["cpu_ms_256"] is None else f"{row['cpu_ms_256']:7.3f} {row['of_exact_256']:8.2f}"
        print(f"{row['mode']:28} {row['phases']:>6} {row['cpu_ms']:7.3f} {row['of_exact']:8.2f} {row['products']:8d} {peak:>8} {side} {row['ms_1_thread']:7.3f} {row['ms_2_threads']:7.3f} "
              f"{row['peak_bytes'] / 1e6:5.0f}" + ("  MISSES ITS AIM" if row["missed"] else ""))
    for note in bench.notes:
        print(note)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("shared")
    parser.add_argument("--onnxruntime", metavar="DIR")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.shared, "assets", "models")):
        parser.error(f"'{options.shared}' must be the folder that contains assets/models")
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    with tempfile.TemporaryDirectory() as work:
        try:
            bench = Bench(options, work)
            for _ in range(options.rounds):
                bench.round()
        except RuntimeError as error:
            sys.exit(f"error: {error}")
        results = list(bench.results())
    show(bench, results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"processor": processor(), "peaks": bench.peaks, "macs": bench.macs, "rows": results}, file, indent=2)
    return 1 if any(row["missed"] for row in results) else 0


if __name__ == "__main__":
    sys.exit(main())
