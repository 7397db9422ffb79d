#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes little random networks with a random machine and objective for each: material for cimc-compile-cases.

Usage: random_compilations.py FIRST_SEED COUNT OUT_DIR

Writes OUT_DIR/SEED.onnx, samples for float models, and OUT_DIR/cases.json, which says how each network is to be compiled. The networks are chains, residuals, branches,
concatenations, pools, depthwise and dense layers (utils/random_network.py) with up to three inputs and outputs, or a recurrent layer (utils/random_recurrence.py). The machines
have crossbars or engines, up to six chips, arrays into which layers do not fit whole, and memories that are large or just enough. The same seed gives the same bytes.
"""

import json
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper

import random_network
import random_recurrence


class Network(random_network.Network):
    """A network with several inputs and outputs, which knows how large its weights and maps are."""

    def __init__(self, seed, quantised):
        super().__init__(seed, quantised)
        self.matrices = []  # (rows, columns) of each weight
        self.rows = [1]  # bytes of a row of each map
        self.maps = [1]  # bytes of each map
        self.inputs, self.outputs = [], []

    def weight(self, shape, fan_in, axis):
        columns = shape[axis]
        rows = int(numpy.prod(shape)) // columns
        # The groups of a layer stand in rows of their own.
        self.matrices.append((rows * (columns if rows < 10 else 1), columns))
        return super().weight(shape, fan_in, axis)

    def note(self, value):
        _, channels, height, width = value
        self.rows.append(channels * width)
        self.maps.append(channels * height * width)
        return value

    def add_input(self, height, width):
        name = f"input{len(self.inputs)}"
        shape = [1, self.pick(1, 2, 3, 4, 6), height, width]
        self.inputs.append((name, shape))
        return self.note((self.mark(name), *shape[1:]))

    def join(self, value, other):
        """A second value comes in: channel by channel, or as one more summand, or as a gate."""
        name, channels, height, width = value
        how = self.pick("concat", "sum", "gate") if other[2:] == value[2:] else "gate"
        if how == "concat":
            return self.mark(self.node("Concat", [name, other[0]], axis=1)), channels + other[1], height, width
        if how == "sum":
            branch = self.mark(self.conv(other, channels, same=True)[0])
            return self.activation(self.node("Add", [name, branch])), channels, height, width
        mean = self.mark(self.node("GlobalAveragePool", [other[0]]))
        gate = self.mark(self.conv((mean, other[1], 1, 1), channels, kernel=(1, 1))[0])
        return self.mark(self.node(self.pick("Mul", "Add"), [name, gate])), channels, height, width

    def steps(self, value):
        """One more step, any of those that random_network.py knows."""
        step = self.pick(*[self.step_conv] * 4, *[self.step_pool] * 2, *[self.step_residual] * 2, self.step_concat, self.step_scale)
        return self.note(step(value))

    def build(self):
        height, width = int(self.rng.integers(3, 10)), int(self.rng.integers(3, 10))
        waiting = [self.add_input(height, width) for _ in range(self.pick(1, 1, 1, 2, 3))]
        first, heads = waiting.pop(0), []
        value = self.steps(first)
        for _ in range(self.rng.integers(0, 4)):
            if waiting and self.chance(0.6):
                value = self.note(self.join(value, waiting.pop()))
            if self.chance(0.15) and len(heads) < 2:
                heads.append(value)  # used for an output and by what follows
            value = self.steps(value)
        heads += [self.step_conv(other) for other in waiting] + [value]
        self.finish(heads)

    def finish(self, heads):
        """Outputs: maps as they are, or a dense tail; or all tails in one."""
        tails = []
        for head in heads:
            if self.chance(0.25) and head[0] not in [name for name, _ in self.outputs] and not head[0].startswith("input"):
                self.outputs.append((head[0], [1, *head[1:]]))
            else:
                tails.append(self.tail(head))
        if len(tails) > 1 and self.chance(0.4):
            tails = [(self.mark(self.node("Concat", [name for name, _ in tails], axis=1)), sum(size for _, size in tails))]
        self.outputs += [(name, [1, size]) for name, size in tails]

    def model(self):
        self.build()
        ports = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side] for side in (self.inputs, self.outputs)]
        graph = helper.make_graph(self.nodes, "random", *ports, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="cimc", ir_version=7)


class Recurrence(random_recurrence.Network):
    """A recurrent layer, with the same figures."""

    def figures(self):
        weights = [self.initializers[name] for name in ("W", "R")]
        self.matrices = [(weight.shape[0] * weight.shape[2], weight.shape[0] * weight.shape[1]) for weight in weights]
        self.rows = [max(self.width * self.steps * self.batch, 64)]
        self.maps = [4 * self.rows[0]]
        self.inputs = [("x", [1, self.steps * self.batch * self.width])]


class Machine:
    """A target by its differences from one that ships, and how to compile for it."""

    def __init__(self, rng, network):
        self.rng, self.network = rng, network
        self.settings = {}
        self.chips = self.pick(1, 1, 1, 2, 2, 3, 4, 4, 6)
        self.engine = self.chance(0.35)

    chance, pick = random_network.Network.chance, random_network.Network.pick

    def crossbar(self):
        rows, columns, per_core = self.pick(16, 24, 32, 64, 128), self.pick(8, 16, 32, 64, 128), self.pick(1, 1, 1, 2, 4)
        cell_bits = self.pick(0, 0, 0, 1, 2, 3, 4)
        slices = -(-8 // cell_bits) if cell_bits else 1
        tiles = sum(-(-r // rows) * -(-c // columns) for r, c in self.network.matrices) * slices
        # Some layers take more arrays than that, such as depthwise ones whose channels are far apart.
        cores = int(numpy.ceil(self.pick(1.6, 2, 3) * (tiles + 3) / self.chips / per_core)) + 1
        grid = self.pick(1, 2, 4)
        cores = -(-cores // grid) * grid
        self.settings.update({"chip.cores": cores, "chip.grid_columns": grid, "array.rows": rows, "array.cols": columns, "array.per_core": per_core,
                              "array.cell_bits": cell_bits, "array.input_coding": self.pick("sign-magnitude", "twos-complement")})

    def weight_memory(self):
        cores = self.pick(1, 1, 1, 2, 4)
        total = sum(rows * columns for rows, columns in self.network.matrices)
        largest = max([min(rows, 200) for rows, _ in self.network.matrices] + [16])
        room = int(self.pick(1.2, 1.5, 3) * total / self.chips / cores) + largest
        self.settings.update({"chip.cores": cores, "chip.grid_columns": self.pick(1, cores), "engine.weight_memory": f"{room}B",
                              "engine.inputs": self.pick(4, 16), "engine.outputs": self.pick(4, 16)})

    def memory(self):
        """Room for activations: plenty, or what a few of the largest maps take, or of the largest rows."""
        rows, maps = max(self.network.rows), max(self.network.maps)
        wanted = self.pick(1 << 20, 1 << 16, 4 * maps + 32 * rows + 4096, 2 * maps + 32 * rows + 3072)
        self.settings["core.memory"] = f"{int(wanted)}B"

    def several_chips(self):
        topology = self.pick("chain", "ring", "mesh", "all-to-all")
        if topology == "mesh":
            self.settings["links.columns"] = self.pick(*[n for n in range(1, self.chips + 1) if self.chips % n == 0])
        self.settings["links.topology"] = topology
        self.settings["links.bandwidth"] = self.pick("0.01B/ns", "1B/ns", "50B/ns")
        self.settings["links.latency"] = self.pick("0ns", "50ns", "5us")
        for field, choices in {"wake_time": ("0ns", "100ns", "10us", "1ms"), "shutdown_time": ("0ns", "100ns", "10us"), "wake_energy": ("0nJ", "10nJ"),
                               "buffers": ("lost", "lost", "kept")}.items():
            self.settings["gating." + field] = self.pick(*choices)

    def case(self):
        """What cimc-compile-cases reads."""
        if self.engine:
            self.weight_memory()
        else:
            self.crossbar()
        self.memory()
        if self.chips > 1:
            self.several_chips()
        free = self.chips > 1 and self.settings["links.topology"] != "mesh" and self.chance(0.15)
        return {"target": "chimera" if self.engine else "generic", "settings": [f"{key}={value}" for key, value in self.settings.items()],
                "chips": "auto" if free else str(self.chips), "objective": self.pick("latency", "energy", "throughput", "edp"),
                "partition": self.pick("auto", "auto", "greedy"), "pack": self.pick("auto", "auto", "dense", "never")}


def make(seed, folder):
    """Writes one network and gives its case."""
    kind = "recurrence" if seed % 12 == 7 else "float" if seed % 4 == 2 else "qdq"
    network = Recurrence(seed) if kind == "recurrence" else Network(seed, kind == "qdq")
    model = network.model()
    if kind == "recurrence":
        network.figures()
    onnx.save(model, os.path.join(folder, f"{seed}.onnx"))
    rng = numpy.random.default_rng([seed, 1])
    samples = []
    for name, shape in network.inputs if kind != "qdq" else []:
        samples.append(f"{name}={seed}.{name}.npy")
        numpy.save(os.path.join(folder, f"{seed}.{name}.npy"), rng.standard_normal([4] + shape[1:]).astype(numpy.float32))
    return {"seed": seed, "model": f"{seed}.onnx", "calibrate": samples, **Machine(rng, network).case()}


def main():
    first, count, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    cases = [make(seed, folder) for seed in range(first, first + count)]
    with open(os.path.join(folder, "cases.json"), "w", encoding="utf-8") as file:
        file.write("[" + ",\n".join(json.dumps(case) for case in cases) + "]\n")


if __name__ == "__main__":
    main()
