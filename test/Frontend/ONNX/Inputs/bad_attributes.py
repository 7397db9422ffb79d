#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports one-node models with attribute values that no operator has.

usage: bad_attributes.py CIMC FOLDER

Each must end with status 2 and one error that names the node, the attribute, its value and what is supported, and leave no file.
"""

import pathlib
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

F = TensorProto.FLOAT
# Operator, attributes, shapes of inputs (a tuple) and of constants (a list), message behind the node's name.
CASES = [
    ("LSTM", {"hidden_size": 4, "activations": ["Foo", "Tanh", "Tanh"]}, [(1, 1, 2), [1, 16, 2], [1, 16, 4]],
     "attribute 'activations' is 'Foo', supported is Relu, Tanh, Sigmoid"),
    ("GRU", {"hidden_size": 4, "direction": "sideways"}, [(1, 1, 2), [1, 12, 2], [1, 12, 4]],
     "attribute 'direction' is 'sideways', supported is forward, reverse and bidirectional"),
    ("ConvTranspose", {"auto_pad": "NONSENSE"}, [(1, 1, 4, 4), [1, 1, 3, 3]],
     "attribute 'auto_pad' is 'NONSENSE', supported is NOTSET, VALID, SAME_UPPER and SAME_LOWER"),
    ("Conv", {"auto_pad": "NONSENSE"}, [(1, 1, 4, 4), [1, 1, 3, 3]],
     "attribute 'auto_pad' is 'NONSENSE', supported is NOTSET, VALID, SAME_UPPER and SAME_LOWER"),
    ("DepthToSpace", {"blocksize": 2, "mode": "ABC"}, [(1, 4, 4, 4)], "attribute 'mode' is 'ABC', supported is DCR and CRD"),
    ("LRN", {"size": -1}, [(1, 4, 4, 4)], "attribute 'size' is -1, supported is 1 to 64"),
]


def run(cimc, folder, operator, attributes, shapes, message):
    inputs, constants, names = [], [], []
    for number, shape in enumerate(shapes):
        names.append(f"x{number}")
        if isinstance(shape, tuple):
            inputs.append(helper.make_tensor_value_info(names[-1], F, shape))
        else:
            constants.append(numpy_helper.from_array(np.ones(shape, np.float32), names[-1]))
    node = helper.make_node(operator, names, ["y"], name="the_node", **attributes)
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("y", F, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    model.ir_version = 8
    path, output = folder / f"{operator}.onnx", folder / f"{operator}.mlir"
    save(model, str(path))
    result = subprocess.run([cimc, path, "--emit=entry", "-o", output], capture_output=True, text=True)
    lines = result.stderr.splitlines()
    expected = f"'the_node' ({operator}): {message}"
    assert result.returncode == 2 and len(lines) == 1 and expected in lines[0], (operator, result.returncode, lines, expected)
    assert not output.exists(), output


folder = pathlib.Path(sys.argv[2])
for case in CASES:
    run(sys.argv[1], folder, *case)
print(f"{len(CASES)} attribute values were refused as they must")
