# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network under construction: nodes, constants, random weights, and the marks of its 8-bit form."""

import numpy

from topologies import onnx_file


def level_table(rng, bits):
    """65536 draws of a bell-shaped distribution over the 2^bits levels of two's complement (1 bit: -1 and 1), to draw from again."""
    draws = rng.standard_normal(65536)
    if bits == 1:
        return numpy.where(draws < 0, -1, 1).astype(numpy.int8)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    # Three standard deviations reach the last level, but few levels are used more evenly.
    return numpy.clip(numpy.rint(draws * max(high / 3, 1.0)), low, high).astype(numpy.int8)


class Graph:
    """Nodes and constants. Activations are about as large everywhere, so that one scale serves all of them."""

    scale = numpy.float32(1 / 32)

    def __init__(self, seed, bits, as_float):
        self.rng = numpy.random.default_rng(seed)
        self.as_float = as_float
        self.levels = level_table(self.rng, bits)
        self.spread = float(self.levels.std())
        self.nodes, self.constants, self.inputs, self.outputs = [], {}, [], []
        self.weights = 0

    def input(self, name, shape):
        """A network input and its 8-bit form."""
        self.inputs.append(onnx_file.value_info(name, shape))
        return self.mark(name)

    def output(self, name, shape):
        self.outputs.append(onnx_file.value_info(name, shape))

    def constant(self, name, array, dtype=numpy.float32):
        self.constants[name] = numpy.asarray(array, dtype)
        return name

    def node(self, kind, name, inputs, **attributes):
        """A node with one result, which has the node's name."""
        self.nodes.append(onnx_file.node(kind, inputs, [name], attributes))
        return name

    def mark(self, value, scale=None):
        """The 8-bit form of a tensor."""
        if self.as_float:
            return value
        scale = self.constant(value + ".scale", self.scale if scale is None else scale)
        zero = self.constant(value + ".zero", 0, numpy.int8)
        quantized = self.node("QuantizeLinear", value + ".q", [value, scale, zero])
        return self.node("DequantizeLinear", value + ".dq", [quantized, scale, zero])

    def weight(self, name, shape, fan_in, gain=2.0):
        """Random weights whose sums over `fan_in` inputs have `gain` times the inputs' mean square."""
        count = int(numpy.prod(shape))
        self.weights += count
        values = self.levels[numpy.frombuffer(self.rng.bytes(2 * count), numpy.uint16)].reshape(shape)
        scale = numpy.float32(numpy.sqrt(gain / fan_in) / self.spread)
        if self.as_float:
            return self.constant(name + ".weight", values * scale)
        inputs = [self.constant(name + ".weight", values, numpy.int8), self.constant(name + ".ws", scale)]
        return self.node("DequantizeLinear", name + ".w", inputs + [self.constant(name + ".wz", 0, numpy.int8)])

    def bias(self, name, extent):
        return self.constant(name + ".bias", numpy.zeros(extent))

    def write(self, path, name):
        onnx_file.write(path, name, self.nodes, self.constants.items(), self.inputs, self.outputs)
