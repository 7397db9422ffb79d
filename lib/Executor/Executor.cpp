//===- Executor.cpp - Runs a validated program -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The data set is cut into batches, which the threads take one after the other. A batch touches
// only its own part of the outputs, so threads share nothing but the number of the next batch.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Executor.h"

#include "Worker.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace cimc;
using namespace cimc::executor;

struct executor::Executor::Implementation {
  LoadedProgram program;
  std::vector<Port> inputs, outputs;
  std::vector<size_t> inputStreams, outputStreams; ///< stream of each port
  Status ready;                                    ///< whether the mode can run
  size_t fewestSamples = 4;                        ///< side by side, for weights to be used again
};

namespace {
ElementType typeOf(const program::Stream &stream) {
  switch (stream.format) {
  case program::Format::I8:
    return stream.signedShift ? ElementType::U8 : ElementType::I8;
  case program::Format::I32:
    return ElementType::I32;
  case program::Format::I64:
    return ElementType::I64;
  default:
    return ElementType::F32;
  }
}

/// The number of inferences that the inputs hold, if they fit the ports.
Result<size_t> countInferences(std::span<const TensorData> inputs, const std::vector<Port> &ports) {
  if (inputs.size() != ports.size())
    return Error{"the program has " + std::to_string(ports.size()) + " inputs, " +
                 std::to_string(inputs.size()) + " are given"};
  size_t count = 0;
  for (size_t i = 0; i < ports.size(); ++i) {
    const TensorData &input = inputs[i];
    if (input.type != ports[i].type)
      return Error{"input '" + ports[i].name + "' needs elements of " +
                   std::string(toString(ports[i].type)) + ", given are " +
                   std::string(toString(input.type))};
    size_t each = elementBytes(input.type);
    for (int64_t extent : ports[i].shape)
      each *= static_cast<size_t>(extent);
    if (each == 0 || input.bytes.size() % each != 0 ||
        input.bytes.size() != input.elements() * elementBytes(input.type))
      return Error{"input '" + ports[i].name + "' needs a multiple of " +
                   shapeString(ports[i].shape) + ", given is " + shapeString(input.shape)};
    if (i > 0 && input.bytes.size() / each != count)
      return Error{"input '" + ports[i].name + "' holds " +
                   std::to_string(input.bytes.size() / each) + " inferences, input '" +
                   ports[0].name + "' holds " + std::to_string(count)};
    count = input.bytes.size() / each;
  }
  return count;
}

std::vector<TensorData> makeOutputs(const std::vector<Port> &ports, size_t count) {
  std::vector<TensorData> outputs;
  for (const Port &port : ports) {
    TensorData &output =
        outputs.emplace_back(TensorData{port.name, port.type, {static_cast<int64_t>(count)}, {}});
    output.shape.insert(output.shape.end(), port.shape.begin(), port.shape.end());
    output.bytes.resize(output.elements() * elementBytes(port.type));
  }
  return outputs;
}

/// The batches of a run, handed out to threads.
class BatchQueue {
public:
  BatchQueue(size_t total, uint32_t batch, const std::function<void(size_t, size_t)> &progress)
      : total(total), batch(batch), progress(progress) {}

  /// Runs batches until none is left or one has failed.
  void work(Worker &worker) {
    for (;;) {
      size_t first = next.fetch_add(batch);
      if (first >= total || failed)
        return;
      auto samples = static_cast<uint32_t>(std::min<size_t>(batch, total - first));
      Status status = worker.run(first, samples);
      std::lock_guard lock(mutex);
      if (!status) {
        failed = true;
        error = status;
        return;
      }
      done += samples;
      if (progress)
        progress(done, total);
    }
  }
  const Status &status() const { return error; }

private:
  const size_t total;
  const uint32_t batch;
  const std::function<void(size_t, size_t)> &progress;
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  size_t done = 0;
  Status error;
};
} // namespace

