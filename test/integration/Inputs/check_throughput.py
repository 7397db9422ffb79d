#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the timing of one model compiled for latency and for throughput: the interval must be shorter by the factor, on more cores, and no shorter than
the compiler's bound says.

Usage: check_throughput.py LATENCY.json THROUGHPUT.json COMPILATION.json FACTOR       (cimc-run --json twice, cimc --report of the second)
"""

import json
import sys


def main():
    latency, throughput, compilation = (json.load(open(path)) for path in sys.argv[1:4])
    factor = latency["interval_ns"] / throughput["interval_ns"]
    print(f"interval {latency['interval_ns']:.0f} ns on {latency['cores_used']} cores, for throughput "
          f"{throughput['interval_ns']:.0f} ns on {throughput['cores_used']}: factor {factor:.2f}")
    if factor < float(sys.argv[4]):
        sys.exit(f"the factor must be at least {sys.argv[4]}")
    if compilation["copies"] < 1 or throughput["cores_used"] <= latency["cores_used"]:
        sys.exit("copies must use cores that were free")
    if not compilation["busiest_unit_ns_bound"] <= compilation["busiest_unit_ns"] <= throughput["interval_ns"] * 1.001:
        sys.exit(f"the interval must be at least the work of the busiest unit, {compilation['busiest_unit_ns']:.0f} ns, and that at least the bound, "
                 f"{compilation['busiest_unit_ns_bound']:.0f} ns")


if __name__ == "__main__":
    main()
