# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks through converters of many bits: usage check_converters_random.py UTILS COUNT WORK. Mode converters gives the bits of mode exact."""

import os
import subprocess
import sys

import numpy as np

utils, count, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
PHASES, INPUTS, CODINGS, CELLS = (1, 4), ("pulse-width", "bit-serial"), ("sign-magnitude", "twos-complement", "sign-magnitude"), (0, 4, 0, 2, 0)
os.makedirs(work, exist_ok=True)

for seed in range(count):
    model, inputs, program = (f"{work}/{seed}{end}" for end in (".onnx", ".npy", ".cimb"))
    subprocess.run([sys.executable, f"{utils}/random_network.py", str(seed), model, inputs], check=True)
    settings = ["chip.cores=1024", "array.rows=64", "core.array.cols=32", "array.output_bits=24", f"array.read_phases={PHASES[seed // 2 % 2]}",
                f"array.input_converter={INPUTS[seed % 4 == 3]}", f"array.input_coding={CODINGS[seed % 3]}", f"array.cell_bits={CELLS[seed % 5]}"]
    options = [word for setting in settings for word in ("--set", setting)]
    calibrate = ["--calibrate", inputs] if seed % 2 == 0 else []  # the others come quantised
    ranges = "--converter-ranges=" + ("array", "column")[seed // 3 % 2]
    subprocess.run(["cimc", model, "--target", "hermes", *options, *calibrate, ranges, "-q", "-o", program], check=True)
    outputs = []
    for mode in ("exact", "converters"):
        output = f"{work}/{seed}.{mode}.npy"
        subprocess.run(["cimc-run", program, "--input", inputs, "--output", output, f"--mode={mode}"], check=True, stdout=subprocess.DEVNULL)
        outputs.append(np.load(output))
    if outputs[0].tobytes() != outputs[1].tobytes():
        sys.exit(f"network {seed} differs: {settings}")
print(f"{count} networks are exact")
