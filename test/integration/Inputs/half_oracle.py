#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a small float network as ONNX and computes it by the f16 formulas of docs/numerics.md, with numpy's own halves.

  half_oracle.py model MODEL.onnx X.npy        writes the network and inputs
  half_oracle.py check X.npy Y.npy             compares; prints how many outputs differ and by how many halves

The network: h = x W + b; scores = h h^T * scale; softmax; a = p h; LayerNormalization(a + x). Exponentials come from two libraries, which may
differ in the last bit of f32; where that meets a rounding boundary an output may be off by a few units.
"""

import sys

import numpy as np

STEPS, WIDTH = 12, 16
HALF, SINGLE = np.float16, np.float32


def weights():
    random = np.random.default_rng(11)
    return (random.normal(0, 0.3, (WIDTH, WIDTH)).astype(SINGLE), random.normal(0, 0.5, WIDTH).astype(SINGLE),
            random.normal(1, 0.2, WIDTH).astype(SINGLE), random.normal(0, 0.2, WIDTH).astype(SINGLE))


def write_model(path):
    import onnx
    from onnx import helper, numpy_helper
    w, b, gain, shift = weights()
    constants = {"w": w, "b": b, "gain": gain, "shift": shift, "scale": np.array(0.25, SINGLE)}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["h"]),
             helper.make_node("Transpose", ["h"], ["ht"], perm=[0, 2, 1]), helper.make_node("MatMul", ["h", "ht"], ["s"]),
             helper.make_node("Mul", ["s", "scale"], ["scores"]), helper.make_node("Softmax", ["scores"], ["p"], axis=-1),
             helper.make_node("MatMul", ["p", "h"], ["a"]), helper.make_node("Add", ["a", "x"], ["r"]),
             helper.make_node("LayerNormalization", ["r", "gain", "shift"], ["y"], axis=-1, epsilon=1e-5)]
    shape = [1, STEPS, WIDTH]
    graph = helper.make_graph(nodes, "half", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
                              [numpy_helper.from_array(value, name) for name, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def rounded(function, *operands):
    """One elementwise instruction: in f32 on halves, rounded."""
    return function(*[np.asarray(operand, HALF).astype(SINGLE) for operand in operands]).astype(HALF)


def product(x, matrix, start=None):
    """Sums in f32, in the order of the matrix's rows, rounded once."""
    x, matrix = x.astype(SINGLE), matrix.astype(SINGLE)
    total = np.zeros((x.shape[0], matrix.shape[1]), SINGLE) + (0 if start is None else start.astype(SINGLE))
    for k in range(matrix.shape[0]):
        total = total + x[:, k:k + 1] * matrix[k]
    return total.astype(HALF)


def total(x):
    result = x[:, :1].astype(SINGLE)
    for k in range(1, x.shape[1]):
        result = result + x[:, k:k + 1].astype(SINGLE)
    return result.astype(HALF)


def mean(x):
    return rounded(np.multiply, total(x), 1 / x.shape[1])


def network(x):
    w, b, gain, shift = [value.astype(HALF) for value in weights()]
    x = x.astype(HALF)
    h = product(x, w, b)
    scores = rounded(np.multiply, product(h, h.T), 0.25)
    e = rounded(np.exp, rounded(np.subtract, scores, scores.max(axis=1, keepdims=True)))
    p = rounded(np.divide, e, total(e))
    r = rounded(np.add, product(p, h), x)
    d = rounded(np.subtract, r, mean(r))
    variance = rounded(np.add, mean(rounded(np.multiply, d, d)), 1e-5)
    inverse = rounded(np.divide, 1, rounded(np.sqrt, variance))
    y = rounded(np.multiply, rounded(np.multiply, d, inverse), gain)
    return rounded(np.add, y, shift)


def main():
    if sys.argv[1] == "model":
        write_model(sys.argv[2])
        np.save(sys.argv[3], np.random.default_rng(12).normal(0, 1, (32, STEPS, WIDTH)).astype(SINGLE))
        return
    x, y = np.load(sys.argv[2]), np.load(sys.argv[3]).reshape(32, STEPS, WIDTH)
    expected = np.stack([network(sample) for sample in x])
    if not np.array_equal(y, y.astype(HALF).astype(SINGLE)):
        sys.exit("an output is no half")
    steps = np.abs(y - expected.astype(SINGLE)) / np.spacing(np.maximum(np.abs(expected), HALF(2**-3))).astype(SINGLE)
    print(f"different {np.count_nonzero(steps)} of {steps.size}, at most {steps.max():.0f} steps")
    if np.count_nonzero(steps) > 0.001 * steps.size or steps.max() > 4:
        sys.exit("the f16 formulas of docs/numerics.md give something else")


if __name__ == "__main__":
    main()
