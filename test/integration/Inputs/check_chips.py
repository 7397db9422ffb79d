#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks one network on several chips: same results as on one, and figures that agree.

usage: check_chips.py FOLDER OBJECTIVE...

FOLDER holds OBJECTIVE.json (of cimc), OBJECTIVE.timing.json (of cimc-run) and OBJECTIVE.npy for each objective, one.npy of one chip with
room for everything, and greedy.json.
"""

import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
one = (folder / "one.npy").read_bytes()
greedy = json.loads((folder / "greedy.json").read_text())
for objective in sys.argv[2:]:
    report = json.loads((folder / f"{objective}.json").read_text())
    timing = json.loads((folder / f"{objective}.timing.json").read_text())
    assert (folder / f"{objective}.npy").read_bytes() == one, f"{objective}: other results than on one chip"
    assert report["chips_used"] == 6, report["chips_used"]
    assert report["weight_bytes_used"] == 11678912
    # The compiler's count is what the program sends.
    assert report["interchip_bytes"] == timing["interchip_bytes"], (report["interchip_bytes"], timing["interchip_bytes"])
    assert report["interchip_bytes"] <= greedy["interchip_bytes"]
    assert 0 < report["interchip_bytes_bound"] <= report["interchip_bytes"]
    # The parts of an overhead add up.
    for what, unit in (("time", "ns"), ("energy", "pj")):
        real, ideal = (report[key] for key in (("latency_ns", "ideal_latency_ns") if what == "time" else ("energy_pj", "ideal_energy_pj")))
        parts = sum(report[f"{what}_overhead_parts_{unit}"].values())
        assert abs(parts - (real - ideal)) < 1e-6 * ideal, (what, parts, real - ideal)
        assert abs(report[f"{what}_overhead"] - (real / ideal - 1)) < 1e-9
    assert abs(timing["latency_ns"] - report["latency_ns"]) < 1
    assert timing["gating_energy_ratio"] >= 1
    print(f"{objective}: time {report['time_overhead']:+.1%}, energy {report['energy_overhead']:+.1%}, "
          f"{report['interchip_bytes']} bytes, at least {report['interchip_bytes_bound']}, greedy {greedy['interchip_bytes']}")
latency, energy = (json.loads((folder / f"{name}.json").read_text()) for name in ("latency", "energy"))
assert latency["time_overhead"] <= 0.04, latency["time_overhead"]
assert energy["energy_pj"] < latency["energy_pj"] and latency["latency_ns"] <= energy["latency_ns"]
