//===- Cursor.h - A place in a core's control stream ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks a core's control stream, one instruction at a time, several inferences in a row.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_CURSOR_H
#define CIMC_LIB_EXECUTOR_CURSOR_H

#include "TimingModel.h"

#include <algorithm>

namespace cimc::executor::timing {

class Cursor {
public:
  Cursor(const CoreModel &core, uint32_t inferences)
      : core(&core), inferencesLeft(inferences), counters(core.blockBegin.size() - 1, 0) {
    settle();
  }

  bool done() const { return inferencesLeft == 0; }
  uint32_t inference() const { return index; }
  /// Is a shutdown next, rather than an instruction of a block?
  bool atShutdown() const { return isShutdown; }
  const Work &work() const { return core->works[at]; }
  uint32_t workNumber() const { return at; }
  uint64_t counter() const { return counters[block]; }

  void advance() {
    if (!isShutdown) {
      if (++at < core->blockBegin[block + 1])
        return;
      ++counters[block];
      if (--timesLeft > 0) {
        at = core->blockBegin[block];
        return;
      }
    }
    isShutdown = false;
    ++step;
    settle();
  }

private:
  struct OpenLoop {
    size_t body;
    uint64_t turnsLeft;
  };

  /// Moves to the next firing of a block that has instructions, or to a shutdown.
  void settle() {
    while (inferencesLeft > 0) {
      if (step == core->control.size()) {
        nextInference();
        continue;
      }
      const ControlStep &control = core->control[step];
      if (control.kind == ControlStep::Kind::Loop) {
        loops.push_back({++step, control.count});
      } else if (control.kind == ControlStep::Kind::End) {
        step = --loops.back().turnsLeft > 0 ? loops.back().body : step + 1;
        if (loops.back().turnsLeft == 0)
          loops.pop_back();
      } else if (control.kind == ControlStep::Kind::Shutdown) {
        isShutdown = true;
        return;
      } else if (core->blockBegin[control.block] == core->blockBegin[control.block + 1] ||
                 control.count == 0) {
        ++step;
      } else {
        block = control.block;
        at = core->blockBegin[block];
        timesLeft = control.count;
        return;
      }
    }
  }

  void nextInference() {
    --inferencesLeft;
    ++index;
    step = 0;
    std::fill(counters.begin(), counters.end(), 0);
  }

  const CoreModel *core;
  uint32_t inferencesLeft, index = 0;
  std::vector<uint64_t> counters; ///< by block
  std::vector<OpenLoop> loops;
  size_t step = 0;
  uint32_t block = 0, at = 0;
  uint64_t timesLeft = 0;
  bool isShutdown = false;
};

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_CURSOR_H
