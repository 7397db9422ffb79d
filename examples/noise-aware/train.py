#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a network whose weights are disturbed in training, and exports it, so that it stands what analog cells do to it.

Usage: train.py FOLDER [--noise 0.15] [--network resnet20|cnn7] [--mnist FOLDER] [--scale channel|layer] [--epochs N] [--seed N]

Each batch computes with weights + noise * largest weight * N(0, 1), drawn anew (networks.py). Noise grows from 0 in the first quarter of the epochs; in the last
third batch normalisation is frozen, so that the network that is trained then is the one that is exported. Data: data.py.

Writes into FOLDER what data.py writes, and
  model.onnx        the network, normalisation folded; input "image" [n, 1, height, width], 0 to 1; output "scores" [n, 10]

Prints the accuracy on the test images without noise and, as a mean over --draws, with weight noise of 5, 10 and 15 %.
Needs the Debian packages python3-torch and, for the digits, python3-sklearn.
"""

import argparse
import pathlib
import sys
import warnings

try:
    import torch
except ImportError:
    sys.exit("error: PyTorch is missing; install the Debian package python3-torch")

import data
import networks

TEST_NOISE = (0.0, 0.05, 0.1, 0.15)


def shifted(images):
    """Each image moved by at most one pixel of 8 in each direction, which doubles for more data."""
    size = images.shape[-1]
    reach = max(1, size // 14)
    padded = torch.nn.functional.pad(images, (reach,) * 4)
    result = torch.empty_like(images)
    for i, (dy, dx) in enumerate(torch.randint(0, 2 * reach + 1, (len(images), 2)).tolist()):
        result[i] = padded[i, :, dy:dy + size, dx:dx + size]
    return result


def train(network, images, labels, epochs, noise, scale):
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    network.train()
    for epoch in range(epochs):
        networks.set_noise(network, noise * min(1, 4 * (epoch + 1) / epochs), scale)
        for layer in networks.noisy_layers(network):
            layer.frozen = 3 * epoch >= 2 * epochs
        for batch in torch.randperm(len(images)).split(64):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(shifted(images[batch])), labels[batch]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        schedule.step()
    network.eval()


def accuracy(network, images, labels, noise, scale, draws):
    """In percent, a mean over draws of the noise."""
    networks.set_noise(network, noise, scale)
    right = 0.0
    with torch.no_grad():
        for _ in range(draws if noise else 1):
            right += (network(images).argmax(1) == labels).double().mean().item() / (draws if noise else 1)
    networks.set_noise(network, 0, scale)
    return 100 * right


def export(network, example, path):
    """Writes the network with its normalisations folded. The network given is used up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of axes that it cannot fold
        torch.onnx.export(networks.deployed(network).eval(), example, str(path), opset_version=13, input_names=["image"], output_names=["scores"])


def train_and_export(folder, samples, options, noise):
    """Trains one network of the options and writes its files. Returns its accuracies in percent at TEST_NOISE, as PyTorch computes them."""
    torch.set_num_threads(1)  # the same sums in the same order everywhere
    torch.manual_seed(options.seed)
    images, labels, tests = samples
    network = networks.NETWORKS[options.network]()
    train(network, torch.from_numpy(images[tests:]), torch.from_numpy(labels[tests:]), options.epochs, noise, options.scale)
    test = torch.from_numpy(images[:tests]), torch.from_numpy(labels[:tests])
    accuracies = [accuracy(network, *test, level, options.scale, options.draws) for level in TEST_NOISE]
    data.write(folder, *samples)
    export(network, torch.from_numpy(images[:1]), folder / "model.onnx")
    return accuracies


def add_options(parser):
    """Those that grid.py has, too."""
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--network", choices=sorted(networks.NETWORKS), default="resnet20")
    parser.add_argument("--mnist", type=pathlib.Path, metavar="FOLDER", help="train on MNIST's 10,000 test images, which lie in this folder, instead of the digits")
    parser.add_argument("--scale", choices=networks.SCALES, default="channel", help="whose largest weight noise is relative to (channel)")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--draws", type=int, default=10, help="draws of noise that accuracies in PyTorch are a mean of (10)")


def check_noise(parser, noise):
    if not 0 <= noise <= 1:
        parser.error(f"weight noise must be from 0 to 1, is {noise:g}")


def main():
    parser = argparse.ArgumentParser(description="trains a network with noise on its weights and exports it to ONNX")
    add_options(parser)
    parser.add_argument("--noise", type=float, default=0.15, help="deviation of weights in training, over the largest weight (0.15)")
    options = parser.parse_args()
    check_noise(parser, options.noise)
    samples = data.load(options.mnist)
    results = train_and_export(options.folder, samples, options, options.noise)
    print(f"{options.network} trained with {100 * options.noise:g} % noise; accuracy on {samples[2]} test images in PyTorch, in percent:")
    print("  weight noise " + " ".join(f"{100 * level:6g} %" for level in TEST_NOISE))
    print("  accuracy     " + " ".join(f"{value:8.2f}" for value in results))


if __name__ == "__main__":
    main()
