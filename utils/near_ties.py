#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Says where, layer by layer, the integers of a quantised model differ from another runtime's, and how near a rounding boundary each difference is.

Usage: near_ties.py expose MODEL.onnx OUT.onnx
       near_ties.py compare MODEL.onnx TENSORS [--cimc PATH] [--work DIR] [--chain INPUT.npy]

A difference at the output says little: one element that is rounded the other way early on changes thousands later. So every layer is run by itself, from
the other runtime's own input integers.

`expose` writes the model with all tensors that matter as outputs: the 8-bit result of each QuantizeLinear and QLinear op, and the float operand of each
QuantizeLinear. Run it in the other runtime, one sample or data set at a time, and save each output as TENSORS/NAME.npy (or I_NAME.npy), with
characters other than letters, digits, `.`, `_` and `-` replaced by `_`.

`compare` cuts the model between 8-bit tensors, runs each part with `cimc --evaluate`, which computes the quantised level's formulas, and prints for every
part: elements, elements that differ, the largest difference in steps, and the largest distance of a differing element's real value from a rounding boundary
in steps (0.5 would be a value nowhere near one). Values more than 1e-3 away are counted as `wrong`. With --chain the whole model also runs from the input
alone, cut after each tensor, and the line shows how far differences have spread.

Exit status: 0 no element is wrong, 1 some are, 2 the files cannot be read.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy
import onnx
from onnx import helper, mapping, numpy_helper

QUANTIZED = re.compile(r"QuantizeLinear$|^QLinear|^QGemm$|^QAttention$")
NEAR = 1e-3


def is_quantizing(node):
    """Whether a node makes 8-bit integers by rounding."""
    return bool(QUANTIZED.search(node.op_type)) and node.op_type != "DequantizeLinear"


class Graph:
    """A model's nodes by what they make."""

    def __init__(self, path):
        self.model = onnx.load(path)
        graph = self.model.graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.makers = {name: node for node in graph.node for name in node.output}
        self.inputs = {info.name: info for info in graph.input if info.name not in self.constants}
        self.values = {name: numpy_helper.to_array(tensor) for name, tensor in self.constants.items()}
        fixed = set()  # tensors that depend on constants alone
        for node in graph.node:
            if node.op_type == "Constant" or all(name in self.constants or name in fixed for name in node.input if name):
                fixed.update(node.output)
        self.ends = [node.output[0] for node in graph.node if is_quantizing(node) and node.output[0] not in fixed]

    def type_of(self, end):
        """The element type of a quantised tensor: that of its zero point, the node's last input that is a byte, or uint8 without one."""
        for name in reversed(self.makers[end].input):
            if name in self.constants and self.constants[name].data_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8):
                return self.constants[name].data_type
        return onnx.TensorProto.UINT8

    def part(self, end, starts):
        """Nodes, inputs and constants that make the tensor `end` from the tensors in `starts`."""
        nodes, inputs, constants, seen, todo = [], [], [], set(), [end]
        while todo:
            name = todo.pop()
            if not name or name in seen:
                continue
            seen.add(name)
            if name in self.constants:
                constants.append(self.constants[name])
            elif name != end and (name in starts or name in self.inputs):
                inputs.append(name)
            else:
                nodes.append(self.makers[name])
                todo.extend(self.makers[name].input)
        keep = {id(node) for node in nodes}
        return [node for node in self.model.graph.node if id(node) in keep], sorted(inputs), constants

    def write_part(self, path, end, starts, arrays):
        """A model of one part; the names of its inputs."""
        nodes, inputs, constants = self.part(end, starts)
        infos = [self.inputs[name] if name not in arrays else info_of(name, arrays[name]) for name in inputs]
        used = {name for node in nodes for name in node.input}
        shapes = [info for info in self.model.graph.value_info if info.name in used]
        graph = helper.make_graph(nodes, "part", infos, [info_of(end, arrays[end])], constants, value_info=shapes)
        model = helper.make_model(graph, opset_imports=self.model.opset_import)
        model.ir_version = self.model.ir_version
        onnx.save(model, path)
        return inputs


def info_of(name, array):
    """What a graph says of a tensor of which `array` is a data set."""
    return helper.make_tensor_value_info(name, mapping.NP_TYPE_TO_TENSOR_TYPE[array.dtype], array.shape[1:])


def expose(options):
    graph = Graph(options.model)
    model = graph.model
    known = {info.name for info in model.graph.output}
    for end in graph.ends:
        node = graph.makers[end]
        wanted = [(end, graph.type_of(end))]
        if node.op_type == "QuantizeLinear":
            wanted.append((node.input[0], onnx.TensorProto.FLOAT))
        for name, kind in wanted:
            if name not in known and name not in graph.inputs:
                known.add(name)
                model.graph.output.append(helper.make_tensor_value_info(name, kind, None))
    onnx.save(model, options.out)
    print(f"{len(graph.ends)} quantised tensors, {len(known)} outputs")
    return 0


