#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a random LSTM, GRU or RNN as an ONNX model, with inputs for it.

Usage: random_recurrence.py SEED OUT.onnx INPUTS.npy

The seed decides operator, direction, sizes, activations, clipping, lengths of sequences, and which optional inputs there are. The output holds every sequence and
every last state, one after the other.
"""

import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}
# The values of alpha and beta that a function takes.
ACTIVATIONS = {"Relu": 0, "Tanh": 0, "Sigmoid": 0, "Affine": 2, "LeakyRelu": 1, "ThresholdedRelu": 1, "ScaledTanh": 2, "HardSigmoid": 2, "Elu": 1,
               "Softsign": 0, "Softplus": 0}


class Network:
    """One random layer."""

    def __init__(self, seed):
        self.random = numpy.random.RandomState(seed)
        self.op = str(self.random.choice(sorted(GATES)))
        self.direction = str(self.random.choice(["forward", "reverse", "bidirectional"]))
        self.directions = 2 if self.direction == "bidirectional" else 1
        self.steps, self.batch, self.width, self.hidden = (int(self.random.choice(sizes)) for sizes in ([1, 2, 5, 9], [1, 1, 2], [3, 8], [4, 6]))
        self.initializers = {}

    def maybe(self, share):
        return self.random.rand() < share

    def floats(self, *shape):
        return (self.random.randn(*shape) * 0.5).astype(numpy.float32)

    def inputs(self):
        """Names of the layer's inputs; optional ones may be missing."""
        rows = GATES[self.op] * self.hidden
        state = (self.directions, self.batch, self.hidden)
        optional = [("B", 0.7, lambda: self.floats(self.directions, 2 * rows)),
                    ("lengths", 0.3, lambda: self.random.randint(1, self.steps + 1, self.batch).astype(numpy.int32)),
                    ("h0", 0.5, lambda: self.floats(*state))]
        if self.op == "LSTM":
            optional += [("c0", 0.5, lambda: self.floats(*state)), ("P", 0.4, lambda: self.floats(self.directions, 3 * self.hidden))]
        self.initializers["W"] = self.floats(self.directions, rows, self.width)
        self.initializers["R"] = self.floats(self.directions, rows, self.hidden)
        names = ["X", "W", "R"]
        for name, share, make in optional:
            present = self.maybe(share)
            names.append(name if present else "")
            if present:
                self.initializers[name] = make()
        return names

    def attributes(self):
        attributes = {"hidden_size": self.hidden, "direction": self.direction}
        if self.maybe(0.3):
            attributes["clip"] = float(self.random.choice([0.3, 1.0]))
        if self.op == "GRU" and self.maybe(0.5):
            attributes["linear_before_reset"] = 1
        if self.op == "LSTM" and self.maybe(0.3):
            attributes["input_forget"] = 1
        if self.maybe(0.4):
            names = [str(name) for name in self.random.choice(sorted(ACTIVATIONS), FUNCTIONS[self.op] * self.directions)]
            attributes["activations"] = names
            for index, parameter in enumerate(["activation_alpha", "activation_beta"]):
                values = [0.3 + 0.1 * i for i in range(sum(ACTIVATIONS[name] > index for name in names))]
                if values:
                    attributes[parameter] = values
        return attributes

    def model(self):
        shape = [self.steps, self.batch, self.width]
        outputs = ["Y", "Y_h"] + (["Y_c"] if self.op == "LSTM" else [])
        self.initializers.update(shape=numpy.array(shape), flat=numpy.array([1, -1]))
        nodes = [helper.make_node("Reshape", ["x", "shape"], ["X"], name="in"),
                 helper.make_node(self.op, self.inputs(), outputs, name="layer", **self.attributes())]
        nodes += [helper.make_node("Reshape", [name, "flat"], ["flat_" + name], name="flat_" + name) for name in outputs]
        nodes.append(helper.make_node("Concat", ["flat_" + name for name in outputs], ["y"], name="all", axis=1))
        count = self.directions * self.batch * self.hidden * (self.steps + len(outputs) - 1)
        graph = helper.make_graph(nodes, "recurrence", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, int(numpy.prod(shape))])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, count])],
                                  [numpy_helper.from_array(value, name) for name, value in self.initializers.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def main():
    seed, model, inputs = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    network = Network(seed)
    save(network.model(), model)
    numpy.save(inputs, network.floats(3, network.steps * network.batch * network.width))


if __name__ == "__main__":
    main()
