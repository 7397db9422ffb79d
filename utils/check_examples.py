#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the examples in the descriptions of the dialects through cimc-opt, which parses and verifies them.

usage: check_examples.py CIMC_OPT RECORDS.json...     the records as `llvm-tblgen -dump-json` writes them

An example that is a fragment is put where such an op may stand: values that it uses without defining them become
arguments of a function, instructions get a core with buffers, channels and a tile to name.
"""

import json
import re
import subprocess
import sys
import textwrap

WEIGHT = "cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}\n"
MAIN = "func.func @main() { return }\n"
BUFFERS = "".join(f'cimisa.buffer "b{i}" {{address = {i * 64} : i32, row_bytes = 64 : i32, rows = 1 : i32}}\n'
                  for i in range(8))
EMPTY_BLOCKS = "".join(f'cimisa.block "p{i}" {{}}\n' for i in range(4))
CORE_HEAD = "cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 4096 : i32} {\n"
TILE = ('cimisa.tile "t" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 9 : i32, cols = 8 : i32, '
        "data = 0 : i32, offset = 0 : i64, pitch = 8 : i32}\n")
CHANNEL = 'cimisa.channel "c" {source = -1 : i32, target = 0 : i32, message_bytes = 28 : i32, depth = 2 : i32}\n'
STREAM = ('cimisa.stream "s" {is_input = true, format = #cimisa.format<i8>, shape = array<i64: 1>, rows = 1 : i32, '
          "row_stride = 1 : i64, dims = array<i32: 1, 1, 1, 1>, strides = array<i32: 0, 0, 0, 1>, "
          "channels = array<i32: 0>, signed_shift = false}\n")
CORE = CORE_HEAD + BUFFERS + EMPTY_BLOCKS + "cimisa.control {\n}\n}\n"
# The tables of a program in their order; an example of one of them stands in its place.
TABLES = {"data": "cimisa.data dense<1> : tensor<72xi8>\n" * 2, "tile": TILE, "channel": CHANNEL * 2, "stream": STREAM,
          "core": CORE}


def split_types(text):
    """The types of a comma-separated list, commas inside brackets apart."""
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char in "<([{") - (char in ">)]}")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return [p for p in parts + [part.strip()] if p]


def in_function(example):
    """The example in a function whose arguments are the operands that it leaves undefined."""
    flat = " ".join(example.split())
    signature = re.search(r" : ((?:(?! : )[^{}])*?) -> ", flat)
    head, types = (flat[: signature.start()], signature[1].strip()) if signature else ("", "")
    used = re.findall(r"%\w+", re.sub(r"^%\w+ = ", "", head.split("{")[0]))
    types = split_types(types[1:-1] if types.startswith("(") else types)
    arguments = ", ".join(f"{name}: {kind}" for name, kind in zip(used, types))
    return f"{WEIGHT}func.func @main({arguments}) {{\n{example}\nreturn\n}}\n"


def in_program(table, example):
    tables = {**TABLES, table: (TABLES[table] if table in ("data", "tile", "channel", "stream") else "") + example + "\n"}
    body = "".join(tables.values())
    return f'cimisa.program "p" attributes {{target = dense<0> : tensor<4xi8>}} {{\n{body}}}\n'


def in_core(buffers="", block="", control=""):
    return in_program("core", CORE_HEAD + BUFFERS + buffers + EMPTY_BLOCKS + block + (control or "cimisa.control {\n}\n") + "}")


def wrap_isa(op, example):
    if op == "program":
        return example
    if op in TABLES:
        return in_program(op, example)
    if op in ("loop", "end", "fire", "shutdown"):
        opened = "cimisa.loop 2\n" if op == "end" else ""
        return in_core(control=f"cimisa.control {{\n{opened}{example}\n}}\n")
    if op == "buffer":
        return in_core(buffers=example + "\n")
    if op == "control":
        return in_core(control=example + "\n")
    return in_core(block=example + "\n" if op == "block" else f'cimisa.block "x" {{\n{example}\n}}\n')


def wrap_cim(op, example):
    if op == "weight" or "func.func" in example:
        return example
    if op == "schedule":
        return MAIN + example
    if op == "core_program" or op == "fifo":
        return f"{MAIN}cim.schedule @main {{\n{example}\n}}\n"
    if op in ("region", "fire", "loop", "wake", "shutdown"):
        return (f"{MAIN}cim.schedule @main {{\ncim.core_program attributes {{core = 0 : i64, memory_bytes = 1024 : i64}} "
                f"{{\n{example}\n}}\n}}\n")
    return in_function(example)


def wrap_attribute(example):
    if example.startswith("#cim.rows"):
        return f"func.func private @main(tensor<1x4x4xi8, {example}>)\n"
    return f"module attributes {{test.example = {example}}} {{}}\n"


def examples(records):
    """(name, module text) of each example of this project's ops and attributes."""
    for kind in ("Op", "AttrDef"):
        for name in records["!instanceof"].get(kind, []):
            if not name.startswith(("Cim_", "CimIsa_")):
                continue
            record = records[name]
            for block in re.findall(r"```mlir\n(.*?)```", textwrap.dedent(record["description"] or ""), re.S):
                block = textwrap.dedent(block).strip()
                if kind == "AttrDef":
                    yield name, wrap_attribute(block)
                else:
                    wrap = wrap_isa if name.startswith("CimIsa_") else wrap_cim
                    yield name, wrap(record["opName"], block)


def main():
    tool, count, failed = sys.argv[1], 0, 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            records = json.load(file)
        for name, module in examples(records):
            count += 1
            result = subprocess.run([tool, "--allow-unregistered-dialect"], input=module, capture_output=True, text=True)
            if result.returncode != 0:
                failed += 1
                print(f"{name}: the example is not valid:\n{module}\n{result.stderr}")
    print(f"{count} examples, {failed} not valid")
    sys.exit(1 if failed or not count else 0)


if __name__ == "__main__":
    main()
