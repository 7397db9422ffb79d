#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a small valid ONNX model from a seed, with inputs for it: material for comparing the compiler with its oracles.

Usage: random_network.py SEED OUT.onnx INPUT.npy [--samples N] [--kind float|qdq]

A network is a chain of steps on a small map: convolutions (grouped, depthwise, strided, dilated, padded to one side), pools (ceil_mode, pads),
activations, normalisation, residual sums, concatenations, products of branches; then a global pool or a flatten and dense layers. The kind is float (to be calibrated
with INPUT.npy) or quantised in QDQ form, where every tensor has a scale and a zero point of its own. The same seed gives the same bytes.
"""

import argparse

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    """A model under construction. A value is (name, channels, height, width)."""

    def __init__(self, seed, quantised):
        self.rng = numpy.random.default_rng(seed)
        self.quantised = quantised
        self.per_channel = self.chance(0.5)
        self.unsigned = quantised and self.chance(0.3)
        self.scales = {}
        self.nodes, self.constants, self.count = [], [], 0

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def name(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def constant(self, array, prefix="c"):
        name = self.name(prefix)
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def node(self, kind, inputs, **attributes):
        """Adds a node of one result; gives the result's name."""
        result = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, inputs, [result], name=f"{result}_node", **attributes))
        return result

    def zero_point(self):
        dtype, middle = (numpy.uint8, 128) if self.unsigned else (numpy.int8, 0)
        return dtype(middle + (self.rng.integers(-40, 41) if self.chance(0.7) else 0))

    def mark(self, name, like=None):
        """In a quantised model: Q and DQ behind a tensor, with new parameters or those of another tensor."""
        if not self.quantised:
            return name
        if like in self.scales:
            scale, zero, number = self.scales[like]
        else:
            number = numpy.float32(self.pick(1 / 32, self.rng.uniform(0.015, 0.06)))
            scale, zero = self.constant(number, "scale"), self.constant(self.zero_point(), "zero")
        q = self.node("QuantizeLinear", [name, scale, zero])
        result = self.node("DequantizeLinear", [q, scale, zero])
        self.scales[result] = (scale, zero, number)
        return result

    def weight(self, shape, fan_in, axis):
        """A weight and what its scale is per output channel."""
        values = (self.rng.standard_normal(shape) * 1.3 / numpy.sqrt(fan_in)).astype(numpy.float32)
        if not self.quantised:
            return self.constant(values, "w"), None
        limit = numpy.abs(values).max(axis=tuple(i for i in range(len(shape)) if i != axis), keepdims=True)
        if not self.per_channel:
            limit = numpy.full_like(limit, limit.max())
        scale = (limit / 127).astype(numpy.float32)
        q = self.constant(numpy.clip(numpy.rint(values / scale), -127, 127).astype(numpy.int8), "w")
        scale = scale.reshape(-1)
        if not self.per_channel:
            zero = self.constant(numpy.int8(0), "wz")
            return self.node("DequantizeLinear", [q, self.constant(scale[0], "ws"), zero]), scale
        zero = self.constant(numpy.zeros(len(scale), numpy.int8), "wz")
        return self.node("DequantizeLinear", [q, self.constant(scale, "ws"), zero], axis=axis), scale

    def bias(self, channels, source, scale):
        values = (self.rng.standard_normal(channels) * 0.3).astype(numpy.float32)
        if not self.quantised or self.chance(0.2):
            return self.constant(values, "b")
        product = (scale * self.scales[source][2]).astype(numpy.float32)
        if not self.per_channel:
            product = product[:1]
        q = self.constant(numpy.rint(values / product).astype(numpy.int32), "b")
        if not self.per_channel:
            return self.node("DequantizeLinear", [q, self.constant(product[0], "bs")])
        return self.node("DequantizeLinear", [q, self.constant(product, "bs")], axis=0)

    def activation(self, name, linear=0.3):
        """Perhaps an activation behind a layer, then the mark."""
        if self.chance(linear):
            return self.mark(name)
        kind = self.pick("Relu", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid")
        if kind == "HardSigmoid":
            kind = "Relu"
        if kind == "Clip":
            low, high = numpy.float32(self.pick(0.0, 0.0, -1.0)), numpy.float32(self.pick(6.0, 1.5))
            return self.mark(self.node("Clip", [name, self.constant(low), self.constant(high)]))
        if kind in ("LeakyRelu", "Sigmoid", "Tanh"):
            name = self.mark(name)
        extra = {"alpha": float(numpy.float32(self.rng.uniform(0.01, 0.3)))} if kind == "LeakyRelu" else {}
        return self.mark(self.node(kind, [name], **extra))

    # Steps on maps.

    def conv(self, value, channels=None, same=False, kernel=None):
        source, inside, height, width = value
        groups = 1
        depthwise = channels is None and self.chance(0.25)
        if depthwise:
            groups, channels = inside, inside * self.pick(1, 1, 1, 2)
        elif channels is None:
            channels = int(self.rng.integers(1, 25))
            if inside % 2 == 0 and self.chance(0.2):
                groups, channels = 2, channels + channels % 2
        kernel = kernel or (self.pick(1, 2, 3, 3), self.pick(1, 2, 3, 3))
        if same:
            kernel = (self.pick(1, 3),) * 2
        stride, dilation = ((1, 1), (1, 1))
        if not same and self.chance(0.3):
            stride = (self.pick(1, 2), self.pick(1, 2, 3))
        if not same and self.chance(0.2):
            dilation = (2, self.pick(1, 2))
        span = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
        if same:
            pads = [span[0] // 2, span[1] // 2] * 2
        else:
            pads = [int(self.rng.integers(0, span[i % 2])) for i in range(4)]
            for i, size in enumerate((height, width)):
                pads[i] += max(0, span[i] - size - pads[i] - pads[i + 2])
        height, width = ((size + pads[i] + pads[i + 2] - span[i]) // stride[i] + 1 for i, size in enumerate((height, width)))
        fan_in = inside // groups * kernel[0] * kernel[1]
        weight, scale = self.weight((channels, inside // groups, *kernel), fan_in, 0)
        inputs = [source, weight]
        if self.chance(0.8):
            inputs.append(self.bias(channels, source, scale))
        name = self.node("Conv", inputs, kernel_shape=list(kernel), strides=list(stride), dilations=list(dilation), pads=pads, group=groups)
        return name, channels, height, width

    def step_conv(self, value):
        name, *rest = self.conv(value)
        if not self.quantised and self.chance(0.3):
            channels = rest[0]
            parameters = [self.rng.uniform(0.5, 1.5, channels), self.rng.normal(0, 0.3, channels), self.rng.normal(0, 0.3, channels),
                          self.rng.uniform(0.5, 1.5, channels)]
            name = self.node("BatchNormalization", [name] + [self.constant(p.astype(numpy.float32)) for p in parameters], epsilon=1e-3)
        return (self.activation(name), *rest)

    def step_pool(self, value):
        source, channels, height, width = value
        if height < 2 or width < 2:
            return value
        kernel, stride = (self.pick(2, 2, 3), self.pick(2, 2, 3)), (self.pick(1, 2), self.pick(1, 2))
        kernel = tuple(min(k, size) for k, size in zip(kernel, (height, width)))
        pads = [0] * 4
        if self.chance(0.4):
            pads = [int(self.rng.integers(0, kernel[i % 2])) for i in range(4)]
        ceil = int(self.chance(0.4))
        sizes = []
        for i, size in enumerate((height, width)):
            room = size + pads[i] + pads[i + 2] - kernel[i]
            out = (room + (stride[i] - 1) * ceil) // stride[i] + 1
            if (out - 1) * stride[i] >= size + pads[i]:  # a window must start inside the map or its left padding
                out -= 1
            sizes.append(out)
        kind = self.pick("MaxPool", "MaxPool", "AveragePool")
        extra = {"count_include_pad": 1} if kind == "AveragePool" and not ceil and self.chance(0.3) else {}
        name = self.node(kind, [source], kernel_shape=list(kernel), strides=list(stride), pads=pads, ceil_mode=ceil, **extra)
        keep = source if kind == "MaxPool" or self.chance(0.5) else None
        return (self.mark(name, keep), channels, *sizes)

    def step_residual(self, value):
        source, channels, height, width = value
        inner = (self.activation(self.conv(value, channels, same=True)[0]), channels, height, width)
        branch = self.mark(self.conv(inner, channels, same=True)[0])
        kind = self.pick("Add", "Add", "Add", "Sub", "Mul", "Max")
        order = [source, branch] if self.chance(0.5) else [branch, source]
        return (self.activation(self.node(kind, order)), channels, height, width)

    def step_concat(self, value):
        source, channels, height, width = value
        parts = [(source, channels)] if self.chance(0.4) else []
        while len(parts) < 2:
            extra = int(self.rng.integers(1, 13))
            parts.append((self.activation(self.conv(value, extra, same=True)[0]), extra))
        name = self.node("Concat", [name for name, _ in parts], axis=1)
        return self.mark(name), sum(n for _, n in parts), height, width

    def step_scale(self, value):
        """A gate: a global mean, a small dense layer and a sigmoid multiply the map."""
        source, channels, height, width = value
        mean = self.mark(self.node("GlobalAveragePool", [source]))
        gate = self.mark(self.conv((mean, channels, 1, 1), channels, same=False, kernel=(1, 1))[0])
        gate = self.mark(self.node("Sigmoid", [gate]))
        return self.mark(self.node("Mul", [source, gate])), channels, height, width

    def dense(self, name, inside, outside):
        transposed = self.chance(0.5)
        weight, scale = self.weight((outside, inside) if transposed else (inside, outside), inside, 0 if transposed else 1)
        if self.chance(0.7):
            return self.node("Gemm", [name, weight, self.bias(outside, name, scale)], transB=int(transposed))
        if transposed:
            return self.node("Gemm", [name, weight], transB=1)
        return self.node("MatMul", [name, weight])

    def tail(self, value):
        name, channels, height, width = value
        if self.chance(0.5):
            kind = self.pick("GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool")
            name = self.mark(self.node(kind, [name]), name if kind == "GlobalMaxPool" else None)
            height = width = 1
        size = channels * height * width
        name = self.node("Flatten", [name], axis=1)
        if self.quantised and self.chance(0.5):
            name = self.mark(name)
        elif self.quantised:
            source = self.nodes[-1].input[0]
            self.scales[name] = self.scales[source]
        if self.chance(0.5):
            hidden = int(self.rng.integers(3, 40))
            name, size = self.activation(self.dense(name, size, hidden)), hidden
        outside = int(self.rng.integers(2, 12))
        name = self.dense(name, size, outside)
        return (self.mark(name) if self.chance(0.7) else name), outside


def build(network):
    """The graph between the input and the tail."""
    rng = network.rng
    shape = [1, int(rng.integers(1, 7)), int(rng.integers(5, 13)), int(rng.integers(5, 13))]
    value = (network.mark("input"), *shape[1:])
    steps = [network.step_conv] * 4 + [network.step_pool] * 2 + [network.step_residual] * 2 + [network.step_concat, network.step_scale]
    for _ in range(rng.integers(2, 6)):
        value = steps[rng.integers(len(steps))](value)
    output, classes = network.tail(value)
    return shape, output, classes


def main():
    parser = argparse.ArgumentParser(description="makes a small random ONNX model")
    parser.add_argument("seed", type=int)
    parser.add_argument("model")
    parser.add_argument("inputs")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--kind", choices=["float", "qdq"])
    options = parser.parse_args()
    kind = options.kind or ("float", "qdq")[options.seed % 2]
    network = Network(options.seed, kind == "qdq")
    shape, output, classes = build(network)
    graph = helper.make_graph(network.nodes, f"random{options.seed}", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, classes])], network.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="cimc")
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, options.model)
    inputs = network.rng.standard_normal([options.samples] + shape[1:]).astype(numpy.float32)
    numpy.save(options.inputs, inputs)


if __name__ == "__main__":
    main()
