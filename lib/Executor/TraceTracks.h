//===- TraceTracks.h - Tracks and actions of a program --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers the resources that a program uses as tracks, and everything that can happen on them as
// actions. Whoever watches the timing engine turns its numbers into these.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_TRACETRACKS_H
#define CIMC_LIB_EXECUTOR_TRACETRACKS_H

#include "TimingModel.h"

#include "cimc/Executor/Trace.h"

namespace cimc::executor::timing {

class TrackTable {
public:
  TrackTable(const program::Program &program, const Model &model);

  const std::vector<TraceTrack> &tracks() const { return trackList; }
  const std::vector<TraceAction> &actions() const { return actionList; }

  /// The track of the unit that runs an instruction of a core.
  uint32_t ofWork(uint32_t core, uint32_t work) const { return workTracks[core][work]; }
  /// The track of a link that some channel's route has.
  uint32_t ofLink(uint32_t link) const { return linkTracks[link]; }
  /// The track of the host link in one direction, if a channel uses it.
  uint32_t ofHost(bool toHost) const { return hostTracks[toHost]; }
  uint32_t ofPower(uint32_t chip) const { return chip; }

  uint32_t actionOfWork(uint32_t core, uint32_t work) const { return firstWork[core] + work; }
  uint32_t actionOfMessage(uint32_t channel) const { return firstMessage + channel; }
  /// The message on the host link.
  uint32_t actionOfHostMessage(uint32_t channel) const { return firstHostMessage + channel; }
  uint32_t actionOfPower(PowerState state) const {
    return firstPower + static_cast<uint32_t>(state);
  }

private:
  void addTracks(const program::Program &program, const Model &model);
  void addCoreTracks(const program::Program &program, const Model &model, uint32_t core);
  void addActions(const program::Program &program, const Model &model);
  uint32_t add(const TraceTrack &track);

  std::vector<TraceTrack> trackList;
  std::vector<TraceAction> actionList;
  std::vector<std::vector<uint32_t>> workTracks; ///< by core and work
  std::vector<uint32_t> linkTracks;              ///< by link
  uint32_t hostTracks[2] = {0, 0};
  std::vector<uint32_t> firstWork; ///< action of each core's first work
  uint32_t firstMessage = 0, firstHostMessage = 0, firstPower = 0;
};

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_TRACETRACKS_H
