//===- LayerErrors.cpp - What each layer loses -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two workers run the same batch, one exactly, and what their layers made is compared at once, so
// no more than a batch of it is kept. Which core runs when does not depend on values, so both make
// their results in the same order.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/LayerErrors.h"

#include "LayerRecorder.h"
#include "Worker.h"

#include "cimc/Support/DataSet.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

using namespace cimc;
using namespace cimc::executor;

std::optional<double> SignalError::decibels() const {
  if (error <= 0 || signal <= 0)
    return std::nullopt;
  return 10 * std::log10(signal / error);
}

double SignalError::rootMeanSquare() const {
  return values ? std::sqrt(error / static_cast<double>(values)) : 0;
}

SignalError executor::compareOutputs(const std::vector<TensorData> &exact,
                                     const std::vector<TensorData> &modelled) {
  SignalError error;
  for (size_t i = 0; i < exact.size(); ++i) {
    TensorData a = exact[i], b = modelled[i];
    convertToFloat(a);
    convertToFloat(b);
    for (size_t k = 0; k < a.elements(); ++k)
      error.add(a.as<float>()[k], b.as<float>()[k]);
  }
  return error;
}

namespace {

/// Samples that are run and compared together; results are kept as floats meanwhile.
constexpr uint32_t kBatch = 8;

/// One comparison over the whole data set.
class Comparison {
public:
  Comparison(const program::Program &program, const std::vector<std::string> &layers,
             const ModelOptions &model, std::span<const TensorData> inputs,
             const std::vector<TensorData> &exactOutputs)
      : errors(layers.size()), outputs(exactOutputs), layers(layers),
        exact(load(program, {}, &exactSlots)), modelled(load(program, model, &slots)) {
    size_t input = 0, output = 0;
    unused = exactOutputs;
    for (const program::Stream &stream : program.streams) {
      from.push_back(stream.isInput ? inputs[input++].bytes.data() : nullptr);
      to.push_back(stream.isInput ? nullptr : outputs[output].bytes.data());
      exactTo.push_back(stream.isInput ? nullptr : unused[output++].bytes.data());
    }
    total = static_cast<size_t>(exactOutputs.front().shape.front());
  }

  Status run(const RunOptions &options) {
    size_t threads =
        options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    threads = std::min(threads, std::max<size_t>(1, (total + kBatch - 1) / kBatch));
    std::vector<std::thread> others;
    for (size_t i = 1; i < threads; ++i)
      others.emplace_back([this] { work(); });
    work();
    for (std::thread &thread : others)
      thread.join();
    if (!status)
      return status;
    // Sums of floats depend on their order, so batches are added in theirs.
    for (const std::vector<SignalError> &batch : batches)
      for (size_t layer = 0; layer < batch.size(); ++layer) {
        errors[layer].signal += batch[layer].signal;
        errors[layer].error += batch[layer].error;
        errors[layer].values += batch[layer].values;
      }
    return Status::success();
  }

  std::vector<SignalError> errors; ///< by layer
  std::vector<TensorData> outputs; ///< of the modelled run

private:
  void work() {
    LayerRecorder exactResults(exactSlots.size()), results(slots.size());
    Worker exactWorker(exact, kBatch, from, exactTo), worker(modelled, kBatch, from, to);
    exactWorker.record(&exactResults);
    worker.record(&results);
    for (;;) {
      size_t first = next.fetch_add(kBatch);
      if (first >= total || failed)
        return;
      auto samples = static_cast<uint32_t>(std::min<size_t>(kBatch, total - first));
      exactResults.clear();
      results.clear();
      Status ran = exactWorker.run(first, samples);
      if (ran)
        ran = worker.run(first, samples);
      std::vector<SignalError> batch(errors.size());
      if (ran)
        compareBatch(exactResults, results, batch);
      std::lock_guard lock(mutex);
      if (!ran) {
        failed = true;
        status = ran;
        return;
      }
      batches.resize(std::max(batches.size(), first / kBatch + 1));
      batches[first / kBatch] = std::move(batch);
    }
  }