def load_tensors(folder, samples_of):
    """The arrays of a folder by sanitised tensor name, data set first."""
    arrays = {}
    for path in pathlib.Path(folder).glob("*.npy"):
        array = numpy.load(path)
        arrays[re.sub(r"^\d+_", "", path.stem)] = array if samples_of else array[None]
    return arrays


def file_name(tensor):
    return re.sub(r"[^A-Za-z0-9._-]", "_", tensor)


def evaluate(cimc, model, inputs, result):
    """Runs `cimc --evaluate`; its complaint, or nothing."""
    command = [cimc, str(model), "--evaluate", "--output", str(result)]
    for name, path in inputs:
        command += ["--input", f"{name}={path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1:] if done.returncode else None


class Comparison:
    """One model, the tensors of another runtime, and a folder for the parts."""

    def __init__(self, options, work):
        self.options, self.work, self.graph = options, pathlib.Path(work), Graph(options.model)
        files = load_tensors(options.tensors, options.each)
        names = list(self.graph.ends) + [n for node in self.graph.model.graph.node if is_quantizing(node) for n in node.input if n]
        self.arrays = {name: files[file_name(name)] for name in names if file_name(name) in files}

    def run(self, end, starts, inputs):
        """Our integers of the tensor `end`."""
        model, result = self.work / "part.onnx", self.work / "result.npy"
        names = self.graph.write_part(model, end, starts, self.arrays)
        feeds = []
        for i, name in enumerate(names):
            path = self.work / f"in{i}.npy"
            numpy.save(path, inputs[name] if name in inputs else self.arrays[name])
            feeds.append((name, path))
        complaint = evaluate(self.options.cimc, model, feeds, result)
        if complaint is not None:
            return complaint
        return numpy.load(result).reshape(self.arrays[end].shape)

    def distance(self, end, mask):
        """How far the real values of the masked elements are from a rounding boundary, in steps; none if the runtime gave no real values."""
        node = self.graph.makers[end]
        if node.op_type != "QuantizeLinear" or node.input[0] not in self.arrays:
            return None
        steps = self.arrays[node.input[0]].astype("f8")[mask] / float(self.graph.values[node.input[1]].ravel()[0])
        return numpy.abs(steps - numpy.floor(steps) - 0.5)


def describe(ours, theirs):
    """The mask of differing elements and the figures in words."""
    apart = numpy.abs(ours.astype("i8") - theirs.astype("i8"))
    mask = apart != 0
    return mask, f"{mask.sum()} of {mask.size} differ, largest {apart.max()}"


def compare(options):
    wrong = total = differing = 0
    with tempfile.TemporaryDirectory() as scratch:
        work = Comparison(options, options.work or scratch)
        inputs = {name: numpy.load(options.chain) for name in work.graph.inputs} if options.chain else {}
        for end in work.graph.ends:
            if end not in work.arrays:
                sys.stderr.write(f"near_ties.py: error: {options.tensors} has no tensor '{end}'\n")
                return 2
            if not all(name in work.arrays or name in inputs for name in work.graph.part(end, set(work.graph.ends))[1]):
                continue  # made from the input, which is not given
            ours = work.run(end, set(work.graph.ends), inputs)
            if isinstance(ours, list):
                print(f"{end}: cannot be run alone: {' '.join(ours)}")
                wrong += 1
                continue
            mask, words = describe(ours, work.arrays[end])
            total, differing = total + mask.size, differing + int(mask.sum())
            if mask.any():
                far = work.distance(end, mask)
                if far is not None:
                    wrong += int((far > NEAR).sum())
                    words += f", at most {far.max():.2g} steps from a boundary, {(far > NEAR).sum()} wrong"
            if options.chain:
                whole = work.run(end, set(), inputs)
                words += "; from the input " + (" ".join(whole) if isinstance(whole, list) else describe(whole, work.arrays[end])[1])
            print(f"{end}: {words}", flush=True)
    print(f"all layers: {differing} of {total} differ ({differing / max(1, total):.2e}), {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("expose")
    first.add_argument("model")
    first.add_argument("out")
    second = commands.add_parser("compare")
    second.add_argument("model")
    second.add_argument("tensors")
    second.add_argument("--cimc", default="cimc")
    second.add_argument("--work")
    second.add_argument("--chain", help="the network's input, to follow differences from there")
    second.add_argument("--one", dest="each", action="store_false", help="the arrays are one sample, without a leading axis for the data set")
    options = parser.parse_args()
    sys.exit(expose(options) if options.command == "expose" else compare(options))


main()
