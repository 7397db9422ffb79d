#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an autoencoder whose decoder has the transpose of the encoder's weights, and inputs for it.

Usage: transposed.py FOLDER        (tied.onnx, x.npy, calibration.npy)

The layer between has weights of its own; the shared ones are larger than an array, so that both directions add up parts of several cores.
"""

import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUTS, HIDDEN = 300, 270


def main():
    folder = sys.argv[1]
    random = numpy.random.RandomState(5)
    constants = {"w": random.normal(0, 0.06, (INPUTS, HIDDEN)), "b": random.normal(0, 0.1, HIDDEN), "v": random.normal(0, 0.06, (HIDDEN, HIDDEN))}
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["up"], name="up"), helper.make_node("Add", ["up", "b"], ["sum"]), helper.make_node("Relu", ["sum"], ["h"]),
         helper.make_node("MatMul", ["h", "v"], ["mixed"], name="mix"), helper.make_node("Tanh", ["mixed"], ["g"]),
         helper.make_node("Transpose", ["w"], ["wt"], perm=[1, 0]), helper.make_node("MatMul", ["g", "wt"], ["y"], name="down")],
        "tied", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, INPUTS])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, INPUTS])],
        [numpy_helper.from_array(value.astype(numpy.float32), name) for name, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), folder + "/tied.onnx")
    for name, count in (("x", 40), ("calibration", 64)):
        numpy.save(f"{folder}/{name}.npy", random.normal(0, 1, (count, 1, INPUTS)).astype(numpy.float32))


if __name__ == "__main__":
    main()
