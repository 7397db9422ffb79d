# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an ONNX model without the onnx package: the few messages of onnx.proto that a network needs, as protobuf bytes.

Messages are lists of byte strings, so that weights are written from where they lie and never copied into a message around them.
"""

import struct

import numpy

DATA_TYPES = {"float32": 1, "int8": 3, "int32": 6, "int64": 7, "bool": 9}
IR_VERSION, OPSET = 8, 17


def varint(value):
    """An integer in base 128, negative ones as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(int(value))


def size(chunks):
    return sum(len(chunk) for chunk in chunks)


def message(field, chunks):
    """A message or string of `chunks` as a field of the one around it."""
    return [varint(field << 3 | 2) + varint(size(chunks)), *chunks]


def text(field, value):
    return b"".join(message(field, [value.encode()]))


def attribute(name, value):
    """A node's attribute: an int, a float, a string, a list of ints, or an array."""
    head = text(1, name)
    if isinstance(value, str):
        return [head, text(4, value), number(20, 3)]
    if isinstance(value, float):
        return [head, varint(2 << 3 | 5) + struct.pack("<f", value), number(20, 1)]
    if isinstance(value, (list, tuple)):
        return [head, b"".join(number(8, item) for item in value), number(20, 7)]
    if isinstance(value, numpy.ndarray):
        return [head, *message(5, tensor("", value)), number(20, 4)]
    return [head, number(3, value), number(20, 2)]


def node(kind, inputs, outputs, attributes):
    """A node, named like its first output."""
    chunks = [text(1, name) for name in inputs] + [text(2, name) for name in outputs] + [text(3, outputs[0]), text(4, kind)]
    for name, value in attributes.items():
        chunks += message(5, attribute(name, value))
    return chunks


def tensor(name, array):
    """A constant; its data is not copied."""
    array = numpy.ascontiguousarray(array)
    chunks = [number(1, extent) for extent in array.shape] + [number(2, DATA_TYPES[array.dtype.name]), text(8, name)]
    return chunks + message(9, [array.data.cast("B") if array.size else b""])


def value_info(name, shape, dtype="float32"):
    dims = b"".join(b"".join(message(1, [number(1, extent)])) for extent in shape)
    of_tensor = [number(1, DATA_TYPES[dtype]), *message(2, [dims])]
    return [text(1, name), *message(2, message(1, of_tensor))]


def write(path, name, nodes, constants, inputs, outputs):
    """Writes the model; `nodes`, `inputs` and `outputs` are messages as made above, `constants` pairs of name and array."""
    graph = [chunk for item in nodes for chunk in message(1, item)] + [text(2, name)]
    for constant, array in constants:
        graph += message(5, tensor(constant, array))
    for field, infos in ((11, inputs), (12, outputs)):
        for info in infos:
            graph += message(field, info)
    model = [number(1, IR_VERSION), text(2, "cimc"), *message(7, graph), *message(8, [text(1, ""), number(2, OPSET)])]
    with open(path, "wb") as file:
        file.writelines(model)
