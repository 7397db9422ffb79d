#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares accuracies of analog runs with the exact one."""

import json
import sys

folder = sys.argv[1]


def analog(name):
    report = json.load(open(f"{folder}/{name}.json"))
    return report["accuracies"][0]["top1_mean"] if "accuracies" in report else report["top1"]


exact = json.load(open(folder + "/exact.json"))["top1"]
now, column, drifted = analog("now"), analog("column"), analog("drifted")
print(f"exact {exact:.4f}, now {now:.4f}, after an hour {column:.4f} with and {drifted:.4f} without compensation")
assert exact > 0.99
assert now > exact - 0.03
assert column > exact - 0.05
assert drifted < column - 0.05
