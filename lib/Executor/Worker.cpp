//===- Worker.cpp - Runs a batch on all cores ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All memory is cut from one allocation. A core's place in its program is kept between turns, so
// that it can stop before any send or receive.
//
//===--------------------------------------------------------------------------===//

#include "Worker.h"

#include <algorithm>
#include <cstring>

using namespace cimc;
using namespace cimc::executor;

Worker::Worker(const LoadedProgram &program, uint32_t batch, std::vector<const std::byte *> inputs,
               std::vector<std::byte *> outputs)
    : program(program) {
  constexpr size_t kAlignment = 64;
  size_t bytes = program.scratchBytes + 2 * kAlignment;
  for (const LoadedCore &core : program.cores)
    bytes += core.memoryBytes * batch;
  auto fifoBytes = [&](const LoadedChannel &channel) {
    size_t used = channel.toHost ? 0 : size_t{channel.messageBytes} * channel.depth * batch;
    return (used + kAlignment - 1) / kAlignment * kAlignment;
  };
  for (const LoadedChannel &channel : program.channels)
    bytes += fifoBytes(channel);
  arena.resize(bytes);
  std::byte *next = arena.data();
  next += (kAlignment - reinterpret_cast<uintptr_t>(next) % kAlignment) % kAlignment;
  for (const LoadedCore &core : program.cores) {
    CoreState &state = cores.emplace_back();
    state.frame = {next, core.memoryBytes, 0, 0, &shared};
    state.counters.resize(core.blocks.size());
    state.trips.resize(core.control.size());
    next += core.memoryBytes * batch;
  }
  for (const LoadedChannel &channel : program.channels) {
    shared.fifos.push_back({next, 0, 0});
    next += fifoBytes(channel);
  }
  shared.scratch = next;
  shared.hostMessages.resize(program.channels.size());
  shared.inputs = std::move(inputs);
  shared.outputs = std::move(outputs);
}

/// Memory is zero at the start of an inference, so that results never depend on what ran before.
void Worker::reset(uint32_t samples) {
  for (size_t i = 0; i < cores.size(); ++i) {
    CoreState &state = cores[i];
    std::memset(state.frame.memory, 0, state.frame.pitch * samples);
    state.frame.samples = samples;
    std::fill(state.counters.begin(), state.counters.end(), 0);
    state.step = state.firings = state.operation = 0;
    state.finished = program.cores[i].control.empty();
  }
  for (Fifo &fifo : shared.fifos)
    fifo.head = fifo.count = 0;
  std::fill(shared.hostMessages.begin(), shared.hostMessages.end(), 0);
}

/// Goes on with the current firing. Returns false if it has to wait.
bool Worker::runBlock(const LoadedCore &core, CoreState &state) {
  const std::vector<Operation> &operations = core.blocks[state.block].operations;
  for (; state.operation < operations.size(); ++state.operation)
    if (!operations[state.operation](state.frame))
      return false;
  state.operation = 0;
  state.frame.counter = ++state.counters[state.block];
  --state.firings;
  return true;
}

/// Takes control steps until one fires or the program ends.
void Worker::nextStep(const LoadedCore &core, CoreState &state) {
  while (state.step < core.control.size()) {
    const ControlStep &step = core.control[state.step];
    switch (step.kind) {
    case ControlStep::Kind::Fire:
      ++state.step;
      state.block = step.block;
      state.firings = step.count;
      state.frame.counter = state.counters[step.block];
      if (state.firings)
        return;
      break;
    case ControlStep::Kind::Loop:
      state.trips[state.step] = step.count;
      state.step = step.count ? state.step + 1 : step.other + 1;
      break;
    case ControlStep::Kind::End:
      state.step = --state.trips[step.other] ? step.other + 1 : state.step + 1;
      break;
    }
  }
  state.finished = true;
}

/// Runs the core until it waits or ends. Returns whether it did anything.
bool Worker::runCore(const LoadedCore &core, CoreState &state) {
  bool progress = false;
  while (!state.finished) {
    uint32_t before = state.operation;
    if (state.firings && !runBlock(core, state))
      return progress || state.operation != before;
    progress = true;
    if (!state.firings)
      nextStep(core, state);
  }
  return progress;
}

Status Worker::run(size_t first, uint32_t samples) {
  reset(samples);
  shared.firstInference = first;
  for (;;) {
    bool progress = false, finished = true;
    for (size_t i = 0; i < cores.size(); ++i) {
      if (cores[i].finished)
        continue;
      progress |= runCore(program.cores[i], cores[i]);
      if (!shared.fault.empty())
        return Error{placeOf(i) + ": " + shared.fault};
      finished &= cores[i].finished;
    }
    if (finished)
      return Status::success();
    if (!progress)
      return describeDeadlock();
  }
}

std::string Worker::placeOf(size_t core) const {
  const CoreState &state = cores[core];
  const LoadedCore &loaded = program.cores[core];
  return "chip " + std::to_string(loaded.chip) + " core " + std::to_string(loaded.index) +
         " block '" + loaded.blocks[state.block].name + "' instruction " +
         std::to_string(state.operation);
}

Error Worker::describeDeadlock() const {
  for (size_t i = 0; i < cores.size(); ++i) {
    if (!cores[i].finished)
      return {placeOf(i) + " waits for a channel for ever"};
  }
  return {"no core can go on"};
}
