# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks relations between the figures of an accuracy report that hold for any device."""

import json
import sys

report = json.load(open(sys.argv[1]))
layers = report["accuracy_report"]["layers"]
assert abs(sum(layer["share"] for layer in layers) - 1) < 1e-9, layers
first, last = layers[0], layers[-1]
assert first["all_db"] == first["alone_db"], first
assert abs(last["alone_db"] - last["outputs_db"]) < 1e-3, last
for layer in layers[1:]:
    assert layer["all_db"] < layer["alone_db"] + 0.5, layer
by_share = sorted(layers, key=lambda layer: layer["share"])
by_outputs = sorted(layers, key=lambda layer: -layer["outputs_db"])
assert by_share == by_outputs, (by_share, by_outputs)
assert abs(last["all_db"] - report["accuracy_report"]["outputs_db"]) < 1e-3, report
assert report["accuracy_report"]["top1"] == report["top1"], report
