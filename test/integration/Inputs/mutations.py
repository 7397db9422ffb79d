# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damages a model, a binary and every level in many places, and checks that no tool ever dies of it.

mutations.py EXAMPLE_FOLDER WORK_FOLDER COUNT [SEED]

Every run must end by itself with exit status 0, 1 or 2 and within the time limit. Text is also damaged number by number and word by
word, which the parser lets pass more often than single bytes.
"""

import os
import random
import re
import shutil
import subprocess
import sys

example, work, count = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3])
chance = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 7)
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)

MODEL = os.path.join(example, "digits.onnx")
COMPILE = ["cimc", "--calibrate", os.path.join(example, "calibration.npy"), "-q", "-o", "out.cimb"]
NUMBERS = [0, 1, 2, 7, -1, -128, 128, 255, 65536, 2**31 - 1, 2**31, -2**31, 2**40, 2**62, 2**63 - 1, -2**63]
failures = 0


def run(what, command):
    global failures
    try:
        result = subprocess.run(command, capture_output=True, timeout=20)
        problem = None if result.returncode in (0, 1, 2) else f"exit status {result.returncode}"
        if b"PLEASE submit" in result.stderr or b"LLVM ERROR" in result.stderr:
            problem = "dies in the middle"
    except subprocess.TimeoutExpired:
        problem, result = "does not end", None
    if problem:
        failures += 1
        print(f"FAILED {what}: {problem}: {' '.join(command)}")
        if result:
            print("  " + result.stderr.decode(errors="replace")[:600])
        for path in command:
            if path.startswith("bad."):
                shutil.copy(path, f"failed-{failures}{os.path.splitext(path)[1]}")


def damaged(data):
    """A copy of `data` with a byte changed, a piece cut out, doubled or filled, or its end cut off."""
    data = bytearray(data)
    at = chance.randrange(len(data))
    kind = chance.randrange(6)
    if kind < 3:
        data[at] ^= 1 << chance.randrange(8)
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at : at + chance.randrange(1, 40)]
    else:
        size = chance.randrange(1, 40)
        data[at : at + size] = bytes([chance.choice([0, 255])]) * size
    return bytes(data)


def edited(text):
    """A copy of `text` with one number or one word replaced, or a line removed or doubled. Resources stay as they are."""
    body, mark, resources = text.partition("{-#")
    kind = chance.randrange(4)
    numbers = [m for m in re.finditer(r"(?<![\w#@%.])-?\d+(?![\w.])", body)]
    words = [m for m in re.finditer(r"[a-z_]{3,}", body)]
    if kind < 2 and numbers:
        found = chance.choice(numbers)
        new = str(chance.choice(NUMBERS))
    elif kind == 2:
        found = chance.choice(words)
        new = chance.choice(words).group()
    else:
        lines = body.split("\n")
        at = chance.randrange(len(lines))
        lines[at : at + 1] = [] if chance.randrange(2) else [lines[at], lines[at]]
        return "\n".join(lines) + mark + resources
    return body[: found.start()] + new + body[found.end() :] + mark + resources


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


model = read(MODEL)
for number in range(count):
    write("bad.onnx", damaged(model))
    run(f"model {number}", [*COMPILE, "bad.onnx", "--target", "hermes"])

subprocess.run([*COMPILE, MODEL, "--target", "hermes"], check=True)
program = read("out.cimb")
for number in range(count):
    write("bad.cimb", damaged(program))
    run(f"program {number}", ["cimc-objdump", "bad.cimb", "--headers", "--sections", "--stats", "--disassemble", "all"])
    run(f"program {number}", ["cimc-run", "bad.cimb", "--timing"])

for level in ("entry", "quantized", "cim", "tiled", "placed", "scheduled", "isa"):
    emit = [*COMPILE[:-1], f"{level}.mlir", MODEL, "--target", "hermes", f"--emit={level}"]
    subprocess.run(emit, check=True)
    text = read(f"{level}.mlir")
    target = ["--target", "hermes"] if level in ("entry", "quantized") else []
    for number in range(count):
        bad = damaged(text) if number % 3 == 0 else edited(text.decode()).encode()
        write("bad.mlir", bad)
        run(f"{level} {number}", [*COMPILE, "bad.mlir", *target])

print(f"{failures} failures" if failures else "no tool died")
sys.exit(1 if failures else 0)
