# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks whose weights are disturbed in training, as cells of an array would disturb them.

A disturbed layer computes with W + noise * L * N: N is standard normal, drawn anew for each batch and weight; L is the largest weight of the whole layer
("layer", as the grids of publications count) or of each output channel ("channel", what counts where each column of an array has its largest weight at the
greatest conductance, as in mode analog of cimc-run). The gradient passes to W as if the noise were not there (straight through).

L is taken of the weights with batch normalisation folded in, W * gamma / sqrt(var + eps), since these are what is programmed.
"""

import torch
from torch.nn import functional

SCALES = ("channel", "layer")


class NoisyLayer(torch.nn.Module):
    """A convolution with batch normalisation, or a dense layer with bias, whose weights can be disturbed.

    `noise` is the deviation over the largest weight, 0 for none; `scale` one of SCALES; with `frozen` the statistics of batch normalisation stay what they
    were, so that the layer is what will be exported.
    """

    def __init__(self, weighted, normalised):
        super().__init__()
        self.weighted = weighted
        self.normalisation = torch.nn.BatchNorm2d(weighted.out_channels) if normalised else None
        self.noise, self.scale, self.frozen = 0.0, "channel", False

    def factors(self):
        """What folding multiplies each output channel by."""
        if self.normalisation is None:
            return torch.ones(len(self.weighted.weight))
        return self.normalisation.weight / torch.sqrt(self.normalisation.running_var + self.normalisation.eps)

    def disturbance(self):
        weights, factors = self.weighted.weight.detach(), self.factors().detach()
        channels = (weights.flatten(1).abs().max(1).values * factors.abs())
        largest = channels if self.scale == "channel" else channels.max().expand_as(channels)
        deviation = self.noise * largest / factors.abs().clamp(min=1e-6)
        return torch.randn_like(weights) * deviation.reshape(-1, *[1] * (weights.dim() - 1))

    def forward(self, x):
        weights = self.weighted.weight
        if self.noise > 0:
            weights = weights + self.disturbance()
        if isinstance(self.weighted, torch.nn.Linear):
            return functional.linear(x, weights, self.weighted.bias)
        x = functional.conv2d(x, weights, self.weighted.bias, self.weighted.stride, self.weighted.padding)
        if self.normalisation is None:
            return x
        self.normalisation.train(self.training and not self.frozen)
        return self.normalisation(x)

    def folded(self):
        """The plain layer with batch normalisation folded in."""
        if self.normalisation is None:
            return self.weighted
        old, factors = self.weighted, self.factors().detach()
        layer = torch.nn.Conv2d(old.in_channels, old.out_channels, old.kernel_size, old.stride, old.padding)
        layer.weight.data = old.weight.data * factors[:, None, None, None]
        layer.bias.data = self.normalisation.bias.data - self.normalisation.running_mean * factors
        return layer


def convolution(inputs, outputs, size=3, stride=1):
    return NoisyLayer(torch.nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), normalised=True)


class Block(torch.nn.Module):
    """Two convolutions beside a connection that skips them, with a convolution of 1x1 where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first, self.second = convolution(inputs, outputs, stride=stride), convolution(outputs, outputs)
        self.skip = convolution(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else torch.nn.Identity()

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.skip(x))


def resnet20(width=8):
    """ResNet-20 (K. He et al., CVPR 2016) for small images of one channel, with `width`, 2 * `width` and 4 * `width` channels."""
    layers, inputs = [convolution(1, width), torch.nn.ReLU()], width
    for stage in range(3):
        outputs = width << stage
        for block in range(3):
            layers.append(Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), NoisyLayer(torch.nn.Linear(inputs, 10), normalised=False))


def cnn7(width=8):
    """The network of seven layers that NeuRRAM's authors show on MNIST: six convolutions of 3x3 with 8, 16 and 32 channels, and a dense layer."""
    layers, inputs = [], 1
    for stage in range(3):
        for _ in range(2):
            layers += [convolution(inputs, width << stage), torch.nn.ReLU()]
            inputs = width << stage
        layers.append(torch.nn.MaxPool2d(2, ceil_mode=True))
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), NoisyLayer(torch.nn.Linear(inputs * 16, 10), normalised=False))


NETWORKS = {"resnet20": resnet20, "cnn7": cnn7}


def noisy_layers(network):
    return [module for module in network.modules() if isinstance(module, NoisyLayer)]


def set_noise(network, noise, scale):
    for layer in noisy_layers(network):
        layer.noise, layer.scale = noise, scale


def deployed(module):
    """The network with all normalisations folded and no noise, of plain layers. The network given is used up."""
    for name, child in module.named_children():
        setattr(module, name, child.folded() if isinstance(child, NoisyLayer) else deployed(child))
    return module
