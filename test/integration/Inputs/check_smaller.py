#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a program in f16 needs less memory than the same in f32, and less energy for memory, and prints both.

  check_smaller.py F32-REPORT.json F16-REPORT.json F32-TIMING.json F16-TIMING.json
"""

import json
import sys

wide, half, wide_timing, half_timing = [json.load(open(path)) for path in sys.argv[1:5]]
figures = {"peak bytes of a core": [report["peak_core_memory_bytes"] for report in (wide, half)],
           "energy of memory, pJ": [timing["energy_parts_pj"]["memory"] for timing in (wide_timing, half_timing)]}
for name, (before, after) in figures.items():
    print(f"{name}: {before:.0f} in f32, {after:.0f} in f16")
if not all(after < before for before, after in figures.values()):
    sys.exit("f16 must need less than f32")
