# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a model with many outputs by `cimc --evaluate` and saves every output under its name, the data set's axis first, as near_ties.py reads them.

Usage: evaluate_exposed.py MODEL.onnx INPUT.npy FOLDER
"""

import subprocess
import sys

import numpy
import onnx

model, samples, folder = sys.argv[1:]
paths = {info.name: f"{folder}/{info.name}.npy" for info in onnx.load(model).graph.output}
command = ["cimc", model, "--evaluate", "--input", samples]
for name, path in paths.items():
    command += ["--output", f"{name}={path}"]
subprocess.run(command, check=True)
for path in paths.values():
    numpy.save(path, numpy.load(path)[:, None])
