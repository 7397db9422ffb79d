#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a convolutional network of QLinear ops in numpy, as other runtimes do on processors with and without saturating products.

Usage: qlinear_reference.py MODEL.onnx INPUT.npy OUTPUT.npy [--saturate]

Without the option the sums are exact. On x86 processors before VNNI, ONNX Runtime multiplies bytes with `vpmaddubsw`: the products of an unsigned byte and
a signed one are added in pairs to 16 bits, and the pair saturates. Results of such a processor are not the model's; with --saturate this script computes
them, so that a golden set that was made there can still be compared in every bit. Pairs are neighbours along the input channels (1x1 convolutions), along
kernel row, kernel column, input channel (others), or along the rows of a matrix; depthwise convolutions do not saturate.
"""

import argparse

import numpy
import onnx
from onnx import numpy_helper

FLOAT = numpy.float32


def product(x, weights, saturate):
    """Sums of unsigned bytes `x` [P, K] times signed bytes [K, N]."""
    if not saturate:
        return (x.astype("f8") @ weights.astype("f8")).astype("i8")  # exact: whole numbers far below 2^53
    odd = x.shape[1] % 2
    x, weights = numpy.pad(x.astype("i4"), ((0, 0), (0, odd))), numpy.pad(weights.astype("i4"), ((0, odd), (0, 0)))
    sums = numpy.zeros((x.shape[0], weights.shape[1]), "i4")
    for k in range(0, x.shape[1], 2):
        pair = x[:, k : k + 1] * weights[k] + x[:, k + 1 : k + 2] * weights[k + 1]
        sums += numpy.clip(pair, -32768, 32767)
    return sums.astype("i8")


def requantize(sums, scale, zero_point):
    """Wraps to 32 bits, scales, rounds half to even."""
    wrapped = (sums + 2**31) % 2**32 - 2**31
    return numpy.clip(numpy.rint(wrapped.astype(FLOAT) * scale) + FLOAT(zero_point), 0, 255).astype(numpy.uint8)


def windows(x, extents, stride, pads, pad_value):
    """The window's elements of an NCHW map as NHWC maps, kernel row by kernel row."""
    top, left, bottom, right = pads
    x = numpy.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=pad_value).transpose(0, 2, 3, 1)
    height, width = ((x.shape[i + 1] - extents[i]) // stride[i] + 1 for i in range(2))
    for i in range(extents[0]):
        for j in range(extents[1]):
            yield x[:, i : i + stride[0] * height : stride[0], j : j + stride[1] * width : stride[1], :]


class Interpreter:
    """One method per operation; each takes the node's inputs and attributes."""

    def __init__(self, saturate):
        self.saturate = saturate

    def QuantizeLinear(self, x, scale, zero_point):
        return numpy.clip(numpy.rint(x / scale) + FLOAT(zero_point), 0, 255).astype(numpy.uint8)

    def DequantizeLinear(self, x, scale, zero_point):
        return (x.astype("i4") - zero_point.astype("i4")).astype(FLOAT) * scale

    def QLinearConv(self, x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias, group=1, strides=(1, 1), pads=(0, 0, 0, 0), **_):
        assert not w_zero.any() and group in (1, w.shape[0])
        parts = windows(x, w.shape[2:], strides, pads, int(x_zero))
        if group == 1:
            columns = numpy.concatenate(list(parts), axis=-1)
            matrix = w.transpose(2, 3, 1, 0).reshape(-1, w.shape[0])
            sums = product(columns.reshape(-1, columns.shape[-1]), matrix, self.saturate) - int(x_zero) * matrix.astype("i8").sum(0)
            sums = sums.reshape(*columns.shape[:-1], -1)
        else:
            sums = sum((part.astype("i8") - int(x_zero)) * kernel for part, kernel in zip(parts, w.astype("i8").reshape(w.shape[0], -1).T))
        return requantize(sums + bias, x_scale * w_scale / y_scale, y_zero).transpose(0, 3, 1, 2)

    def QLinearMatMul(self, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
        assert not b_zero.any()
        sums = product(a.reshape(-1, a.shape[-1]), b, self.saturate) - int(a_zero) * b.astype("i8").sum(0)
        return requantize(sums, a_scale * b_scale / y_scale, y_zero).reshape(*a.shape[:-1], -1)

    def QLinearAdd(self, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
        total = self.DequantizeLinear(a, a_scale, a_zero) + self.DequantizeLinear(b, b_scale, b_zero)
        return self.QuantizeLinear(total, y_scale, y_zero)

    def MaxPool(self, x, kernel_shape=None, strides=(1, 1), pads=(0, 0, 0, 0), **_):
        return numpy.max(list(windows(x, kernel_shape, strides, pads, 0)), axis=0).transpose(0, 3, 1, 2)

    def ReduceMean(self, x, axes=None, keepdims=1):
        return x.mean(axis=tuple(axes), keepdims=bool(keepdims), dtype=FLOAT)

    def Concat(self, *parts, axis=0):
        return numpy.concatenate(parts, axis)

    def Reshape(self, x, shape):
        return x.reshape([x.shape[i] if extent == 0 else extent for i, extent in enumerate(shape)])

    def Transpose(self, x, perm=None):
        return x.transpose(perm)

    def Split(self, x, axis=0, split=None):
        return numpy.split(x, numpy.cumsum(split)[:-1], axis)


def run(graph, interpreter, sample):
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = [info for info in graph.input if info.name not in values]
    values[inputs[0].name] = sample
    for node in graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        results = getattr(interpreter, node.op_type)(*(values[name] for name in node.input), **attributes)
        values.update(zip(node.output, results if isinstance(results, list) else [results]))
    return values[graph.output[0].name]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--saturate", action="store_true")
    options = parser.parse_args()
    graph = onnx.load(options.model).graph
    samples = numpy.load(options.input)
    numpy.save(options.output, numpy.concatenate([run(graph, Interpreter(options.saturate), samples[i : i + 1]) for i in range(len(samples))]))


main()
