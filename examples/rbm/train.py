#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a restricted Boltzmann machine and exports the restoration of images with it.

Usage: train.py FOLDER [--mnist IMAGES] [--hidden 120] [--epochs 30] [--noise 0.5] [--cycles 10]

Visible units are the pixels, black or white. Training is contrastive divergence with 10 steps (CD-10; G. Hinton, Neural Computation 14, 2002) from a fixed seed, with normal noise on the
weights in the sampling, `--noise` times their root mean square, so that they stand what analog cells do to them. One half of each batch samples all pixels, starting from the image. The other half does
what restoration will do: it starts with the lowest third covered and samples only that, while the other pixels stay what they are, which raises the likelihood of what is covered given the rest. The data are digits of 8x8 pixels of examples/digits: its 360
images to train with, its 128 calibration images to test with. With --mnist they are those of a file in MNIST's format (idx3-ubyte, packed or not); of the 10,000
images of the MNIST test set, 8,000 are to train with and 2,000 to test with.

Writes into FOLDER:
  rbm.onnx           --cycles cycles of Gibbs sampling; inputs "image" [1, pixels] (0 or 1), "known" [1, pixels] (1 where the pixel is right for sure) and, from 0 to 1,
                     "prior" [1, pixels] (how much a pixel that is not known for sure is pulled to what was seen); output "restored" [1, pixels], the mean of the
                     visible units' probabilities over the cycles
  original.npy       the test images, [n, 1, pixels] float32
  flipped.npy        the same with 20 % of the pixels flipped, and flipped-known.npy: nothing is known for sure
  occluded.npy       the same with the lowest third set to 0, and occluded-known.npy: the other pixels
  calibration.npy    256 training images, flipped and occluded by halves, and calibration-known.npy