executor::Executor::Executor(Executor &&) noexcept = default;
executor::Executor &executor::Executor::operator=(Executor &&) noexcept = default;
executor::Executor::~Executor() = default;

const std::vector<Port> &executor::Executor::inputs() const { return implementation->inputs; }
const std::vector<Port> &executor::Executor::outputs() const { return implementation->outputs; }

Status executor::checkMode(const program::Program &program, Mode mode) {
  if (mode == Mode::Exact || program.target.chip.core.kind == target::CoreKind::Engine)
    return Status::success();
  for (size_t i = 0; i < program.tiles.size(); ++i)
    if (program.tiles[i].steps.empty())
      return Error{std::string("mode ") + (mode == Mode::Analog ? "analog" : "converters") +
                   " needs the ranges of all converters, tile " + std::to_string(i) + " of '" +
                   program.tiles[i].layer + "' has none; compile the model again"};
  return Status::success();
}

executor::Executor::Executor(const program::ValidatedProgram &validated,
                             const ModelOptions &model) {
  const program::Program &program = validated.program();
  auto loading = std::make_unique<Implementation>();
  loading->ready = checkMode(program, model.mode);
  loading->program = load(program, loading->ready ? model : ModelOptions{});
  // Conductances take three to six bytes a weight, for one or both signs.
  if (model.mode == Mode::Analog)
    loading->fewestSamples = 8;
  for (size_t i = 0; i < program.streams.size(); ++i) {
    const program::Stream &stream = program.streams[i];
    (stream.isInput ? loading->inputs : loading->outputs)
        .push_back({stream.name, typeOf(stream), stream.shape});
    (stream.isInput ? loading->inputStreams : loading->outputStreams).push_back(i);
  }
  implementation = std::move(loading);
}

unsigned executor::Executor::defaultBatch() const {
  // A batch's memory should stay in the second-level cache.
  constexpr size_t kCacheBytes = 768 * 1024;
  size_t bytes = std::max<size_t>(implementation->program.bytesPerSample(), 1);
  return static_cast<unsigned>(
      std::clamp<size_t>(kCacheBytes / bytes, implementation->fewestSamples, 64));
}

Result<std::vector<TensorData>> executor::Executor::run(std::span<const TensorData> inputs,
                                                        const RunOptions &options) const {
  if (!implementation->ready)
    return implementation->ready.error();
  Result<size_t> count = countInferences(inputs, implementation->inputs);
  if (!count)
    return count.error();
  std::vector<TensorData> results = makeOutputs(implementation->outputs, *count);
  size_t streams = implementation->program.streams.size();
  std::vector<const std::byte *> from(streams);
  std::vector<std::byte *> to(streams);
  for (size_t i = 0; i < inputs.size(); ++i)
    from[implementation->inputStreams[i]] = inputs[i].bytes.data();
  for (size_t i = 0; i < results.size(); ++i)
    to[implementation->outputStreams[i]] = results[i].bytes.data();

  size_t threads =
      options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  // No thread should idle while another one has a long batch.
  size_t share = std::max<size_t>(1, (*count + threads - 1) / threads);
  // More side by side than fit the cache would only be slower.
  auto batch = static_cast<uint32_t>(std::min<size_t>(defaultBatch(), share));
  if (options.batch)
    batch = std::min(batch, options.batch);
  threads = std::min(threads, std::max<size_t>(1, (*count + batch - 1) / batch));
  BatchQueue queue(*count, batch, options.progress);
  auto work = [&] {
    Worker worker(implementation->program, batch, from, to);
    queue.work(worker);
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i)
    others.emplace_back(work);
  work();
  for (std::thread &thread : others)
    thread.join();
  if (!queue.status())
    return queue.status().error();
  return results;
}

Result<std::vector<TensorData>> executor::run(const program::ValidatedProgram &program,
                                              std::span<const TensorData> inputs,
                                              const RunOptions &options) {
  return Executor(program).run(inputs, options);
}
