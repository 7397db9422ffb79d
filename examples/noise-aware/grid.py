#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains networks with more and more noise on their weights, and shows what accuracy each of them keeps on cells that deviate.

Usage: grid.py FOLDER [--train-noise 0,0.05,...] [--seeds 10] [--target hermes] [options of train.py]

Each network is compiled for the target with the cells of weight-noise.yaml, of 0, 5, 10 and 15 %, and run on the modelled machine (cimc-run --mode=analog). Prints the
mean accuracy over the seeds in percent, and that of the same network in PyTorch with noise on its float weights and nothing else: a second opinion, which
knows nothing of quantised weights, arrays and converters.

With --lost-at-least NOISE=POINTS (or --lost-at-most) the script fails where the network that was trained with that noise loses less (more) points at 15 % on the machine.
Needs cimc and cimc-run in PATH, and what train.py needs.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

import train
import data

CELLS = pathlib.Path(__file__).resolve().parent / "weight-noise.yaml"
RANGE = 100  # uS: g_max - g_min of these cells


def on_machine(folder, options, noise):
    """Mean accuracy in percent over the seeds, of cells that deviate so that weights have this noise."""
    binary, result = folder / "model.cimb", folder / "result.json"
    subprocess.run(["cimc", folder / "model.onnx", "--target", options.target, "--set", f"device={CELLS}",
                    "--set", f"device.programming.0.polynomial.0={noise * RANGE / math.sqrt(2):.6g}",
                    "--calibrate", folder / "calibration.npy", "-q", "-o", binary], check=True)
    seeds = options.seeds if noise else 1
    subprocess.run(["cimc-run", binary, "--input", folder / "images.npy", "--labels", folder / "labels.npy", "--mode=analog", f"--seeds={seeds}", "--json", result],
                   check=True, stdout=subprocess.DEVNULL)
    figures = json.loads(result.read_text())
    return 100 * (figures["accuracies"][0]["top1_mean"] if seeds > 1 else figures["top1"])


def noises(text):
    return [float(part) for part in text.split(",")]


def limits(entries):
    return {float(noise): float(points) for noise, points in (entry.split("=") for entry in entries)}


def main():
    parser = argparse.ArgumentParser(description="accuracy over noise in training and noise of cells")
    train.add_options(parser)
    parser.add_argument("--train-noise", type=noises, default=noises("0,0.05,0.1,0.15,0.2,0.25,0.3"))
    parser.add_argument("--target", default="hermes")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--lost-at-least", action="append", default=[], metavar="NOISE=POINTS")
    parser.add_argument("--lost-at-most", action="append", default=[], metavar="NOISE=POINTS")
    options = parser.parse_args()
    for noise in options.train_noise:
        train.check_noise(parser, noise)
    least, most, failed = limits(options.lost_at_least), limits(options.lost_at_most), []
    samples = data.load(options.mnist)
    heads = " ".join(f"{100 * level:5g} %" for level in train.TEST_NOISE)
    print(f"{options.network}, accuracy on {samples[2]} test images in percent, mean of {options.seeds} seeds on '{options.target}', {options.draws} in PyTorch\n"
          f"  trained     on the machine, with weight noise of    in PyTorch\n  with        {heads}         {heads}")
    for noise in options.train_noise:
        folder = options.folder / f"noise-{noise:g}"
        torch_rates = train.train_and_export(folder, samples, options, noise)
        rates = [on_machine(folder, options, level) for level in train.TEST_NOISE]
        print(f"  {100 * noise:4g} %    " + "".join(f"{rate:8.2f}" for rate in rates) + "        " + "".join(f"{rate:8.2f}" for rate in torch_rates), flush=True)
        lost = rates[0] - rates[-1]
        if not least.get(noise, -math.inf) <= lost <= most.get(noise, math.inf):
            failed.append(f"trained with {100 * noise:g} % noise it loses {lost:.2f} points, not between {least.get(noise, 0):g} and {most.get(noise, 100):g}")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
