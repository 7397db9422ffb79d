#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes published networks as ONNX files with random weights, for questions of mapping, size and speed.

Usage: make_topology.py NAME -o FILE.onnx [--bits 32|8] [--seed N]

NAME is resnet9-hermes. --bits 8 writes the model in QDQ form, so that it compiles without calibration samples; 32 writes floats. The accuracy of such a model means nothing.

resnet9-hermes is the ResNet-9 that IBM ran on HERMES for CIFAR-10: 1,866,536 weights, 40 arrays of 256 x 256 tile by tile. Matrix sizes are the paper's; where its two residual
connections join is inferred from its figure.
"""

import argparse

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes and constants of a network under construction. Activations are about as large everywhere, so one scale serves all of them."""

    scale = numpy.float32(1 / 32)

    def __init__(self, seed, bits):
        self.rng = numpy.random.default_rng(seed)
        self.bits = bits
        self.nodes, self.constants = [], []
        self.weights = 0

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def node(self, kind, name, inputs, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def mark(self, value):
        """The 8-bit form of a tensor."""
        if self.bits != 8:
            return value
        scale, zero = self.constant(value + ".scale", self.scale), self.constant(value + ".zero", numpy.int8(0))
        q = self.node("QuantizeLinear", value + ".q", [value, scale, zero])
        return self.node("DequantizeLinear", value + ".dq", [q, scale, zero])

    def weight(self, name, shape, fan_in):
        self.weights += int(numpy.prod(shape))
        values = (self.rng.standard_normal(shape) * numpy.sqrt(2 / fan_in)).astype(numpy.float32)
        if self.bits != 8:
            return self.constant(name + ".weight", values)
        scale = numpy.float32(numpy.abs(values).max() / 127)
        q = self.constant(name + ".weight", numpy.rint(values / scale).astype(numpy.int8))
        inputs = [q, self.constant(name + ".ws", scale), self.constant(name + ".wz", numpy.int8(0))]
        return self.node("DequantizeLinear", name + ".w", inputs)

    def conv(self, name, source, inside, outside, last=True):
        """A 3x3 convolution with its Relu."""
        kernel = self.weight(name, (outside, inside, 3, 3), inside * 9)
        bias = self.constant(name + ".bias", numpy.zeros(outside, numpy.float32))
        value = self.node("Conv", name, [source, kernel, bias], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        return self.mark(self.node("Relu", name + ".relu", [value]) if last else value)

    def pool(self, name, source, size):
        return self.mark(self.node("MaxPool", name, [source], kernel_shape=[size, size], strides=[size, size]))

    def residual(self, name, source, channels, first):
        """Two convolutions whose result is added to their input."""
        value = self.conv(f"Conv{first}", source, channels, channels)
        value = self.conv(f"Conv{first + 1}", value, channels, channels)
        return self.mark(self.node("Add", name, [value, source]))


def resnet9_hermes(graph):
    value = graph.mark("image")
    value = graph.conv("Conv0", value, 3, 56)
    value = graph.pool("Pool0", graph.conv("Conv1", value, 56, 112), 2)
    value = graph.residual("Add0", value, 112, 2)
    value = graph.pool("Pool1", graph.conv("Conv4", value, 112, 224), 2)
    value = graph.pool("Pool2", graph.conv("Conv5", value, 224, 224), 2)
    value = graph.residual("Add1", value, 224, 6)
    value = graph.node("Flatten", "Flatten", [graph.pool("Pool3", value, 4)])
    kernel = graph.weight("Dense", (224, 10), 224)
    bias = graph.constant("Dense.bias", numpy.zeros(10, numpy.float32))
    graph.node("Gemm", "logits", [value, kernel, bias])
    return [1, 3, 32, 32], "image", [1, 10], "logits"


TOPOLOGIES = {"resnet9-hermes": resnet9_hermes}


def main():
    parser = argparse.ArgumentParser(description="writes published networks with random weights")
    parser.add_argument("name", choices=sorted(TOPOLOGIES))
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--bits", type=int, choices=[8, 32], default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    graph = Graph(options.seed, options.bits)
    in_shape, source, out_shape, result = TOPOLOGIES[options.name](graph)
    proto = helper.make_graph(graph.nodes, options.name, [helper.make_tensor_value_info(source, TensorProto.FLOAT, in_shape)],
                              [helper.make_tensor_value_info(result, TensorProto.FLOAT, out_shape)], graph.constants)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 13)], producer_name="cimc")
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, options.output)
    print(f"{options.name}: {graph.weights} weights")


if __name__ == "__main__":
    main()