  void compareBatch(const LayerRecorder &exactResults, const LayerRecorder &results,
                    std::vector<SignalError> &batch) const {
    for (size_t slot = 0; slot < slots.size(); ++slot) {
      auto layer = static_cast<size_t>(std::ranges::find(layers, slots[slot]) - layers.begin());
      if (layer == layers.size())
        continue;
      for (size_t i = 0; i < results.values[slot].size(); ++i)
        batch[layer].add(exactResults.values[slot][i], results.values[slot][i]);
    }
  }

  const std::vector<std::string> &layers;
  std::vector<std::string> exactSlots, slots; ///< the layer of each recorded instruction
  LoadedProgram exact, modelled;
  std::vector<const std::byte *> from;
  std::vector<std::byte *> to, exactTo;
  std::vector<TensorData> unused; ///< outputs of the exact worker, which are known
  size_t total = 0;
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  std::vector<std::vector<SignalError>> batches;
  Status status;
};

Result<std::optional<double>> accuracyOf(const std::vector<TensorData> &outputs,
                                         const TensorData *labels) {
  if (!labels)
    return std::optional<double>();
  Result<double> share = top1Accuracy(outputs.front(), *labels);
  if (!share)
    return share.error();
  return std::optional<double>(*share);
}

/// The layers in crossbars, with their cells.
std::vector<LayerError> layersOf(const program::Program &program) {
  std::vector<LayerError> layers;
  if (program.target.chip.core.kind != target::CoreKind::Crossbar)
    return layers;
  for (const program::Tile &tile : program.tiles) {
    auto found = std::ranges::find(layers, tile.layer, &LayerError::layer);
    if (found == layers.end()) {
      layers.push_back({});
      layers.back().layer = tile.layer;
      found = layers.end() - 1;
    }
    found->cells += uint64_t{tile.rows} * tile.cols;
  }
  return layers;
}
} // namespace

Result<LayerErrors> executor::measureLayerErrors(const program::ValidatedProgram &validated,
                                                 const ModelOptions &model,
                                                 std::span<const TensorData> inputs,
                                                 const RunOptions &options,
                                                 const TensorData *labels) {
  const program::Program &program = validated.program();
  if (Status status = checkMode(program, model.mode); !status)
    return status.error();
  LayerErrors result;
  result.layers = layersOf(program);
  if (result.layers.empty())
    return Error{"program '" + program.name + "' has no layer in a crossbar, so no layer deviates"};
  Result<std::vector<TensorData>> exact = Executor(validated).run(inputs, options);
  if (!exact)
    return exact.error();
  Result<std::optional<double>> exactTop1 = accuracyOf(*exact, labels);
  if (!exactTop1)
    return exactTop1.error();
  result.exactTop1 = *exactTop1;
  std::vector<std::string> names;
  for (const LayerError &layer : result.layers)
    names.push_back(layer.layer);

  Comparison all(program, names, model, inputs, *exact);
  if (Status status = all.run(options); !status)
    return status.error();
  result.outputs = compareOutputs(*exact, all.outputs);
  result.top1 = *accuracyOf(all.outputs, labels);
  double sum = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    LayerError &layer = result.layers[i];
    layer.all = all.errors[i];
    ModelOptions one = model;
    one.onlyLayer = layer.layer;
    Comparison alone(program, names, one, inputs, *exact);
    if (Status status = alone.run(options); !status)
      return status.error();
    layer.alone = alone.errors[i];
    layer.outputs = compareOutputs(*exact, alone.outputs);
    layer.top1 = *accuracyOf(alone.outputs, labels);
    sum += layer.outputs.error;
    if (options.progress)
      options.progress(i + 1, names.size());
  }
  for (LayerError &layer : result.layers)
    layer.share = sum > 0 ? layer.outputs.error / sum : 0;
  return result;
}

Result<std::vector<SignalError>>
executor::measureOutputErrors(const program::ValidatedProgram &program, const ModelOptions &model,
                              std::span<const std::string> layers,
                              std::span<const TensorData> inputs, const RunOptions &options) {
  Result<std::vector<TensorData>> exact = Executor(program).run(inputs, options);
  if (!exact)
    return exact.error();
  std::vector<SignalError> errors;
  for (const std::string &layer : layers) {
    ModelOptions one = model;
    one.onlyLayer = layer;
    Result<std::vector<TensorData>> outputs = Executor(program, one).run(inputs, options);
    if (!outputs)
      return outputs.error();
    errors.push_back(compareOutputs(*exact, *outputs));
  }
  return errors;
}
