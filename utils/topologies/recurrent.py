# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent networks. ONNX cannot mark a state inside of a layer as 8 bits wide, so that they need calibration samples in both forms."""

HIDDEN = 504


def lstm(graph, name, source, inside, sequence, hidden=HIDDEN):
    """One layer from [1, S, inside] to [1, S, hidden]."""
    steps = graph.node("Transpose", name + ".steps", [source], perm=[1, 0, 2])
    inputs = [steps, graph.weight(name + ".input", (1, 4 * hidden, inside), inside, gain=1.0),
              graph.weight(name + ".hidden", (1, 4 * hidden, hidden), hidden, gain=1.0), graph.bias(name, (1, 8 * hidden))]
    states = graph.node("LSTM", name, inputs, hidden_size=hidden)
    shape = graph.constant(name + ".shape", [1, sequence, hidden], "int64")
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


def speech_lstm(graph, sequence=50):
    """NeuRRAM's recogniser of spoken commands: four LSTM cells of 112 side by side read the same 40 coefficients of a time step, and the sum of four dense
    layers of their last states is the score of 12 classes. 277,760 weights (and 3,632 biases)."""
    hidden, classes = 112, 12
    source = graph.input("coefficients", [1, sequence, 40])
    last = [graph.constant(f"last.{name}", values, "int64") for name, values in (("starts", [sequence - 1]), ("ends", [sequence]), ("axes", [1]))]
    shape, scores = graph.constant("state.shape", [1, hidden], "int64"), None
    for cell in range(4):
        name = f"cell{cell}"
        state = graph.node("Slice", name + ".last", [lstm(graph, name, source, 40, sequence, hidden), *last])
        state = graph.node("Reshape", name + ".state", [state, shape])
        value = graph.node("Gemm", name + ".dense", [state, graph.weight(name + ".dense", (hidden, classes), hidden, gain=1.0), graph.bias(name + ".dense", classes)])
        scores = value if scores is None else graph.node("Add", name + ".sum", [scores, value])
    graph.output(scores, [1, classes])


TOPOLOGIES = {"ptb-lstm": ptb_lstm, "caption-lstm": caption_lstm, "speech-lstm": speech_lstm}
