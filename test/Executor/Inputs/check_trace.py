#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds a trace against the timing figures of the same program.

Usage: check_trace.py TRACE.json TIMING.json

Times are compared as whole picoseconds, which is what a trace holds.
"""

import collections
import decimal
import json
import re
import sys

UNITS = [("array", "array_busy_ns"), ("digital", "digital_busy_ns"), ("send", "send_busy_ns"), ("receive", "receive_busy_ns")]
problems = []


def check(holds, message):
    if not holds:
        problems.append(message)


def close(a, b, relative=1e-9, absolute=1e-6):
    return abs(a - b) <= max(absolute, relative * max(abs(a), abs(b)))


class Trace:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            content = json.load(file, parse_float=decimal.Decimal)
        check(content["displayTimeUnit"] == "ns", "the display unit is ns")
        self.end_ns = float(content["otherData"]["end_ns"])
        self.inferences = content["otherData"]["inferences"]
        self.processes, self.threads = {}, {}
        self.slices = collections.defaultdict(list)  # (process, thread) -> (start, end, event)
        self.counters = collections.defaultdict(list)
        self.spans = collections.defaultdict(dict)
        for event in content["traceEvents"]:
            self.add(event)

    def add(self, event):
        track = (event["pid"], event.get("tid"))
        if event["ph"] == "M" and event["name"] == "process_name":
            self.processes[event["pid"]] = event["args"]["name"]
        elif event["ph"] == "M" and event["name"] == "thread_name":
            self.threads[track] = event["args"]["name"]
        elif event["ph"] == "X":
            start = int(event["ts"] * 10**6)
            self.slices[track].append((start, start + int(event["dur"] * 10**6), event))
        elif event["ph"] == "C":
            self.counters[(event["pid"], event["name"])].append((float(event["ts"]) * 1000, event["args"]))
        elif event["ph"] in "be":
            self.spans[event["id"]][event["ph"]] = float(event["ts"]) * 1000
        else:
            check(event["ph"] == "M", f"unknown event {event}")


def check_slices(trace):
    for track, slices in trace.slices.items():
        name = f"{trace.processes[track[0]]}, {trace.threads[track]}"
        for start, end, _ in slices:
            check(0 <= start <= end <= trace.end_ns * 1000 + 1, f"{name}: slice {start} to {end} is within the run")
        ordered = sorted(slices, key=lambda item: item[:2])
        for before, after in zip(ordered, ordered[1:]):
            check(before[1] <= after[0], f"{name}: slices {before[:2]} and {after[:2]} do not overlap")


def check_cores(trace, timing):
    """Busy times of each unit are those of the report."""
    busy, counts = collections.Counter(), collections.Counter()
    for track, slices in trace.slices.items():
        match = re.fullmatch(r"chip 0 core (\d+)", trace.processes[track[0]])
        if match:
            unit = trace.threads[track].split()[0]
            busy[int(match[1]), unit] += sum(end - start for start, end, _ in slices)
            counts[int(match[1]), unit] += len(slices)
    for core in timing["cores"]:
        for unit, key in UNITS:
            place = (core["core"], unit)
            expected = trace.inferences * core[key] * 1000
            check(abs(busy[place] - expected) <= counts[place] + 1e-9 * expected, f"core {place}: busy {busy[place]} ps, reported {expected}")
    check(sum(counts.values()) == trace.inferences * timing["instructions"], f"{sum(counts.values())} instructions, reported {timing['instructions']}")


def check_layers(trace, timing):
    """Names are those of the layers, and so are energies."""
    energy = collections.Counter()
    for track, slices in trace.slices.items():
        if " core " in trace.processes[track[0]]:
            for _, _, event in slices:
                energy[event["name"]] += float(event["args"].get("energy_pj", 0))
    on_host_link = sum(float(e["args"].get("energy_pj", 0)) for t, s in trace.slices.items() if trace.processes[t[0]] == "host" for _, _, e in s)
    known = {layer["name"]: layer["energy_pj"] * trace.inferences for layer in timing["layers"]}
    check(set(energy) <= set(known), f"names {set(energy) - set(known)} are no layers")
    for name in known:
        check(name in energy and close(energy[name], known[name]), f"layer '{name}': {energy[name]} pJ, reported {known[name]}")
    total = sum(energy.values()) + on_host_link
    dynamic = sum(timing["energy_parts_pj"][part] for part in ("array", "digital", "memory", "network", "host")) * trace.inferences
    check(close(total, dynamic), f"energy of all slices {total}, reported {dynamic}")


def check_counters(trace, timing):
    energy, queues = 0, 0
    for (_, name), points in trace.counters.items():
        times = [time for time, _ in points] + [trace.end_ns]
        check(times == sorted(times), f"{name}: times rise")
        if name == "power in mW":
            energy += sum(sum(map(float, args.values())) * (end - begin) for (begin, args), end in zip(points, times[1:]))
            continue
        depth = int(re.search(r"\(of (\d+)\)$", name)[1])
        levels = [args["messages"] for _, args in points]
        check(levels and 0 <= min(levels) and 0 < max(levels) <= depth and levels[-1] == 0, f"{name}: levels {levels}")
        queues += 1
    parts = timing["energy_parts_pj"]
    static = (parts["idle"] + parts["gated"]) * trace.end_ns / timing["latency_ns"]
    expected = static + (sum(parts.values()) - parts["idle"] - parts["gated"]) * trace.inferences
    check(close(energy, expected, relative=1e-6), f"power over time gives {energy} pJ, reported {expected}")
    return queues


def main():
    trace = Trace(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        timing = json.load(file)
    check(set(trace.slices) == set(trace.threads), "every track that is named has slices")
    check(len(trace.spans) == trace.inferences and all(span["b"] < span["e"] <= trace.end_ns + 0.001 for span in trace.spans.values()), "inferences are spans")
    if trace.inferences == 1:
        check(trace.end_ns == timing["latency_ns"], f"the trace ends at {trace.end_ns}, the latency is {timing['latency_ns']}")
    check_slices(trace)
    check_cores(trace, timing)
    check_layers(trace, timing)
    queues = check_counters(trace, timing)
    for problem in problems[:20]:
        print("does not hold:", problem)
    if problems:
        sys.exit(1)
    print(f"{sum(map(len, trace.slices.values()))} slices on {len(trace.slices)} tracks, {queues} FIFOs agree")


if __name__ == "__main__":
    main()
