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
        self.result_ns = float(content["otherData"]["result_ns"])
        self.inferences = content["otherData"]["inferences"]
        self.chips = [{key: float(value) for key, value in chip.items()} for chip in content["otherData"]["chips"]]
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
        match = re.fullmatch(r"chip (\d+) core (\d+)", trace.processes[track[0]])
        if match:
            place = (int(match[1]), int(match[2]), trace.threads[track].split()[0])
            busy[place] += sum(end - start for start, end, _ in slices)
            counts[place] += len(slices)
    for core in timing["cores"]:
        for unit, key in UNITS:
            place = (core["chip"], core["core"], unit)
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
    dynamic = sum(timing["energy_parts_pj"][part] for part in ("array", "digital", "memory", "network", "links", "host")) * trace.inferences
    check(close(total, dynamic), f"energy of all slices {total}, reported {dynamic}")


def power_slices(trace, chip):
    """Starts, ends and names of a chip's states, in picoseconds."""
    for track, slices in trace.slices.items():
        if trace.processes[track[0]] == f"chip {chip}" and trace.threads[track] == "power":
            return sorted((start, end, event["name"]) for start, end, event in slices)
    return []


def check_power(trace, timing):
    """Nothing runs on a chip that is not on, and its states last as long as the report says. Returns what states take, in picojoules."""
    energy = collections.Counter()
    check(len(trace.chips) == len(timing["chips"]), "the trace has the chips of the report")
    for chip, levels in enumerate(trace.chips):
        states = power_slices(trace, chip)
        length = collections.Counter()
        for start, end, name in states:
            length[name] += end - start
        follows = {"waking": {"on"}, "on": {"shutting down"}, "shutting down": {"waking"}}
        for before, after in zip(states, states[1:]):
            check(after[2] in follows[before[2]], f"chip {chip}: '{after[2]}' after '{before[2]}'")
            check(before[1] == after[0] or before[2] == "shutting down", f"chip {chip}: '{after[2]}' follows '{before[2]}' without a gap")
        counts = collections.Counter(name for _, _, name in states)
        reported = timing["chips"][chip]["alone"]
        if trace.inferences == 1:
            for name, key in (("on", "on_ns"), ("waking", "waking_ns"), ("shutting down", "shutting_down_ns")):
                check(abs(length[name] - reported[key] * 1000) <= 1 + len(states), f"chip {chip}: '{name}' for {length[name]} ps, reported {reported[key]} ns")
            check(counts["waking"] == reported["wakes"], f"chip {chip}: wakes {counts['waking']} times, reported {reported['wakes']}")
        switching = (length["waking"] + length["shutting down"]) / 1000
        on = length["on"] / 1000
        energy["idle"] += levels["idle_mw"] * on
        energy["wake"] += levels["idle_mw"] * switching + levels["wake_pj"] * counts["waking"] + levels["shutdown_pj"] * counts["shutting down"]
        energy["gated"] += levels["rest_mw"] * (on + switching) + levels["off_mw"] * (trace.end_ns - on - switching)
        awake = [(start, end) for start, end, name in states if name == "on"]
        for track, slices in trace.slices.items():
            if trace.processes[track[0]].startswith(f"chip {chip} core "):
                for start, end, event in slices:
                    check(any(begin <= start and end <= last + 1 for begin, last in awake), f"chip {chip}: '{event['name']}' from {start} to {end} runs while the chip is not on")
    if trace.inferences == 1:
        for part in ("idle", "wake", "gated"):
            check(close(energy[part], timing["energy_parts_pj"][part], relative=1e-6), f"{part}: states take {energy[part]} pJ, reported {timing['energy_parts_pj'][part]}")
    return sum(energy.values())


def check_links(trace, timing):
    """Messages on links between chips are those of the report, link by link."""
    sent = collections.Counter()
    for track, slices in trace.slices.items():
        if trace.processes[track[0]] == "machine":
            check(re.fullmatch(r"chip \d+ to chip \d+", trace.threads[track]), f"'{trace.threads[track]}' is a link between chips")
            for _, _, event in slices:
                sent["messages"] += 1
                sent["bytes"] += event["args"]["bytes"]
    for key in ("messages", "bytes"):
        expected = trace.inferences * sum(pair[key] * pair["links"] for pair in timing["traffic"])
        check(sent[key] == expected, f"{sent[key]} {key} on links between chips, reported {expected}")
    check(timing["interchip_bytes"] == sum(pair["bytes"] for pair in timing["traffic"]), "bytes between chips are those of all pairs")


def check_counters(trace, timing, states):
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
    expected = states + sum(value for part, value in parts.items() if part not in ("idle", "wake", "gated")) * trace.inferences
    check(close(energy, expected, relative=1e-6), f"power over time gives {energy} pJ, reported {expected}")
    return queues


def main():
    trace = Trace(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        timing = json.load(file)
    idle = {track for track in trace.threads if track not in trace.slices}
    check(all(trace.threads[track] == "power" for track in idle), "every track that is named has slices, but for the power of chips that are always off")
    check(len(trace.spans) == trace.inferences and all(span["b"] < span["e"] <= trace.end_ns + 0.001 for span in trace.spans.values()), "inferences are spans")
    if trace.inferences == 1:
        check(trace.result_ns == timing["latency_ns"], f"the last result is at {trace.result_ns}, the latency is {timing['latency_ns']}")
        check(trace.end_ns == timing["rest_ns"], f"the trace ends at {trace.end_ns}, the machine is at rest at {timing['rest_ns']}")
    check_slices(trace)
    check_cores(trace, timing)
    check_layers(trace, timing)
    check_links(trace, timing)
    queues = check_counters(trace, timing, check_power(trace, timing))
    for problem in problems[:20]:
        print("does not hold:", problem)
    if problems:
        sys.exit(1)
    print(f"{sum(map(len, trace.slices.values()))} slices on {len(trace.slices)} tracks, {queues} FIFOs agree")


if __name__ == "__main__":
    main()