Needs the Debian packages python3-numpy and python3-onnx.
"""

import argparse
import gzip
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 22
DIGITS = pathlib.Path(__file__).resolve().parent.parent / "digits"
FLIPPED = 0.2
CD_STEPS = 10
BATCH = 50
WEIGHT_DECAY = numpy.float32(2e-3)
# Over the root mean square of all weights. What cells make of a weight is relative to the largest one, so that a few large ones cost all others accuracy.
LARGEST = numpy.float32(5)


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def load_digits():
    """Images, test images first; how many of them are for testing; height and width."""
    test, train = (numpy.load(DIGITS / name) for name in ("calibration.npy", "images.npy"))
    images = numpy.concatenate([test, train]).reshape(len(test) + len(train), -1)
    return (images >= 0.5).astype(numpy.float32), len(test), (8, 8)


def load_mnist(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        raw = file.read()
    magic, count, height, width = numpy.frombuffer(raw, ">i4", 4)
    if magic != 0x803:
        raise SystemExit(f"train.py: error: '{path}' must be images in MNIST's format (idx3-ubyte)")
    pixels = numpy.frombuffer(raw, numpy.uint8, offset=16).reshape(count, -1)
    images = (pixels >= 128).astype(numpy.float32)
    return images[numpy.random.RandomState(SEED).permutation(count)], count // 5, (height, width)


class Machine:
    """Weights [visible, hidden] and biases."""

    def __init__(self, images, hidden, random):
        visible = images.shape[1]
        self.random = random
        self.weights = random.normal(0, 0.05, (visible, hidden)).astype(numpy.float32)
        mean = images.mean(0).clip(0.01, 0.99)
        self.visible, self.hidden = numpy.log(mean / (1 - mean)).astype(numpy.float32), numpy.zeros(hidden, numpy.float32)

    def draw(self, probabilities):
        return (self.random.random_sample(probabilities.shape) < probabilities).astype(numpy.float32)

    def train(self, images, covered, epochs, noise):
        """`covered` is 1 where pixels are covered in the half of each batch that is restored."""
        momentum = [numpy.zeros_like(part) for part in (self.weights, self.visible, self.hidden)]
        known = numpy.zeros((BATCH, images.shape[1]), numpy.float32)
        known[:BATCH // 2] = 1 - covered
        for epoch in range(epochs):
            rate = numpy.float32(0.05 * (1 - epoch / epochs) + 0.0005)
            order = self.random.permutation(len(images))
            for start in range(0, len(images) - BATCH + 1, BATCH):
                batch = images[order[start:start + BATCH]]
                deviation = noise * numpy.sqrt((self.weights ** 2).mean())
                weights = self.weights + (self.random.standard_normal(self.weights.shape) * deviation).astype(numpy.float32)
                seen = sigmoid(batch @ weights + self.hidden)
                chain = batch.copy()
                chain[:BATCH // 2] *= known[:BATCH // 2]
                for _ in range(CD_STEPS):
                    hidden = self.draw(sigmoid(chain @ weights + self.hidden))
                    chain = self.draw(sigmoid(hidden @ weights.T + self.visible)) * (1 - known) + batch * known
                dreamt = sigmoid(chain @ weights + self.hidden)
                steps = (batch.T @ seen - chain.T @ dreamt) / BATCH - WEIGHT_DECAY * self.weights, (batch - chain).mean(0), (seen - dreamt).mean(0)
                for i, (part, step) in enumerate(zip((self.weights, self.visible, self.hidden), steps)):
                    momentum[i] = numpy.float32(0.5) * momentum[i] + rate * step
                    part += momentum[i]
                most = LARGEST * numpy.sqrt((self.weights ** 2).mean())
                self.weights = self.weights.clip(-most, most)


def export(machine, cycles, path):
    """Gibbs sampling as a Loop. Weights are used twice: as they are, and transposed."""
    visible, hidden = machine.weights.shape
    constant = lambda name, value: numpy_helper.from_array(numpy.asarray(value, numpy.float32), name)
    node = lambda op, inputs, output, **more: helper.make_node(op, inputs, [output], name=output, **more)
    value = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
    # A pixel that is known stays what it is. Others are pulled to what was seen by the log of the odds that a pixel is right.
    body = helper.make_graph([
        node("MatMul", ["v", "weights"], "up"), node("Add", ["up", "hidden_bias"], "up_sum"), node("Sigmoid", ["up_sum"], "h_probability"),
        node("Bernoulli", ["h_probability"], "h"),
        node("MatMul", ["h", "weights_transposed"], "down"), node("Add", ["down", "pull"], "down_sum"), node("Sigmoid", ["down_sum"], "free"),
        node("Mul", ["free", "unknown"], "free_part"), node("Add", ["free_part", "known_part"], "v_probability"),
        node("Bernoulli", ["v_probability"], "v_next"),
        node("Mul", ["v_probability", "share"], "contribution"), node("Add", ["total", "contribution"], "total_next"),
        node("Identity", ["condition"], "condition_next"),
    ], "cycle", [helper.make_tensor_value_info("number", TensorProto.INT64, []), helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
                 value("v", visible), value("total", visible)],
        [helper.make_tensor_value_info("condition_next", TensorProto.BOOL, []), value("v_next", visible), value("total_next", visible)])
    graph = helper.make_graph([
        node("Transpose", ["weights"], "weights_transposed", perm=[1, 0]),
        node("Sub", ["one", "known"], "unknown"), node("Mul", ["image", "known"], "known_part"),
        node("Mul", ["image", "log_odds_twice"], "twice"), node("Sub", ["twice", "log_odds"], "evidence"), node("Mul", ["evidence", "prior"], "weighted"),
        node("Add", ["weighted", "visible_bias"], "pull"),
        helper.make_node("Loop", ["cycles", "", "image", "nothing"], ["v_last", "restored"], name="gibbs", body=body),
    ], "rbm", [value("image", visible), value("known", visible), value("prior", visible)], [value("restored", visible)],
        [constant("weights", machine.weights), constant("visible_bias", machine.visible[None]), constant("hidden_bias", machine.hidden[None]),
         constant("one", [[1.0]]), constant("log_odds", [[numpy.log((1 - FLIPPED) / FLIPPED)]]), constant("log_odds_twice", [[2 * numpy.log((1 - FLIPPED) / FLIPPED)]]),
         constant("nothing", numpy.zeros((1, visible))), constant("share", [[1 / cycles]]),
         numpy_helper.from_array(numpy.array(cycles, numpy.int64), "cycles")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), path)


def restore(machine, cycles, image, known, prior, random):
    """The same in numpy, for all images at once."""
    log_odds = numpy.log((1 - FLIPPED) / FLIPPED)
    pull = (2 * image - 1) * log_odds * prior + machine.visible
    v, total = image, 0
    for _ in range(cycles):
        h = (random.random_sample((len(image), len(machine.hidden))) < sigmoid(v @ machine.weights + machine.hidden)).astype(float)
        p = sigmoid(h @ machine.weights.T + pull) * (1 - known) + image * known
        v = (random.random_sample(p.shape) < p).astype(float)
        total = total + p / cycles
    return total


def lowest_third(shape):
    covered = numpy.zeros(shape, bool)
    covered[-(shape[0] // 3):] = True
    return covered.ravel()


def damage(images, shape, random):
    """Pairs of damaged images and what is known for sure of them, by name."""
    flips = random.random_sample(images.shape) < FLIPPED
    covered = numpy.broadcast_to(lowest_third(shape), images.shape)
    nothing = numpy.zeros(images.shape)
    return {"flipped": (numpy.where(flips, 1 - images, images), nothing, nothing + 1),
            "occluded": (numpy.where(covered, 0, images), numpy.where(covered, 0.0, 1.0), nothing)}


def main():
    parser = argparse.ArgumentParser(description="trains a restricted Boltzmann machine and exports the restoration of images")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--mnist", help="images in MNIST's format instead of the digits of examples/digits")
    parser.add_argument("--hidden", type=int, default=120)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--cycles", type=int, default=10, help="of Gibbs sampling in a restoration (10, as published for NeuRRAM)")
    options = parser.parse_args()
    if options.cycles < 1:
        parser.error(f"--cycles must be at least 1, is {options.cycles}")
    images, tests, shape = load_mnist(options.mnist) if options.mnist else load_digits()
    test, train = images[:tests], images[tests:]
    machine = Machine(train, options.hidden, numpy.random.RandomState(SEED))
    machine.train(train, lowest_third(shape), options.epochs, options.noise)
    options.folder.mkdir(parents=True, exist_ok=True)
    export(machine, options.cycles, str(options.folder / "rbm.onnx"))

    save = lambda name, data: numpy.save(options.folder / name, data.astype(numpy.float32)[:, None])
    random = numpy.random.RandomState(SEED + 1)
    save("original.npy", test)
    for name, (image, known, prior) in damage(test, shape, random).items():
        restored = restore(machine, options.cycles, image, known, prior, random)
        before, after = ((guess - test) ** 2 for guess in (image, restored))
        print(f"{name}: error {before.sum() / len(test):.2f} before, {after.sum() / len(test):.2f} after, reduced by {100 * (1 - after.sum() / before.sum()):.1f} % (in numpy)")
        for part, data in (("", image), ("-known", known), ("-prior", prior)):
            save(name + part + ".npy", data)
    parts = list(zip(*damage(train[:256], shape, random).values()))
    for part, (flipped, occluded) in zip(("", "-known", "-prior"), parts):
        save(f"calibration{part}.npy", numpy.where(numpy.arange(256)[:, None] % 2, flipped, occluded))


if __name__ == "__main__":
    main()
