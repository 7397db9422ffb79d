# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent networks. ONNX cannot mark a state inside of a layer as 8 bits wide, so that they need calibration samples in both forms."""

HIDDEN = 504


def lstm(graph, name, source, inside, sequence):
    """One layer from [1, S, inside] to [1, S, HIDDEN]."""
    steps = graph.node("Transpose", name + ".steps", [source], perm=[1, 0, 2])
    inputs = [steps, graph.weight(name + ".input", (1, 4 * HIDDEN, inside), inside, gain=1.0),
              graph.weight(name + ".hidden", (1, 4 * HIDDEN, HIDDEN), HIDDEN, gain=1.0), graph.bias(name, (1, 8 * HIDDEN))]
    states = graph.node("LSTM", name, inputs, hidden_size=HIDDEN)
    shape = graph.constant(name + ".shape", [1, sequence, HIDDEN], "int64")
    return graph.node("Reshape", name + ".rows", [states, shape])


def decoder(graph, width, outputs, sequence):
    """Embedded tokens through an LSTM to a score for every token."""
    value = lstm(graph, "lstm", graph.input("embedded", [1, sequence, width]), width, sequence)
    value = graph.node("MatMul", "project", [value, graph.weight("project", (HIDDEN, outputs), HIDDEN, gain=1.0)])
    graph.output(graph.node("Add", "scores", [value, graph.bias("project", outputs)]), [1, sequence, outputs])


def ptb_lstm(graph, sequence=16):
    """The character model of HERMES's authors, behind its embedding: 1,299,312 weights, 26 cores."""
    decoder(graph, 128, 50, sequence)


def caption_lstm(graph, sequence=16):
    """Their captioning decoder: 4,080,384 weights, 64 cores."""
    decoder(graph, 504, 4064, sequence)


TOPOLOGIES = {"ptb-lstm": ptb_lstm, "caption-lstm": caption_lstm}
