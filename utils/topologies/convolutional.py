# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutional networks, batch normalisation folded. Shapes are those of the papers, inputs of the ImageNet ones are 224 x 224."""


def conv(graph, name, source, inside, outside, kernel=3, stride=1, groups=1, act="Relu", gain=2.0):
    """A convolution that keeps its input's size (divided by the stride), and its activation: Relu, Clip (to 6) or none."""
    weight = graph.weight(name, (outside, inside // groups, kernel, kernel), inside // groups * kernel * kernel, gain)
    inputs = [source, weight, graph.bias(name, outside)]
    value = graph.node("Conv", name, inputs, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, strides=[stride] * 2, group=groups)
    if act == "Relu":
        value = graph.node("Relu", name + ".relu", [value])
    elif act == "Clip":
        value = graph.node("Clip", name + ".clip", [value, graph.constant("zero", 0), graph.constant("six", 6)])
    return graph.mark(value)


def max_pool(graph, name, source, size, stride=None, pad=0, ceil=False):
    return graph.mark(graph.node("MaxPool", name, [source], kernel_shape=[size] * 2, strides=[stride or size] * 2, pads=[pad] * 4, ceil_mode=int(ceil)))


def dense(graph, name, source, inside, outside, relu=False):
    inputs = [source, graph.weight(name, (inside, outside), inside), graph.bias(name, outside)]
    value = graph.node("Gemm", name, inputs)
    return graph.mark(graph.node("Relu", name + ".relu", [value])) if relu else value


def classifier(graph, source, channels, classes):
    """The mean of the map and a dense layer."""
    value = graph.mark(graph.node("GlobalAveragePool", "pool", [source]))
    value = graph.node("Flatten", "flatten", [value])
    graph.output(dense(graph, "logits", value, channels, classes), [1, classes])


def add(graph, name, a, b, relu=False):
    value = graph.node("Add", name, [a, b])
    return graph.mark(graph.node("Relu", name + ".relu", [value]) if relu else value)


def resnet9_hermes(graph):
    """The ResNet-9 that IBM ran on HERMES for CIFAR-10: 1,866,536 weights, 40 arrays of 256 x 256 tile by tile. Matrix sizes are the
    paper's; where its two residual connections join is inferred from its figure."""

    def residual(name, source, channels, first):
        value = conv(graph, f"Conv{first}", source, channels, channels)
        return add(graph, name, conv(graph, f"Conv{first + 1}", value, channels, channels), source)

    value = conv(graph, "Conv0", graph.input("image", [1, 3, 32, 32]), 3, 56)
    value = max_pool(graph, "Pool0", conv(graph, "Conv1", value, 56, 112), 2)
    value = residual("Add0", value, 112, 2)
    value = max_pool(graph, "Pool1", conv(graph, "Conv4", value, 112, 224), 2)
    value = max_pool(graph, "Pool2", conv(graph, "Conv5", value, 224, 224), 2)
    value = residual("Add1", value, 224, 6)
    value = graph.node("Flatten", "flatten", [max_pool(graph, "Pool3", value, 4)])
    graph.output(dense(graph, "logits", value, 224, 10), [1, 10])


def resnet_stem(graph):
    value = conv(graph, "stem", graph.input("image", [1, 3, 224, 224]), 3, 64, kernel=7, stride=2)
    return max_pool(graph, "stem.pool", value, 3, stride=2, pad=1)


def basic_stages(graph, value, inside, widths, blocks):
    """Stages of residual blocks with two convolutions of 3x3 each; all but the first stage halve the image, with a convolution of 1x1 beside."""
    for stage, channels in enumerate(widths, 1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            shortcut = value
            if stride != 1:
                shortcut = conv(graph, name + ".shortcut", value, inside, channels, kernel=1, stride=stride, act=None, gain=1.0)
            value = conv(graph, name + ".conv1", value, inside, channels, stride=stride)
            value = conv(graph, name + ".conv2", value, channels, channels, act=None, gain=0.5)
            value, inside = add(graph, name, value, shortcut, relu=True), channels
    return value


def resnet18(graph):
    """ResNet-18: 11,678,912 weights."""
    classifier(graph, basic_stages(graph, resnet_stem(graph), 64, (64, 128, 256, 512), 2), 512, 1000)


def resnet50(graph):
    """ResNet-50, the stride in the 3x3 convolution: 25,502,912 weights."""
    value, inside = resnet_stem(graph), 64
    for stage, (channels, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            shortcut = value
            if block == 0:
                shortcut = conv(graph, name + ".shortcut", value, inside, 4 * channels, kernel=1, stride=stride, act=None, gain=1.0)
            value = conv(graph, name + ".conv1", value, inside, channels, kernel=1)
            value = conv(graph, name + ".conv2", value, channels, channels, stride=stride)
            value = conv(graph, name + ".conv3", value, channels, 4 * channels, kernel=1, act=None, gain=0.25)
            value, inside = add(graph, name, value, shortcut, relu=True), 4 * channels
    classifier(graph, value, 2048, 1000)


def vgg(graph, convolutions):
    """VGG with so many convolutions in each of its five stages."""
    value, inside, number = graph.input("image", [1, 3, 224, 224]), 3, 0
    for stage, (channels, convs) in enumerate(zip((64, 128, 256, 512, 512), convolutions), 1):
        for _ in range(convs):
            number += 1
            value, inside = conv(graph, f"conv{number}", value, inside, channels), channels
        value = max_pool(graph, f"pool{stage}", value, 2)
    value = graph.node("Flatten", "flatten", [value])
    value = dense(graph, "fc1", value, 512 * 7 * 7, 4096, relu=True)
    value = dense(graph, "fc2", value, 4096, 4096, relu=True)
    graph.output(dense(graph, "logits", value, 4096, 1000), [1, 1000])


def vgg16(graph):
    """VGG-16 (configuration D): 138,344,128 weights."""
    vgg(graph, (2, 2, 3, 3, 3))


def vgg19(graph):
    """VGG-19 (configuration E): 143,652,544 weights."""
    vgg(graph, (2, 2, 4, 4, 4))


def mobilenetv2(graph):
    """MobileNetV2 of width 1: 3,469,760 weights."""
    value = conv(graph, "stem", graph.input("image", [1, 3, 224, 224]), 3, 32, stride=2, act="Clip")
    inside, number = 32, 0
    settings = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expand, channels, blocks, first in settings:
        for block in range(blocks):
            number += 1
            name, wide, stride, source = f"block{number}", inside * expand, first if block == 0 else 1, value
            if expand != 1:
                value = conv(graph, name + ".expand", value, inside, wide, kernel=1, act="Clip")
            value = conv(graph, name + ".depthwise", value, wide, wide, stride=stride, groups=wide, act="Clip")
            value = conv(graph, name + ".project", value, wide, channels, kernel=1, act=None, gain=0.5)
            if block:
                value = add(graph, name, value, source)
            inside = channels
    classifier(graph, conv(graph, "head", value, 320, 1280, kernel=1, act="Clip"), 1280, 1000)


def cnn7(graph):
    """NeuRRAM's network for MNIST, six convolutions and a dense layer: 23,048 weights (and 122 biases)."""
    value, inside = graph.input("image", [1, 1, 28, 28]), 1
    for stage, channels in enumerate((8, 16, 32)):
        for number in (2 * stage, 2 * stage + 1):
            value, inside = conv(graph, f"conv{number}", value, inside, channels), channels
        value = max_pool(graph, f"pool{stage}", value, 2, ceil=True)
    graph.output(dense(graph, "logits", graph.node("Flatten", "flatten", [value]), 512, 10), [1, 10])


def resnet20(graph):
    """ResNet-20 for CIFAR-10 with convolutions of 1x1 where the shape changes, as NeuRRAM's authors ran it: 270,896 weights."""
    value = conv(graph, "stem", graph.input("image", [1, 3, 32, 32]), 3, 16)
    classifier(graph, basic_stages(graph, value, 16, (16, 32, 64), 3), 64, 10)


TOPOLOGIES = {
    "resnet9-hermes": resnet9_hermes,
    "cnn7": cnn7,
    "resnet20": resnet20,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "vgg16": vgg16,
    "vgg19": vgg19,
    "mobilenetv2": mobilenetv2,
}
