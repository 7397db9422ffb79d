#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes small ONNX models from text, for tests.

Usage: onnx_text.py FILE SECTION OUT.onnx

FILE holds sections `=== SECTION`. A section is a model in ONNX's text form (onnx.parser), and before it, one per line, the initializers that the
text form cannot hold:

    init NAME TYPE 8x3x3x3 [VALUE]     TYPE is a numpy type; VALUE fills the tensor, otherwise its elements are ((7 * i) % 13 - 6) / 8, or without
                                       the division for integers
    external NAME FILE OFFSET LENGTH   moves the initializer's data out of the model (the data file is not written)
"""

import sys

import numpy
import onnx
import onnx.parser
from onnx import numpy_helper


def section_lines(path, name):
    """The lines of one section."""
    lines, inside = [], False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("=== "):
                inside = line[4:].strip() == name
            elif inside and not line.startswith("//"):
                lines.append(line)
    if not lines:
        sys.exit(f"{path} has no section '{name}'")
    return lines


def make_initializer(words):
    """The tensor of an `init` line."""
    name, kind, dims = words[1:4]
    shape = [int(dim) for dim in dims.split("x")] if dims != "scalar" else []
    count = int(numpy.prod(shape))
    if len(words) > 4:
        values = numpy.full(count, float(words[4]))
    else:
        values = (7 * numpy.arange(count)) % 13 - 6
        values = values / 8 if numpy.dtype(kind).kind == "f" else values
    return numpy_helper.from_array(values.astype(kind).reshape(shape), name)


def move_out(tensor, words):
    """Replaces the tensor's data by a reference to a file."""
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in zip(("location", "offset", "length"), words[2:5]):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def main():
    path, section, out = sys.argv[1:]
    tensors, text = {}, []
    for line in section_lines(path, section):
        words = line.split()
        if words and words[0] == "init":
            tensors[words[1]] = make_initializer(words)
        elif words and words[0] == "external":
            move_out(tensors[words[1]], words)
        else:
            text.append(line)
    model = onnx.parser.parse_model("".join(text))
    model.graph.initializer.extend(tensors.values())
    with open(out, "wb") as file:
        file.write(model.SerializeToString())


main()
