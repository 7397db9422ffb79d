# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mode converters on the example of digits: usage check_converters.py EXAMPLE WORK, where WORK/quantized.mlir is the quantised network."""

import itertools
import json
import subprocess
import sys

import numpy as np

example, work = sys.argv[1:]
IMAGES, LABELS = f"{example}/images.npy", f"{example}/labels.npy"


def compile_for(name, bits, *options):
    program = f"{work}/{name}.cimb"
    report = f"{work}/{name}-report.json"
    command = ["cimc", f"{work}/quantized.mlir", "--target", "hermes", "--set", f"array.output_bits={bits}", "--report", report, "-q", "-o", program]
    subprocess.run(command + list(options), check=True)
    return program, json.load(open(report))


def run(program, mode, *options):
    output, figures = program + ".npy", program + ".json"
    command = ["cimc-run", program, "--input", IMAGES, "--labels", LABELS, "--output", output, "--json", figures, f"--mode={mode}"]
    subprocess.run(command + list(options), check=True, stdout=subprocess.DEVNULL)
    return np.load(output), json.load(open(figures))["top1"]


def check(condition, what):
    if not condition:
        sys.exit("FAILED: " + what)


machines = itertools.product((1, 4), ("pulse-width", "bit-serial"), ("sign-magnitude", "twos-complement"), ("array", "column"))
for phases, converter, coding, ranges in machines:
    options = [f"array.read_phases={phases}", f"array.input_converter={converter}", f"array.input_coding={coding}"]
    settings = [text for option in options for text in ("--set", option)]
    program, _ = compile_for("exact", 24, *settings, f"--converter-ranges={ranges}")
    check((run(program, "exact")[0] == run(program, "converters")[0]).all(), f"24 bits must be exact: {options}, {ranges}")

calibrate = ["--calibrate", f"{example}/calibration.npy"]
accuracies, distances = [], []
for bits in (10, 6, 4, 3, 1):
    program, report = compile_for(f"{bits}", bits, *calibrate)
    errors = report["converter_relative_errors"]
    check(min(errors.values()) == errors[report["converter_method"]], f"the best method must be chosen of {errors}")
    outputs, top1 = run(program, "converters")
    accuracies.append(top1)
    distances.append(float(np.abs(outputs - run(program, "exact")[0]).mean()))
    for options in (["--threads", "1"], ["--threads", "3", "--batch", "7"], ["--batch", "1"]):
        check((run(program, "converters", *options)[0] == outputs).all(), f"{bits} bits must not depend on {options}")
print("accuracies", accuracies, "distances", distances)
check(all(less < more for less, more in itertools.pairwise(distances)), "fewer bits must lead further away from exact outputs")
# An image near the border of two classes may fall on either side.
check(all(more >= less - 1 / 360 for more, less in itertools.pairwise(accuracies)), "fewer bits must not be better by more than an image")
check(accuracies[0] - accuracies[-1] > 0.02, "one bit must cost accuracy")

# Every method gives a program; a range from samples needs them to be the network's.
for method in ("bound", "max", "percentile", "mse"):
    _, report = compile_for(method, 8, *calibrate, f"--converter-method={method}")
    check(report.get("converter_method", "bound") == method, f"{method} must be taken where it is asked for")
np.save(f"{work}/bad.npy", np.zeros((2, 3, 5), np.float32))
refused = subprocess.run(["cimc", f"{work}/quantized.mlir", "--target", "hermes", "--calibrate", f"{work}/bad.npy", "-o", f"{work}/bad.cimb"],
                         capture_output=True, text=True)
check(refused.returncode == 2 and "--calibrate: input" in refused.stderr, "samples of another shape must be refused: " + refused.stderr)
print("all as they must be")
