//===- FiringTimes.cpp - When the firings of a core begin -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Watches a simulated inference. The engine reports the instructions of a core in program order, so
// a firing begins with each first instruction of a block.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/FiringTimes.h"

#include "TimingModel.h"

#include <algorithm>

namespace cimc::executor {
namespace {

/// Whether a block is a firing of the network: it does more than wake chips.
bool isFiring(const program::Block &block) {
  return !std::all_of(block.instructions.begin(), block.instructions.end(),
                      [](const auto &op) { return std::holds_alternative<program::Wake>(op); });
}

/// Notes the begin of every firing.
class FiringObserver : public timing::Observer {
public:
  FiringObserver(const program::Program &program, const timing::Model &model)
      : times(program.cores.size()), started(program.cores.size()), first(program.cores.size()) {
    for (size_t core = 0; core < program.cores.size(); ++core) {
      first[core].resize(model.cores[core].works.size());
      for (size_t block = 0; block < program.cores[core].blocks.size(); ++block)
        if (isFiring(program.cores[core].blocks[block]))
          first[core][model.cores[core].blockBegin[block]] = true;
    }
  }

  void onWork(uint32_t core, uint32_t work, const timing::Span &span) override {
    if (first[core][work])
      times[core].push_back(started[core]);
    started[core] = std::max(started[core], span.startNs);
  }
  void onLink(uint32_t, uint32_t, const timing::Span &) override {}
  void onHostLink(bool, uint32_t, const timing::Span &) override {}
  void onQueue(uint32_t, double, int) override {}

  std::vector<std::vector<double>> times;

private:
  std::vector<double> started;          ///< by core, the latest start so far
  std::vector<std::vector<bool>> first; ///< by core and instruction: whether it begins a firing
};

} // namespace

Result<std::vector<std::vector<double>>> firingTimes(const program::ValidatedProgram &program) {
  Result<timing::Model> model = timing::buildModel(program.program());
  if (!model)
    return model.error();
  FiringObserver observer(program.program(), *model);
  if (Result<timing::Run> run = timing::simulate(*model, {1, 0}, &observer); !run)
    return run.error();
  return std::move(observer.times);
}

} // namespace cimc::executor
