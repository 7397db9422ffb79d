# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the reports column.json, tile.json and clipped.json of a folder: what scales and clipping do to layers' errors."""

import json
import sys


def layers(name):
    with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
        return [layer["alone_db"] for layer in json.load(file)["accuracy_report"]["layers"]]


column, tile, clipped = layers("column"), layers("tile"), layers("clipped")
print(column, tile, clipped)
assert column[-1] > tile[-1] + 0.1, "columns of the last layer differ, so one scale for all must cost something"
assert all(c > t - 0.01 for c, t in zip(column, tile)), "one scale for a tile must never be better here"
assert all(c > p + 5 for c, p in zip(column, clipped)), "clipping half of the weights must cost at least 5 dB"
