#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports a model with one node per operator and compares the evaluator and the JIT with numpy's formulas.

Usage: functions.py WORK

Writes its files under WORK. The tools are taken from PATH. Prints one line per operator and fails
if one differs: in any bit for integers and truth values, by more than 2e-6 (relative to max(1, |expected|)) for floats.
"""

import math
import os
import subprocess
import sys

import numpy
import onnx
import onnx.parser

inf, nan = math.inf, math.nan


def floats(low, high, *special):
    """Eight rows of six numbers between the bounds, with special values at the end."""
    values = numpy.linspace(low, high, 48, dtype="f4")
    if special:
        values[-len(special) :] = special
    return values.reshape(1, 8, 6)


def integers(kind, low, high):
    return numpy.linspace(low, high, 48).astype(kind).reshape(1, 8, 6)


wide, unit, above = floats(-4, 4), floats(-0.99, 0.99), floats(1, 9)
odd = floats(-3, 3, 0.0, -0.0, inf, -inf, nan)
each = numpy.vectorize
sigmoid = lambda x: 1 / (1 + numpy.exp(-x))
softplus = lambda x: numpy.logaddexp(0, x)
byte = integers("u1", 0, 255)
signed = integers("i4", -2000000000, 2000000000)
long = integers("i8", -9e15, 9e15)
shifts = (numpy.arange(48) % 8).astype("u1").reshape(1, 8, 6)
truths, others = signed > 0, shifts % 2 == 1
row = numpy.full((6,), -inf, "f4")
sunk = floats(-3, 3)
sunk[0, 0], sunk[0, 1] = row, [inf, 1, 2, 3, 4, 5]

# Operator with attributes, numpy's formula on 64-bit floats or on the integers, inputs.
cases = [
    ("Tan", numpy.tan, unit), ("Asin", numpy.arcsin, unit), ("Acos", numpy.arccos, unit), ("Atan", numpy.arctan, wide),
    ("Sin", numpy.sin, wide), ("Cos", numpy.cos, wide), ("Sinh", numpy.sinh, wide), ("Cosh", numpy.cosh, wide),
    ("Asinh", numpy.arcsinh, wide), ("Acosh", numpy.arccosh, above), ("Atanh", numpy.arctanh, unit),
    ("Erf", each(math.erf), wide), ("Exp", numpy.exp, wide), ("Log", numpy.log, above), ("Sqrt", numpy.sqrt, above),
    ("Floor", numpy.floor, wide), ("Ceil", numpy.ceil, wide), ("Round", numpy.rint, wide), ("Sign", numpy.sign, wide),
    ("Reciprocal", lambda x: 1 / x, above), ("Neg", numpy.negative, wide), ("Abs", numpy.abs, wide),
    ("HardSwish", lambda x: x * numpy.clip(x / 6 + 0.5, 0, 1), wide),
    ("HardSigmoid<alpha = 0.3, beta = 0.4>", lambda x: numpy.clip(0.3 * x + 0.4, 0, 1), wide),
    ("Mish", lambda x: x * numpy.tanh(softplus(x)), wide), ("Softplus", softplus, wide),
    ("Elu<alpha = 0.7>", lambda x: numpy.where(x < 0, 0.7 * numpy.expm1(x), x), wide),
    ("Celu<alpha = 0.7>", lambda x: numpy.where(x < 0, 0.7 * numpy.expm1(x / 0.7), x), wide),
    ("Selu<alpha = 1.5, gamma = 1.25>", lambda x: 1.25 * numpy.where(x < 0, 1.5 * numpy.expm1(x), x), wide),
    ("Swish<alpha = 0.6>", lambda x: x * sigmoid(0.6 * x), wide), ("Sigmoid", sigmoid, wide),
    ("Softsign", lambda x: x / (1 + abs(x)), wide), ("ThresholdedRelu<alpha = 0.7>", lambda x: numpy.where(x > 0.7, x, 0), wide),
    ("Shrink<lambd = 0.5, bias = 0.25>", lambda x: numpy.where(x > 0.5, x - 0.25, numpy.where(x < -0.5, x + 0.25, 0)), wide),
    ("Gelu", lambda x: 0.5 * x * (1 + each(math.erf)(x / math.sqrt(2))), wide),
    ("Gelu<approximate = \"tanh\">", lambda x: 0.5 * x * (1 + numpy.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))), wide),
    ("LeakyRelu<alpha = 0.2>", lambda x: numpy.where(x < 0, 0.2 * x, x), wide), ("PRelu", lambda x, s: numpy.where(x < 0, s * x, x), wide, unit),
    ("IsNaN", numpy.isnan, odd), ("IsInf", numpy.isinf, odd), ("IsInf<detect_negative = 0>", numpy.isposinf, odd),
    ("IsInf<detect_positive = 0>", numpy.isneginf, odd),
    ("BitwiseAnd", numpy.bitwise_and, byte, byte[:, ::-1]), ("BitwiseOr", numpy.bitwise_or, byte, byte[:, ::-1]),
    ("BitwiseXor", numpy.bitwise_xor, byte, byte[:, ::-1]), ("BitwiseNot", numpy.invert, byte),
    ("BitwiseAnd", numpy.bitwise_and, signed, signed[:, ::-1]), ("BitwiseOr", numpy.bitwise_or, long, long[:, ::-1]),
    ("BitwiseXor", numpy.bitwise_xor, signed, signed[:, ::-1]), ("BitwiseNot", numpy.invert, long),
    ("BitShift<direction = \"LEFT\">", numpy.left_shift, byte, shifts), ("BitShift<direction = \"RIGHT\">", numpy.right_shift, byte, shifts),
    ("And", numpy.logical_and, truths, others), ("Or", numpy.logical_or, truths, others),
    ("Xor", numpy.logical_xor, truths, others), ("Not", numpy.logical_not, truths),
    ("ReduceLogSumExp<keepdims = 1>", lambda x, axes: numpy.logaddexp.reduce(x, axis=2, keepdims=True), sunk, numpy.array([2])),
    ("MeanVarianceNormalization<axes = [2]>", lambda x: (x - x.mean(2, keepdims=True)) / x.std(2, keepdims=True), wide),
    ("LpPool<kernel_shape = [2, 3], pads = [0, 1, 1, 0], p = 3>", lambda x: norms(x, 3), wide.reshape(1, 1, 8, 6)),
    ("GlobalLpPool<p = 2>", lambda x: numpy.sqrt((x * x).sum((2, 3), keepdims=True)), wide.reshape(1, 2, 4, 6)),
]

names = {"f4": "float", "i4": "int32", "i8": "int64", "u1": "uint8", "b1": "bool"}


def norms(x, p):
    """LpPool with a 2x3 window, one column padded on the left and one row below."""
    padded = numpy.pad(x[0, 0], ((0, 1), (1, 0)))
    windows = numpy.lib.stride_tricks.sliding_window_view(padded, (2, 3))
    return (abs(windows) ** p).sum((2, 3))[None, None] ** (1 / p)


def declaration(array, name):
    return f"{names[array.dtype.str[1:]]}[{','.join(map(str, array.shape))}] {name}"


def expected_of(function, inputs):
    with numpy.errstate(all="ignore"):
        result = numpy.asarray(function(*[x.astype("f8") if x.dtype.kind == "f" else x for x in inputs]))
    return result.astype("f4") if result.dtype.kind == "f" else result


def write_model(path, inputs, results):
    """Inputs by name, and (operator, its inputs, expected result) of each node; whole numbers that say axes are constants."""
    declared = ", ".join(declaration(data, name) for name, data in inputs.items() if data.ndim > 1)
    outputs = ", ".join(declaration(expected, f"r{i}") for i, (_, _, expected) in enumerate(results))
    body = "".join(f"{name} = Constant<value_ints = {data.tolist()}>()\n" for name, data in inputs.items() if data.ndim == 1)
    for i, (op, names, _) in enumerate(results):
        call, attributes = (op.split("<", 1) + [""])[:2]
        body += f"r{i} = {call}{'<' + attributes if attributes else ''}({', '.join(names)})\n"
    text = f'<ir_version: 9, opset_import: ["" : 24]>\ng ({declared}) => ({outputs}) {{\n{body}}}'
    with open(path, "wb") as file:
        file.write(onnx.parser.parse_model(text).SerializeToString())


def agrees(path, expected):
    found = numpy.load(path)
    if expected.dtype == "u1" and found.dtype == "i1":  # stored less 128
        found = (found.astype("i2") + 128).astype("u1")
    found = found.reshape(expected.shape)
    if expected.dtype.kind != "f":
        return bool((found.astype(expected.dtype) == expected).all())
    same = (found == expected) | (numpy.isnan(found) & numpy.isnan(expected))
    with numpy.errstate(invalid="ignore"):
        near = abs(found.astype("f8") - expected) <= 2e-6 * numpy.maximum(1, abs(expected.astype("f8")))
    return bool((same | near).all())


def main():
    work = sys.argv[1]
    os.makedirs(work, exist_ok=True)
    inputs, results, given = {}, [], []
    for op, function, *operands in cases:
        found = []
        for data in operands:
            name = next((n for n, known in inputs.items() if known.dtype == data.dtype and numpy.array_equal(known, data, True)), f"x{len(inputs)}")
            inputs[name] = data
            found.append(name)
        results.append((op, found, expected_of(function, operands)))
    for name, data in inputs.items():
        if data.ndim > 1:
            numpy.save(f"{work}/{name}.npy", data)
            given += ["--input", f"{name}={work}/{name}.npy"]
    write_model(f"{work}/all.onnx", inputs, results)
    files = {way: [f"{work}/r{i}-{way}.npy" for i in range(len(results))] for way in ("jit", "evaluator")}
    subprocess.run(["cimc", f"{work}/all.onnx", "--emit=entry", "-q", "-o", f"{work}/all.mlir"], check=True)
    subprocess.run(["cimc-jit", f"{work}/all.mlir", *given] + [word for file in files["jit"] for word in ("--output", file)], check=True)
    outputs = [word for i, file in enumerate(files["evaluator"]) for word in ("-o", f"r{i}={file}")]
    subprocess.run(["cimc", f"{work}/all.onnx", "--evaluate", "-q", *given, *outputs], check=True)
    wrong = 0
    for i, (op, _, expected) in enumerate(results):
        bad = [way for way in files if not agrees(files[way][i], expected)]
        wrong += bool(bad)
        print(op, "on", inputs[results[i][1][0]].dtype, "differs: " + " ".join(bad) if bad else "agrees")
    sys.exit(wrong != 0)


main()
