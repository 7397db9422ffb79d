#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks a report's page without a browser: it is well formed, loads nothing, shows every name as text, and its data are the timing figures.

Usage: check_report.py PAGE.html TIMING.json
"""

import html.parser
import json
import re
import sys

VOID = {"meta", "input", "br", "link", "img", "hr"}
problems = []


def check(holds, message):
    if not holds:
        problems.append(message)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.rows, self.names, self.data = [], [], {}, {}, ""
        self.table, self.fills = None, []
        self.feed(text)
        check(not self.open, f"elements {self.open} are not closed")
        check(len(self.ids) == len(set(self.ids)), "every id is used once")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        for name, value in attributes:
            check(not name.startswith("on"), f"<{tag}> has a handler {name}")
            check(name not in {"src", "href", "srcset", "action"}, f"<{tag}> refers to {value}")
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "table":
            self.table = values.get("class", "").split()[-1]
            self.rows[self.table], self.names[self.table] = 0, []
        if tag == "g" and "used" in values.get("class", ""):
            self.fills.append(dict(item.split(":") for item in values["style"].split(";")))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        check(bool(self.open) and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}")
        if self.open:
            self.open.pop()
        if tag == "tr" and self.table:
            self.rows[self.table] += 1
        if tag == "table":
            self.table = None

    def handle_data(self, text):
        if self.open[-1:] == ["script"] and not self.data:
            self.data = text
        if self.table and self.open[-1:] == ["th"]:
            self.names[self.table].append(text)


def check_timeline(data):
    timing, timeline = data["timing"], data["timeline"]
    check(timeline["end_ns"] == timing["latency_ns"], "lanes end with the inference")
    busy = {}
    for lane in timeline["lanes"]:
        at, total = 0, 0
        numbers = lane["slices"]
        check(len(numbers) % 5 == 0, "five numbers for each slice")
        for i in range(0, len(numbers), 5):
            gap, length, part, label, count = numbers[i:i + 5]
            check(gap >= 0 and length >= 0 and 0 <= part <= length and count >= 1, f"slice {numbers[i:i + 5]} of {lane['name']}")
            check(-1 <= label < len(timeline["labels"]), f"label {label}")
            at += gap + length
            total += part or length
        check(at <= timing["latency_ns"] * 1000 + 1, f"{lane['name']} ends within the run")
        key = (lane["core"], lane["kind"])
        busy[key] = busy.get(key, 0) + total / 1000
    for core in timing["cores"]:
        for kind in ("array", "digital", "send", "receive"):
            expected = core[f"{kind}_busy_ns"]
            check(abs(busy.get((core["core"], kind), 0) - expected) <= 1e-6 * expected + 1, f"core {core['core']}: {kind} busy {busy.get((core['core'], kind))}, reported {expected}")
    pieces = len(timeline["power_mw"]["idle"])
    energy = sum(map(sum, timeline["power_mw"].values())) * timing["latency_ns"] / pieces
    check(abs(energy - timing["energy_pj"]) <= 1e-6 * timing["energy_pj"], f"power adds up to {energy} pJ, reported {timing['energy_pj']}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    with open(sys.argv[2], encoding="utf-8") as file:
        timing = json.load(file)
    empty = set(re.findall(r"{{\w+}}", text)) - set(re.findall(r"{{\w+}}", json.dumps(timing)))
    check(not empty, f"parts {empty} of the template are not filled")
    check(re.search(r"default-src 'none'", text), "the page may load nothing")
    check(not re.search(r"url\(|@import|\bfetch\(|XMLHttpRequest|innerHTML|https?://(?!www\.w3\.org/2000/svg)", text), "the page refers to something outside")
    page = Page(text)
    data = json.loads(page.data)
    check(data["timing"] == {key: value for key, value in timing.items() if key in data["timing"]}, "the page's figures are the reported ones")
    names = [layer["name"].replace("\r", "\n") for layer in timing["layers"]]
    shown = "".join(page.names["layers"])
    check(all(name in shown for name in names), "every layer is in the table")
    check(page.rows["layers"] == len(names) + 1, f"{page.rows['layers']} rows for {len(names)} layers")
    check(page.rows["cores"] == len(timing["cores"]) + 1, f"{page.rows['cores']} rows for {len(timing['cores'])} cores")
    check(len(page.fills) == len(data["cores"]) == timing["cores_used"], f"{len(page.fills)} squares for {timing['cores_used']} cores")
    check(all(0 <= float(share) <= 1 for fill in page.fills for share in fill.values()), "shares lie between 0 and 1")
    check_timeline(data)
    for problem in problems[:20]:
        print("does not hold:", problem)
    if problems:
        sys.exit(1)
    slices = sum(len(lane["slices"]) // 5 for lane in data["timeline"]["lanes"])
    print(f"page with {len(page.fills)} cores, {slices} slices agrees")


if __name__ == "__main__":
    main()
