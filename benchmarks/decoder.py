#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Maps a network of as many arrays as the linear layers of a 7-billion-parameter decoder to HERMES chips, and prints what that takes.

usage: decoder.py BUILD [--blocks N]

The network is a chain of matrices of 4096 x 4096 and 4096 x 11008 weights, one token long, at level `cim`. All weights are 1 and stored once, so that
only mapping is measured. 42 blocks are 100,800 arrays of 256 x 256.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

WIDTH, HIDDEN = 4096, 11008
MATRICES = [("q", WIDTH, WIDTH), ("k", WIDTH, WIDTH), ("v", WIDTH, WIDTH), ("o", WIDTH, WIDTH), ("up", WIDTH, HIDDEN), ("down", HIDDEN, WIDTH)]
LAYER = ("kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, "
         "pad_value = 0 : i32, scale = dense<0.5>")


def rows(columns):
    return f"tensor<1x1x1x{columns}xi8, #cim.rows<1>>"


def network(blocks):
    weights, body, last = [], [], "%in"
    for block in range(blocks):
        for name, height, width in MATRICES:
            weights.append(f"cim.weight @b{block}{name} {{value = dense<1> : tensor<1x{height}x{width}xi8>}}")
            made = f"%b{block}{name}"
            body.append(f"{made} = cim.forward {last}, @b{block}{name} {{{LAYER} : tensor<{width}xf32>}} : ({rows(height)}) -> {rows(width)}")
            last = made
    plain = f"tensor<1x1x1x{WIDTH}xi8>"
    order = "{permutation = array<i64: 0, 1, 2, 3>}"
    head = f'func.func @main(%x: {plain}) -> {plain} {{\n%in = cim.input %x, "x" {order} : {plain} -> {rows(WIDTH)}'
    tail = f'%y = cim.output {last}, "y" {order} : {rows(WIDTH)} -> {plain}\nreturn %y : {plain}\n}}'
    return "\n".join(weights + [head] + body + [tail]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--blocks", type=int, default=42)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, report = pathlib.Path(folder) / "decoder.mlir", pathlib.Path(folder) / "report.json"
        model.write_text(network(options.blocks))
        subprocess.run([options.build / "bin" / "cimc", model, "--target", "hermes", "--chips", "auto", "--emit=placed", "-q", "--report", report,
                        "-o", pathlib.Path(folder) / "placed.mlir"], check=True)
        figures = json.loads(report.read_text())
    print(f"{figures['arrays_used']} arrays (area {figures['arrays_bound']}) on {figures['chips_used']} chips: "
          f"{figures['compile_seconds']:.1f} s, {figures['peak_memory_bytes'] / 1e6:.0f} MB (wanted: 60 s, 4000 MB)")


if __name__ == "__main__":
    main()
