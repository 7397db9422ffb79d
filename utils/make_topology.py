#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes published networks as ONNX files with random weights, for questions of mapping, size and speed.

Usage: make_topology.py NAME [--bits N] [--float] [--layers L] [--sequence S] [--seed K] -o FILE.onnx

The model is in QDQ form: weights are 8-bit integers of at most 2^N levels (N from 1 to 8), activations have 8 bits, so it compiles without calibration samples. --float writes the
same numbers as floats, without marks. --layers and --sequence are for networks that repeat a layer or read a sequence. The same arguments give the same bytes. The accuracy of such
a model means nothing. Needs numpy only. Networks are functions in utils/topologies; each says what it is and how many weights it has.
"""

import argparse
import inspect
import sys

from topologies import convolutional, recurrent, transformers
from topologies.graph import Graph

TOPOLOGIES = {**convolutional.TOPOLOGIES, **recurrent.TOPOLOGIES, **transformers.TOPOLOGIES}


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, is {value}")
    return value


def parse():
    parser = argparse.ArgumentParser(description="writes published networks with random weights")
    parser.add_argument("name", choices=sorted(TOPOLOGIES))
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--bits", type=int, default=8, choices=range(1, 9), help="bits of a weight, 1 to 8", metavar="N")
    parser.add_argument("--float", action="store_true", help="a float model")
    parser.add_argument("--layers", type=positive, help="how often the network's layer repeats")
    parser.add_argument("--sequence", type=positive, help="tokens or time steps")
    parser.add_argument("--seed", type=int, default=1)
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    build = TOPOLOGIES[options.name]
    sizes = {name: getattr(options, name) for name in ("layers", "sequence") if getattr(options, name)}
    for name in sizes:
        if name not in inspect.signature(build).parameters:
            parser.error(f"--{name} does not apply to {options.name}")
    graph = Graph(options.seed, options.bits, options.float)
    build(graph, **sizes)
    try:
        graph.write(options.output, options.name)
    except OSError as error:
        sys.exit(f"make_topology.py: error: cannot write '{options.output}': {error.strerror}")
    print(f"{options.name}: {graph.weights} weights")


if __name__ == "__main__":
    main()
