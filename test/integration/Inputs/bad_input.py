# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every tool every kind of bad input, and checks what a user sees.

bad_input.py EXAMPLE_FOLDER WORK_FOLDER

Each case must end with exit status 2, one line `TOOL: error: ...` that holds the expected words, no other complaint, and no new
file in the working folder. `EXAMPLE_FOLDER` holds digits.onnx and its arrays.
"""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

example, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)

MODEL = os.path.join(example, "digits.onnx")
IMAGES = os.path.join(example, "images.npy")
LABELS = os.path.join(example, "labels.npy")
CALIBRATION = ["--calibrate", os.path.join(example, "calibration.npy")]
HERMES = ["--target", "hermes"]
COMPILE = HERMES + CALIBRATION + ["-o", "out.cimb"]

failures = []


def check(name, command, words, status=2, lines=1):
    """Runs one case; `lines` None where several things are wrong at once."""
    before = set(os.listdir("."))
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    errors = result.stderr.splitlines()
    tool = os.path.basename(command[0])
    problems = []
    if result.returncode != status:
        problems.append(f"exit status {result.returncode}, expected {status}")
    if (lines and len(errors) != lines) or not errors or not errors[0].startswith(f"{tool}: error: "):
        problems.append(f"must print {lines} line(s), '{tool}: error: ...' first")
    for word in [words] if isinstance(words, str) else words:
        if not re.search(word, result.stderr):
            problems.append(f"does not say '{word}'")
    new = set(os.listdir(".")) - before
    if new:
        problems.append(f"leaves {sorted(new)}")
        for path in new:
            os.remove(path)
    if problems:
        failures.append(name)
        print(f"FAILED {name}: {'; '.join(problems)}\n  {' '.join(command)}\n  {result.stderr}")


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def read(path):
    with open(path, "rb") as file:
        return file.read()


def save(path, nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(w, n) for n, w in weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("my.domain", 1)]), path)


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def models():
    data = read(MODEL)
    write("cut.onnx", data[: len(data) // 2])
    write("random.onnx", np.random.default_rng(1).bytes(4000))
    write("empty.onnx", b"")
    os.makedirs("folder.onnx")
    for name, words in [("cut", "'cut.onnx' is not an ONNX model, or it is cut off"),
                        ("random", "'random.onnx' is not an ONNX model"),
                        ("empty", "'empty.onnx' is not an ONNX model"),
                        ("folder", "cannot open 'folder.onnx': it is not a file"),
                        ("none", "cannot open 'none.onnx': no such file")]:
        check(f"{name} model", ["cimc", f"{name}.onnx", *COMPILE], words)

    w = np.eye(4, dtype=np.float32)
    save("unsupported.onnx",
         [helper.make_node("Hardmax", ["x"], ["a"], name="first"),
          helper.make_node("Gemm", ["a", "w"], ["b"], name="dense"),
          helper.make_node("Det", ["b"], ["c"], name="second"),
          helper.make_node("Mystery", ["c"], ["y"], name="third", domain="my.domain")],
         [tensor("x", [1, 4])], [tensor("y", [1, 4])], [("w", w)])
    check("unsupported ops", ["cimc", "unsupported.onnx", *COMPILE],
          "uses 3 nodes whose op is not supported: Hardmax 'first', Det 'second', Mystery \\(my.domain\\) 'third'")

    save("several.onnx",
         [helper.make_node("Expand", ["w", "x"], ["a"], name="first"),
          helper.make_node("Relu", ["a"], ["b"], name="after"),
          helper.make_node("Reshape", ["x", "z"], ["c"], name="second"),
          helper.make_node("Identity", ["c"], ["y"], name="last")],
         [tensor("x", [1, 4], TensorProto.INT64), tensor("z", [1, 2], TensorProto.INT64)], [tensor("y", [1, 4])], [("w", w)])
    check("several nodes", ["cimc", "several.onnx", *COMPILE], ["at 'first'", "at 'second'"], lines=2)

    gemm = [helper.make_node("Gemm", ["x", "w"], ["y"], name="dense")]
    save("open.onnx", gemm, [tensor("x", [1, "length"])], [tensor("y", [1, 4])], [("w", w)])
    check("open shape", ["cimc", "open.onnx", *COMPILE],
          "input 'x' leaves dimension 1 \\('length'\\) open, fix it with --input-shape x=1x\\?")
    check("wrong shape", ["cimc", "open.onnx", "--input-shape", "x=1x5", *COMPILE], "open.onnx: at 'dense': ")
    check("unknown input", ["cimc", "open.onnx", "--input-shape", "z=1x4", *COMPILE],
          "names input 'z', the model's inputs are 'x'")
    check("no shape", ["cimc", "open.onnx", "--input-shape", "x=4by4", *COMPILE], "--input-shape takes name=1x3x32x32, got 'x=4by4'")

    check("no value", ["cimc", "open.onnx", "--input-value", "x", *COMPILE], "--input-value takes name=1,2,3 or name=FILE.pb, got 'x'")

    np.save("four.npy", np.ones((3, 4), np.float32))
    for value in ("nan", "inf"):
        broken = w.copy()
        broken[1, 2] = float(value)
        save(f"{value}.onnx", gemm, [tensor("x", [1, 4])], [tensor("y", [1, 4])], [("w", broken)])
        check(f"{value} weight", ["cimc", f"{value}.onnx", *HERMES, "--calibrate", "four.npy", "-o", "out.cimb"],
              "at 'dense'|'w'|NaN")
    save("big.onnx", gemm, [tensor("x", [1, 3000])], [tensor("y", [1, 3000])], [("w", np.ones((3000, 3000), np.float32))])
    np.save("big.npy", np.ones((2, 3000), np.float32))
    check("too big", ["cimc", "big.onnx", *HERMES, "--set", "chip.cores=8", "--calibrate", "big.npy", "-o", "out.cimb"],
          ["dense", "8 "])

    save("plain.onnx", gemm, [tensor("x", [1, 4])], [tensor("y", [1, 4])], [("w", w)])
    model = onnx.load("plain.onnx")
    onnx.save(model, "external.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    os.remove("weights.bin")
    check("missing external data", ["cimc", "external.onnx", *COMPILE], "weights.bin")


def options():
    for arguments, words in [
            ([], "no target given, for example --target hermes"),
            (["--set", "chip.cores=3"], "--set changes a target, so it needs --target"),
            (["--target", "nosuch"], "unknown target 'nosuch'; known targets are "),
            (["--target", "nosuch.yaml"], "cannot read target file 'nosuch.yaml'"),
            (HERMES + ["--set", "chip.cores"], "setting 'chip.cores': must have the form FIELD=VALUE"),
            (HERMES + ["--set", "chip.cores=-1"], "'cores' must be between 1 and \\d+, but is -1"),
            (HERMES + ["--set", "chip.cors=3"], "a target has no field 'chip.cors'; the nearest is 'chip.cores'"),
            (HERMES + ["--set", "core.memory=3 volt"], "'memory' must have a unit of B, KiB, MiB, GiB, but has 'volt'"),
            (HERMES + ["--set", "chip.core.memory=1KiB"], "core \\d+ needs \\d+ bytes of memory, the target has 1024 and \\d+ left in the chip's buffer, for rows and messages; largest: .*'/\\d/Conv( on core \\d+)?'"),
            (HERMES + ["--emit", "nonsense"], "--emit must be entry, .* is 'nonsense'"),
            (HERMES + ["--weight-bits", "9"], "--weight-bits takes a number from 1 to 8 or float, got '9'"),
            (HERMES + ["--weight-bits", "0"], "--weight-bits takes a number from 1 to 8 or float, got '0'"),
            (HERMES + ["--converter-method", "guess"], "--converter-method must be auto, bound, max, percentile or mse, is 'guess'"),
            (HERMES + ["--converter-ranges", "row"], "--converter-ranges must be array or column, is 'row'"),
            (HERMES + ["--set", "array.output_bits=0"], "'output_bits' must be between 1 and 24, but is 0"),
            (HERMES + ["--set", "array.output_gain_deviation=-0.1"], "'output_gain_deviation' must be between 0 and 1, but is -0.1"),
            (HERMES + ["--set", "array.output_gain_deviation=2"], "'output_gain_deviation' must be between 0 and 1, but is 2"),
            (HERMES + ["--set", "array.output_offset_deviation=-1"], "'output_offset_deviation' must be between 0 and 1000000, but is -1"),
            (HERMES + ["--set", "array.output_bits=40"], "'output_bits' must be between 1 and 24, but is 40"),
            (HERMES + ["--calibration-method", "guess"], "--calibration-method must be minmax, percentile or mse, is 'guess'"),
            (HERMES + ["--chips", "two"], "--chips takes a number from 1 on or auto, got 'two'"),
            (HERMES + ["--objective", "speed"], "--objective must be one of latency, energy, throughput or edp, is 'speed'"),
            (HERMES + ["--report", "r.txt"], "reports are FILE.json or FILE.html"),
            (HERMES + ["--report", "r.html", "--emit=tiled"], "a page is about a compiled program, so it needs --emit=binary, not --emit=tiled"),
            (HERMES + ["--report", "r.html", "--evaluate"], "a page is about a compiled program, so it needs a compilation, not --evaluate"),
            (HERMES + ["--report", "missing/r.json"], "cannot write 'missing/r.json': No such file"),
            (HERMES + CALIBRATION + ["-o", MODEL], "is the model itself, which would be overwritten"),
            (HERMES + CALIBRATION + ["-o", "r.json", "--report", "r.json"], "'r.json' cannot be both the output and the report"),
            (HERMES + ["--chips", "2", "--set", "chips=3"], "--chips 2 and --set chips=3 both say how many chips there are"),
            (HERMES + ["--calibrate", "nosuch.npy"], "cannot open 'nosuch.npy'")]:
        check(" ".join(arguments) or "no target", ["cimc", MODEL, *arguments, *CALIBRATION, "-o", "out.cimb"], words)
    check("ranges without samples", ["cimc", MODEL, *HERMES, "--converter-method=mse", "-o", "out.cimb"],
          "--converter-method=mse chooses from samples, so it needs --calibrate SAMPLES.npy")
    check("no samples", ["cimc", MODEL, *HERMES, "-o", "out.cimb"], "the model computes in float: give samples")
    np.save("narrow.npy", np.zeros((5, 1, 8, 7), np.float32))
    check("samples of another shape", ["cimc", MODEL, *HERMES, "--calibrate", "narrow.npy", "-o", "out.cimb"],
          "samples of input 'image' must have shape \\[N,1,8,8\\] for N samples, have \\[5,1,8,7\\]")
    for path, words in [("missing/out.cimb", "No such file"), ("folder.onnx", "Is a directory"), ("/dev/full", "No space left"),
                        ("/proc/out.cimb", "cannot write '/proc/out.cimb'"), ("-", "standard output")]:
        check(f"output {path}", ["cimc", MODEL, *HERMES, *CALIBRATION, "-o", path], words)
    check("text output", ["cimc", MODEL, *HERMES, *CALIBRATION, "--emit=cim", "-o", "missing/out.mlir"], "cannot write 'missing/out.mlir'")
    for arguments in (["cimc", MODEL, "--emit=entry"], ["cimc-run", "good.cimb", "--timing"]):
        tool = arguments[0]
        with open("/dev/full", "w") as full:
            result = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True)
        if result.returncode != 1 or f"{tool}: error: cannot write to standard output" not in result.stderr:
            failures.append(f"{tool} to a full device")
            print(f"FAILED {tool} to a full device: {result.returncode} {result.stderr}")


def targets():
    text = """name: mine
