//===- ValidatorPower.cpp - Wakes, shutdowns and epochs -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tables and the programs say about power by themselves, and the chips of the replay
// (ValidatorPower.h). All cores of a chip shut down equally often, so the n-th shutdown of each
// ends the chip's epoch n.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorPower.h"
#include "ValidatorChecks.h"

#include <utility>

using namespace cimc;
using namespace cimc::program;

uint64_t program::countShutdowns(const Core &core) {
  uint64_t total = 0;
  std::vector<uint64_t> trips{1};
  for (const Instruction &instruction : core.control)
    if (auto *loop = std::get_if<Loop>(&instruction))
      trips.push_back(trips.back() * loop->count);
    else if (std::holds_alternative<End>(instruction))
      trips.pop_back();
    else if (std::holds_alternative<Shutdown>(instruction))
      total += trips.back();
  return total;
}

//===--------------------------------------------------------------------------===//
// Shutdowns
//===--------------------------------------------------------------------------===//

namespace {
/// The epochs of a chip in one inference, 0 if it is always on, and the first of its cores.
struct ChipEpochs {
  uint64_t epochs = 0;
  std::optional<uint32_t> core;
};
} // namespace

/// Nothing but ends of loops follows a core's last shutdown, so that the chip is off after it.
static Status checkLastShutdown(const Program &program, uint32_t core) {
  const std::vector<Instruction> &control = program.cores[core].control;
  auto last = static_cast<uint32_t>(control.size() - 1);
  while (std::holds_alternative<End>(control[last]))
    --last;
  if (std::holds_alternative<Shutdown>(control[last]))
    return Status::success();
  return failure(Place{program, core, std::nullopt, last},
                 ": must be a shutdown, the last of a core that has any, since chip ",
                 program.cores[core].chip, " must be off at the end of an inference");
}

static Result<std::vector<ChipEpochs>> findEpochs(const Program &program) {
  std::vector<ChipEpochs> chips(program.target.chips);
  for (uint32_t c = 0; c < program.cores.size(); ++c) {
    const Core &core = program.cores[c];
    uint64_t shutdowns = countShutdowns(core);
    ChipEpochs &chip = chips[core.chip];
    if (!chip.core)
      chip = {shutdowns, c};
    else if (chip.epochs != shutdowns)
      return failure("core ", c, ": executes ", shutdowns, " shutdowns in one inference, but core ",
                     *chip.core, " of the same chip ", core.chip, " executes ", chip.epochs,
                     "; all cores of a chip must execute equally many");
    if (shutdowns > 0)
      if (Status status = checkLastShutdown(program, c); !status)
        return status.error();
  }
  return chips;
}

//===--------------------------------------------------------------------------===//
// Wakes
//===--------------------------------------------------------------------------===//

/// `where` wakes `chip`, which must exist and must be off sometimes.
template <typename Where>
static Status checkWoken(const Program &program, const std::vector<ChipEpochs> &chips,
                         uint32_t chip, const Where &where) {
  if (chip >= chips.size())
    return failure(where, ": wakes chip ", chip, ", which does not exist, target '",
                   program.target.name, "' has ", chips.size());
  if (!chips[chip].core)
    return failure(where, ": wakes chip ", chip, ", which has no program and is always off");
  if (chips[chip].epochs == 0)
    return failure(where, ": wakes chip ", chip,
                   ", which executes no shutdown and is always on, so nothing may wake it");
  return Status::success();
}

static Status checkHostWakes(const Program &program, const std::vector<ChipEpochs> &chips) {
  std::vector<bool> woken(chips.size());
  for (uint32_t chip : program.hostWakes) {
    if (Status status = checkWoken(program, chips, chip, "host"); !status)
      return status;
    if (woken[chip])
      return failure("host: wakes chip ", chip, " twice");
    woken[chip] = true;
  }
  for (size_t i = 0; i < program.channels.size(); ++i) {
    const Channel &channel = program.channels[i];
    if (channel.source != kHost || channel.target == kHost)
      continue;
    uint32_t chip = program.cores[channel.target].chip;
    if (chips[chip].epochs > 0 && !woken[chip])
      return failure("channel ", i, " '", channel.name, "': the host sends to core ",
                     channel.target, " on chip ", chip,
                     ", which is off at the start of an inference and which the host does not "
                     "wake for epoch 0");
  }
  return Status::success();
}

static Status checkWake(const Place &place, const std::vector<ChipEpochs> &chips) {
  auto *wake = std::get_if<Wake>(&place.get());
  if (!wake)
    return Status::success();
  if (Status status = checkWoken(place.program, chips, wake->chip, place); !status)
    return status;
  if (wake->epoch >= chips[wake->chip].epochs)
    return failure(place, ": wakes chip ", wake->chip, " for epoch ", wake->epoch,
                   ", but the chip has ", chips[wake->chip].epochs, " in one inference");
  return Status::success();
}

Status program::checkPower(const Program &program) {
  Result<std::vector<ChipEpochs>> chips = findEpochs(program);
  if (!chips)
    return chips.error();
  if (Status status = checkHostWakes(program, *chips); !status)
    return status;
  for (uint32_t c = 0; c < program.cores.size(); ++c)
    for (uint32_t b = 0; b < program.cores[c].blocks.size(); ++b)
      for (uint32_t i = 0; i < program.cores[c].blocks[b].instructions.size(); ++i)
        if (Status status = checkWake(Place{program, c, b, i}, *chips); !status)
          return status;
  return Status::success();
}

//===--------------------------------------------------------------------------===//
// Chips of the replay
//===--------------------------------------------------------------------------===//

ChipState::Released ChipState::release() {
  auto now = waiting.find(epoch);
  if (!woken || now == waiting.end())
    return {};
  Released released = std::move(now->second);
  waiting.erase(now);
  return released;
}

ChipState::Released ChipState::wake(uint64_t wanted) {
  if (wanted > epoch)
    later.insert(wanted);
  if (wanted != epoch || woken)
    return {};
  woken = true;
  return release();
}

ChipState::Released ChipState::shutDownCore() {
  if (--coresOn > 0)
    return {};
  coresOn = coreCount;
  ++epoch;
  woken = later.erase(epoch) > 0;
  return release();
}

std::vector<ChipState> program::makeChips(const Program &program) {
  std::vector<ChipState> chips(program.target.chips);
  std::vector<uint32_t> cores(chips.size());
  for (const Core &core : program.cores)
    ++cores[core.chip];
  for (const Core &core : program.cores)
    if (!chips[core.chip].isGated() && countShutdowns(core) > 0)
      chips[core.chip].gate(cores[core.chip]);
  for (uint32_t chip : program.hostWakes)
    chips[chip].wake(0);
  return chips;
}
