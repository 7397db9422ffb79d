# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Transformers without their embedding tables: hidden states in, hidden states out."""

import numpy

WIDTH, HEADS, INNER = 768, 12, 3072
PROBABILITY_SCALE = numpy.float32(1 / 127)


def linear(graph, name, source, inside, outside):
    """A product with a weight, and its bias."""
    value = graph.node("MatMul", name + ".matmul", [source, graph.weight(name, (inside, outside), inside, gain=1.0)])
    return graph.mark(graph.node("Add", name, [value, graph.bias(name, outside)]))


def norm(graph, name, source):
    inputs = [source, graph.constant(name + ".gamma", numpy.ones(WIDTH)), graph.bias(name, WIDTH)]
    return graph.mark(graph.node("LayerNormalization", name, inputs, axis=-1, epsilon=1e-5))


def scalar(graph, value):
    return graph.constant(f"const.{value:g}", value)


def gelu_erf(graph, name, source):
    """x / 2 * (1 + erf(x / sqrt 2)), as exporters write it."""
    value = graph.node("Div", name + ".div", [source, scalar(graph, 2**0.5)])
    value = graph.node("Erf", name + ".erf", [value])
    value = graph.node("Add", name + ".add", [value, scalar(graph, 1.0)])
    value = graph.node("Mul", name + ".mul", [source, value])
    return graph.mark(graph.node("Mul", name, [value, scalar(graph, 0.5)]))


def gelu_tanh(graph, name, source):
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), GPT-2's form."""
    cube = graph.node("Pow", name + ".pow", [source, scalar(graph, 3.0)])
    value = graph.node("Mul", name + ".mul", [cube, scalar(graph, 0.044715)])
    value = graph.node("Add", name + ".add", [source, value])
    value = graph.node("Mul", name + ".mul1", [value, scalar(graph, (2 / numpy.pi) ** 0.5)])
    value = graph.node("Add", name + ".add1", [graph.node("Tanh", name + ".tanh", [value]), scalar(graph, 1.0)])
    value = graph.node("Mul", name + ".mul2", [source, value])
    return graph.mark(graph.node("Mul", name, [value, scalar(graph, 0.5)]))


def heads(graph, name, source, sequence, order):
    """[1, S, W] as [1, heads, S, W / heads], or another order of these axes."""
    shape = graph.constant("heads.shape", [1, sequence, HEADS, WIDTH // HEADS], numpy.int64)
    return graph.node("Transpose", name + ".heads", [graph.node("Reshape", name + ".split", [source, shape])], perm=order)


def attention(graph, name, source, sequence, causal):
    """Multi-head self-attention with its output projection."""
    query, key, value = (linear(graph, f"{name}.{part}", source, WIDTH, WIDTH) for part in ("query", "key", "value"))
    query = heads(graph, name + ".query", query, sequence, [0, 2, 1, 3])
    key = heads(graph, name + ".key", key, sequence, [0, 2, 3, 1])
    value = heads(graph, name + ".value", value, sequence, [0, 2, 1, 3])
    scores = graph.node("MatMul", name + ".scores", [query, key])
    scores = graph.node("Mul", name + ".scaled", [scores, scalar(graph, (WIDTH // HEADS) ** -0.5)])
    if causal:
        mask = graph.constant("mask", numpy.triu(numpy.full((sequence, sequence), -10000.0), 1))
        scores = graph.node("Add", name + ".masked", [scores, mask])
    weights = graph.mark(graph.node("Softmax", name + ".softmax", [scores], axis=-1), PROBABILITY_SCALE)
    mixed = graph.node("MatMul", name + ".mix", [weights, value])
    mixed = graph.node("Transpose", name + ".join", [mixed], perm=[0, 2, 1, 3])
    shape = graph.constant("joined.shape", [1, sequence, WIDTH], numpy.int64)
    mixed = graph.mark(graph.node("Reshape", name + ".joined", [mixed, shape]))
    return linear(graph, name + ".out", mixed, WIDTH, WIDTH)


def feed_forward(graph, name, source, gelu):
    value = linear(graph, name + ".fc1", source, WIDTH, INNER)
    return linear(graph, name + ".fc2", gelu(graph, name + ".gelu", value), INNER, WIDTH)


def bert_base(graph, layers=12, sequence=128):
    """BERT-base's encoder, normalised after each sum: 84,934,656 weights in 12 layers."""
    value = graph.input("hidden", [1, sequence, WIDTH])
    for layer in range(layers):
        name = f"layer{layer}"
        mixed = attention(graph, name + ".attention", value, sequence, causal=False)
        value = norm(graph, name + ".norm1", graph.node("Add", name + ".add1", [mixed, value]))
        made = feed_forward(graph, name, value, gelu_erf)
        value = norm(graph, name + ".norm2", graph.node("Add", name + ".add2", [made, value]))
    graph.output(graph.node("Identity", "encoded", [value]), [1, sequence, WIDTH])


def gpt2_block(graph, layers=1, sequence=64):
    """Blocks of GPT-2 small, causal and normalised before each part: 7,077,888 weights a block."""
    value = graph.input("hidden", [1, sequence, WIDTH])
    for layer in range(layers):
        name = f"block{layer}"
        mixed = attention(graph, name + ".attention", norm(graph, name + ".norm1", value), sequence, causal=True)
        value = graph.mark(graph.node("Add", name + ".add1", [value, mixed]))
        made = feed_forward(graph, name, norm(graph, name + ".norm2", value), gelu_tanh)
        value = graph.mark(graph.node("Add", name + ".add2", [value, made]))
    graph.output(graph.node("Identity", "decoded", [value]), [1, sequence, WIDTH])


TOPOLOGIES = {"bert-base": bert_base, "gpt2-block": gpt2_block}
