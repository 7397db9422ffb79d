# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the mean accuracy of a run in mode analog is at most so many points below that of the float model.

Usage: check_drop.py FLOAT.json RUN.json TIME=POINTS...      TIME in s or d
"""

import json
import sys

NS = {"s": 1e9, "d": 86400e9}

reference, run = (json.load(open(path)) for path in sys.argv[1:3])
accuracies = {entry["time_ns"]: entry["top1_mean"] for entry in run["accuracies"]}
failed = False
for limit in sys.argv[3:]:
    time, points = limit.split("=")
    mean = accuracies[float(time[:-1]) * NS[time[-1]]]
    drop = 100 * (reference["top1"] - mean)
    print(f"after {time}: {100 * mean:.2f} %, float {100 * reference['top1']:.2f} %, {drop:.2f} points lost, at most {points}")
    failed |= not drop <= float(points)
sys.exit(failed)
