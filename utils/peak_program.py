#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a program in which every core of a chip reads its full array back to back, to measure what a machine reaches at best.

Usage: peak_program.py ISA.mlir -o OUT.mlir --cores N [--size 256] [--reads 2000] [--requant | --engine]

ISA.mlir is any program of level isa; the machine is taken from it. Each core receives one vector per inference into its memory, reads its array with it --reads times,
and sends the sums of one more read to the host: 32-bit sums of all cores, one row per core. Nothing else happens in between, unless --requant scales and rounds each
result in the digital unit. The weights of core c are rows c and following of one matrix of small numbers.

With --engine the cores are engines, and a read is POSITIONS positions of a convolution of 3x3 places, CHANNELS input and --size output channels.
"""

import argparse
import re
import struct
import sys

CHANNELS, POSITIONS, KERNEL = 16, 14, 3  # of a convolution on an engine
SCRATCH = 2  # slots for sums and results, so that units overlap


def row(buffer, mul):
    return f"#cimisa.row<buffer = {buffer}, mul = {mul}, div = 1, add = 0, offset = 0>"


def weight(position):
    """A number from -3 to 3."""
    return (position * position * 31 + position * 7) % 7 - 3


def resource(values, form):
    return '"0x01000000' + struct.pack(f"<{len(values)}{form}", *values).hex() + '"'


class Writer:
    def __init__(self, options):
        self.n, self.cores, self.options = options.size, options.cores, options
        self.input_bytes, self.input_rows = options.size, 1  # that a core receives
        self.results = options.size                           # of a read
        self.tile_rows = options.size
        self.lines = []

    def read(self, tile, dst):
        n = self.n
        window = (f"#cimisa.window<buffer = 0, mul = 0, div = 1, add = 0, height = 1, width = 1, pitch = {n}, channel = 0, channels = {n}, kernel_h = 1, kernel_w = 1, "
                  f"dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>")
        return (f"cimisa.read {{accumulate = false, direction = #cimisa.direction<forward>, dst = {dst}, first_row = 0 : i32, passes = 1 : i32, tile = {tile} : i32, "
                f"window = {window}}}")

    def requant(self):
        return (f"cimisa.requant {{bias = {row(3, 0)}, channels = {self.n} : i32, dst = {row(5, 1)}, dst_pitch = {self.n} : i32, hi = 127 : i32, lo = -128 : i32, "
                f"positions = 1 : i32, scale = {row(4, 0)}, src = {row(1, 1)}, to = #cimisa.format<i8>, zero_point = 0 : i32}}")

    def buffers(self):
        """(name, bytes of a row, rows, segment and offset of constants)."""
        n = self.n
        yield "vector", self.input_bytes, self.input_rows, None
        yield "sums", 4 * self.results, SCRATCH, None
        yield "result", 4 * self.results, 1, None
        yield "bias", 4 * n, 1, 0
        yield "scale", 4 * n, 1, 4 * n
        yield "rounded", n, SCRATCH, None

    def core(self, core):
        lines, address = [], 0
        for name, size, rows, offset in self.buffers():
            constant = "" if offset is None else f"data = 1 : i32, data_offset = {offset} : i64, "
            lines.append(f'cimisa.buffer "{name}" {{address = {address} : i32, {constant}row_bytes = {size} : i32, rows = {rows} : i32}}')
            address += size * rows
        message = "chunk_bytes = {0} : i32, chunks = 1 : i32, pitch = {0} : i32"
        lines.append(f'cimisa.block "receive" {{ cimisa.recv {{channel = {core} : i32, dst = {row(0, 1)}, {message.format(self.input_bytes)}}} }}')
        lines.append(f'cimisa.block "all" {{ {self.read(core, row(1, 1))} {self.requant() if self.options.requant else ""} }}')
        lines.append(f'cimisa.block "last" {{ {self.read(core, row(2, 0))} cimisa.send {{channel = {self.cores + core} : i32, src = {row(2, 0)}, {message.format(4 * self.results)}}} }}')
        lines.append(f"cimisa.control {{ cimisa.fire 0 times {self.input_rows} cimisa.fire 1 times {self.options.reads} cimisa.fire 2 times 1 }}")
        self.lines += [f"cimisa.core attributes {{chip = 0 : i32, index = {core} : i32, memory_bytes = {address} : i32}} {{", *lines, "}"]

    def stream(self, name, is_input, kind, first, elements, rows):
        # Message c goes to or comes from core c, so each core has a stream of its own.
        for core in range(self.cores):
            self.lines.append(f'cimisa.stream "{name}{core}" {{channels = array<i32: {first + core}>, dims = array<i32: 1, 1, 1, {elements}>, format = #cimisa.format<{kind}>, '
                              f"is_input = {is_input}, row_stride = {elements} : i64, rows = {rows} : i32, shape = array<i64: 1, {rows * elements}>, signed_shift = false, "
                              "strides = array<i32: 0, 0, 0, 1>}")

    def write(self, target, target_type):
        n, cells = self.n, self.tile_rows * self.n + self.n * self.cores
        self.lines += [f'cimisa.program "peak" attributes {{target = dense_resource<target> : {target_type}}} {{', f"cimisa.data dense_resource<weights> : tensor<{cells}xi8>",
                       f"cimisa.data dense_resource<scales> : tensor<{8 * n}xi8>"]
        for core in range(self.cores):
            self.lines.append(f'cimisa.tile "all" {{array = 0 : i32, col = 0 : i32, cols = {n} : i32, core = {core} : i32, data = 0 : i32, offset = {core * n} : i64, pitch = {n} : i32, '
                              f"row = 0 : i32, rows = {self.tile_rows} : i32}}")
        for name, size, ends in (("in", self.input_bytes, "source = -1 : i32, target = {} : i32"), ("out", 4 * self.results, "source = {} : i32, target = -1 : i32")):
            for core in range(self.cores):
                self.lines.append(f'cimisa.channel "{name}" {{depth = 1 : i32, message_bytes = {size} : i32, {ends.format(core)}}}')
        self.stream("in", "true", "i8", 0, self.input_bytes, self.input_rows)
        self.stream("out", "false", "i32", self.cores, self.results, 1)
        for core in range(self.cores):
            self.core(core)
        weights = resource([weight(i) for i in range(cells)], "b")
        scales = resource([0] * (4 * n), "b")[:-1] + struct.pack(f"<{n}f", *[1 / 256] * n).hex() + '"'
        self.lines += ["}", "{-#", "  dialect_resources: { builtin: {", f'    target: "{target}",', f"    weights: {weights},", f"    scales: {scales}", "  } }", "#-}"]
        return "\n".join(self.lines) + "\n"


class EngineWriter(Writer):
    """A convolution without padding: KERNEL rows of the input give one row of results."""

    def __init__(self, options):
        super().__init__(options)
        self.input_bytes, self.input_rows = (POSITIONS + KERNEL - 1) * CHANNELS, KERNEL
        self.results = POSITIONS * self.n
        self.tile_rows = KERNEL * KERNEL * CHANNELS

    def read(self, tile, dst):
        window = (f"#cimisa.window<buffer = 0, mul = 0, div = 1, add = 0, height = {KERNEL}, width = {POSITIONS + KERNEL - 1}, pitch = {CHANNELS}, channel = 0, channels = {CHANNELS}, "
                  f"kernel_h = {KERNEL}, kernel_w = {KERNEL}, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = {POSITIONS}, pad_value = 0>")
        return (f"cimisa.read {{accumulate = false, direction = #cimisa.direction<forward>, dst = {dst}, first_row = 0 : i32, passes = 1 : i32, tile = {tile} : i32, "
                f"window = {window}}}")


def main():
    parser = argparse.ArgumentParser(description="writes a program that reads all arrays back to back")
    parser.add_argument("isa")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--size", type=int, default=256, help="rows and columns of an array")
    parser.add_argument("--reads", type=int, default=2000)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--requant", action="store_true")
    mode.add_argument("--engine", action="store_true", help="cores are engines, and a read is a convolution")
    options = parser.parse_args()
    with open(options.isa, encoding="utf-8") as file:
        text = file.read()
    kind = re.search(r"target = dense_resource<target> : (tensor<\d+xi8>)", text)
    target = re.search(r'^ *target: "(0x[0-9A-F]+)"', text, re.MULTILINE)
    if not kind or not target:
        sys.exit(f"peak_program.py: error: '{options.isa}' holds no program of level isa")
    with open(options.output, "w", encoding="utf-8") as file:
        file.write((EngineWriter if options.engine else Writer)(options).write(target[1], kind[1]))


if __name__ == "__main__":
    main()