chip:
  cores: 4
  core:
    memory: 64 KiB
"""
    for name, old, new, words in [
            ("unknown key", "cores: 4", "cors: 4", ":3:\\d+: .*'cors'"),
            ("negative size", "cores: 4", "cores: -4", ":3:\\d+: .*-4"),
            ("wrong unit", "64 KiB", "64 V", ":5:\\d+: .*'V'"),
            ("no unit", "64 KiB", "64", ":5:\\d+: .*unit"),
            ("bad syntax", "chip:", "chip: [", ":\\d+:\\d+: ")]:
        write("bad.yaml", text.replace(old, new))
        check(f"target with {name}", ["cimc", MODEL, "--target", "bad.yaml", *CALIBRATION, "-o", "out.cimb"], "bad.yaml" + words)


def levels():
    write("syntax.mlir", "module {\n  func.func @main( {\n}\n")
    check("syntax error", ["cimc", "syntax.mlir", *COMPILE], "syntax.mlir:2:\\d+: ")
    write("contract.mlir", """func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<1x4xf32>) outs(%x : tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = tensor.collapse_shape %0 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %2 = tensor.expand_shape %1 [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  return %2 : tensor<1x4xf32>
}
""")
    check("op outside the contract", ["cimc", "contract.mlir", *COMPILE], "contract.mlir:2:\\d+: ", lines=None)
    write("empty.mlir", "module {}\n")
    check("empty module", ["cimc", "empty.mlir", *COMPILE], "empty.mlir")
    write("target.mlir", 'module attributes {cim.target = #cim.target<"hermes", "00FF">} {}\n')
    check("wrong target attribute", ["cimc", "target.mlir", *COMPILE], "target 'hermes' is not valid|target.mlir:1")
    base = ["cimc", MODEL, *HERMES, *CALIBRATION]
    for level in ("entry", "quantized", "cim", "tiled", "placed", "scheduled", "isa"):
        subprocess.run([*base, "-q", f"--emit={level}", "-o", f"good.{level}.mlir"], check=True)
    check("back to an earlier level", ["cimc", "good.placed.mlir", *HERMES, "--emit=cim", "-o", "out.mlir"], "level 'placed', which lies beyond 'cim'")
    check("another target", ["cimc", "good.placed.mlir", "--target", "generic", "-o", "out.cimb"], "was compiled for target 'hermes'")
    for level, old, new, words in [
            ("placed", "core = 0 : i64", "core = 900 : i64", "has core 900, target 'hermes' has 64"),
            ("placed", "array = 1, ", "array = 77, ", "array 77, target 'hermes' has 64"),
            ("placed", "at_row = 0", "at_row = 250", "must fit an array of 256 x 256"),
            ("scheduled", "address = 0 : i64", "address = 4 : i64", "misaligned|overlap|byte"),
            ("scheduled", "owner = 0 : i64", "owner = 999 : i64", "does not fit its function"),
            ("scheduled", "stage = 2 : i64", "stage = 3 : i64", "the function's stage of that number is"),
            ("scheduled", "core = 0 : i64, memory", "core = 70 : i64, memory", "core|does not fit"),
            ("scheduled", "times = 8 : i64", "times = 7 : i64", "does not fit its function"),
            ("isa", "rows = 8", "rows = 9", "")]:
        text = read(f"good.{level}.mlir").decode()
        if old not in text:
            continue
        write("edited.mlir", text.replace(old, new, 1))
        check(f"{level} with {new}", ["cimc", "edited.mlir", "-o", "out.cimb"], words)


def arrays():
    run = ["cimc-run", "good.cimb", "--output", "y.npy"]
    images, labels = np.load(IMAGES), np.load(LABELS)
    np.save("height.npy", images[:, :, :7])
    np.save("complex.npy", images.astype(np.complex64))
    np.save("none.npy", images[:0])
    write("cut.npy", read(IMAGES)[:3000])
    write("text.npy", "not an array\n")
    np.save("few.npy", labels[:100])
    np.save("large.npy", labels + 1000)
    np.save("float.npy", labels.astype(np.float32))
    for name, words in [("height", "shape \\[N,1,8,8\\] for N \\w+, .*\\[360,1,7,8\\]"), ("complex", "element type '<c8'"),
                        ("none", "holds no samples|shape \\[N"), ("cut", "'cut.npy' is cut off"), ("text", "text.npy"),
                        ("nosuch", "cannot open 'nosuch.npy'"), ("folder.onnx/x", "cannot open")]:
        check(f"run {name}", [*run, "--input", f"{name}.npy"], words)
        check(f"evaluate {name}", ["cimc", MODEL, "--evaluate", "--output", "y.npy", "--input", f"{name}.npy"], words)
    for name, words in [("few", "'few.npy' has 100 labels, 360 are needed"), ("large", "label 0 is 100\\d, the model has classes 0 to 9"),
                        ("float", "labels must be integers"), ("nosuch", "cannot open 'nosuch.npy'")]:
        check(f"run with labels {name}", [*run, "--input", IMAGES, "--labels", f"{name}.npy"], words)
        check(f"evaluate with labels {name}", ["cimc", MODEL, "--evaluate", "--output", "y.npy", "--input", IMAGES, "--labels", f"{name}.npy"], words)
    check("no input", run, "input 'image' is missing")
    for path in ("missing/y.npy", "folder.onnx", "/dev/full"):
        check(f"run to {path}", ["cimc-run", "good.cimb", "--input", IMAGES, "--output", path], f"cannot write '{path}'")
    check("json", [*run, "--input", IMAGES, "--json", "missing/j.json"], "cannot write 'missing/j.json'")
    check("unknown output", ["cimc", MODEL, "--evaluate", "--input", IMAGES, "--output", "nosuch=y.npy"], "no output 'nosuch'")


def programs():
    data = read("good.cimb")
    flipped, newer = bytearray(data), bytearray(data)
    flipped[len(data) // 2] ^= 16
    newer[8] = 9
    for name, content, words in [("cut", data[:3000], "the file is cut off"), ("flipped", flipped, "byte \\d+"),
                                 ("newer", newer, "format version 9.0 is newer than this cimc"),
                                 ("text", b"hello", "byte 0"), ("empty", b"", "empty")]:
        write(f"{name}.cimb", bytes(content))
        check(f"run {name} program", ["cimc-run", f"{name}.cimb", "--input", IMAGES, "--output", "y.npy"], ["'" + name + ".cimb'", words])
        check(f"dump {name} program", ["cimc-objdump", f"{name}.cimb"], ["'" + name + ".cimb'", words])
    check("run a folder", ["cimc-run", "folder.onnx", "--input", IMAGES], "'folder.onnx': it is not a regular file")
    check("dump nothing", ["cimc-objdump", "nosuch.cimb"], "cannot read 'nosuch.cimb'")


subprocess.run(["cimc", MODEL, *HERMES, *CALIBRATION, "-q", "-o", "good.cimb"], check=True)
for group in (models, options, targets, levels, arrays, programs):
    group()
print("failed: " + ", ".join(failures) if failures else "all cases were refused as they must")
sys.exit(1 if failures else 0)
