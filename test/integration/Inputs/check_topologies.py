# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the generated networks of a folder: valid, with inferable shapes, and weights of no more levels than asked for."""

import pathlib
import sys

import numpy
import onnx
from onnx import numpy_helper

LEVELS = {"resnet18": 256, "resnet50": 16, "mobilenetv2": 2, "float": 4, "bert": 256, "gpt2": 256, "cnn7": 256, "resnet20": 256, "speech": 256}

for name, levels in LEVELS.items():
    model = onnx.load(str(pathlib.Path(sys.argv[1]) / f"{name}.onnx"))
    onnx.checker.check_model(model, full_check=True)
    weights = [tensor for tensor in model.graph.initializer if tensor.name.endswith(".weight")]
    most = max(len(numpy.unique(numpy_helper.to_array(tensor))) for tensor in weights)
    if most > levels or most < min(levels, 8):
        sys.exit(f"{name}: a weight has {most} levels, at most {levels} are expected")
