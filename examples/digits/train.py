#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the bundled example: a small convolutional network on handwritten digits.

The data set is the one that comes with scikit-learn: 1,797 grey images of 8x8 pixels with values 0 to 16
(test set of UCI's "Optical Recognition of Handwritten Digits"). A fixed seed splits it into training and test images, so
running the script again gives the same split and, on the same library versions, the same network.

Writes into its own folder:
  digits.onnx       the trained network; input "image" [1, 1, 8, 8] float32, output "scores" [1, 10]
  images.npy        the test images, [360, 1, 8, 8] float32
  labels.npy        their classes, [360] int64
  calibration.npy   128 training images, to quantise the network with

Needs the Debian packages python3-sklearn and python3-torch.
"""

import pathlib

import numpy
import sklearn.datasets
import torch

SEED = 20
TEST_IMAGES = 360
CALIBRATION_IMAGES = 128
EPOCHS = 60
FOLDER = pathlib.Path(__file__).resolve().parent


def load_digits():
    """The images scaled to 0..1 as [n, 1, 8, 8] and their labels, in a shuffled order."""
    digits = sklearn.datasets.load_digits()
    order = numpy.random.RandomState(SEED).permutation(len(digits.target))
    images = (digits.images[order] / 16.0).astype(numpy.float32)[:, None]
    return images, digits.target[order].astype(numpy.int64)


def make_network():
    """Three convolutions, one of them with stride, a pool, and a dense layer: 26,256 weights."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.BatchNorm2d(16), torch.nn.ReLU(),
        torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.BatchNorm2d(32), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 48, 3, padding=1), torch.nn.BatchNorm2d(48), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(48 * 4 * 4, 10))


def shifted(images):
    """Each image moved by at most one pixel in each direction, which doubles for more data."""
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    result = torch.empty_like(images)
    for i, (dy, dx) in enumerate(torch.randint(0, 3, (len(images), 2)).tolist()):
        result[i] = padded[i, :, dy:dy + 8, dx:dx + 8]
    return result


def train(network, images, labels):
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    network.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(64):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(shifted(images[batch])), labels[batch])
            loss.backward()
            optimiser.step()
        schedule.step()
    network.eval()


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    images, labels = load_digits()
    train_images, train_labels = images[TEST_IMAGES:], labels[TEST_IMAGES:]
    network = make_network()
    train(network, torch.from_numpy(train_images), torch.from_numpy(train_labels))

    with torch.no_grad():
        guesses = network(torch.from_numpy(images[:TEST_IMAGES])).argmax(1).numpy()
    print(f"accuracy on {TEST_IMAGES} test images: {100 * (guesses == labels[:TEST_IMAGES]).mean():.2f} %")

    torch.onnx.export(network, torch.zeros(1, 1, 8, 8), str(FOLDER / "digits.onnx"), opset_version=13,
                      input_names=["image"], output_names=["scores"])
    numpy.save(FOLDER / "images.npy", images[:TEST_IMAGES])
    numpy.save(FOLDER / "labels.npy", labels[:TEST_IMAGES])
    numpy.save(FOLDER / "calibration.npy", train_images[:CALIBRATION_IMAGES])


if __name__ == "__main__":
    main()
