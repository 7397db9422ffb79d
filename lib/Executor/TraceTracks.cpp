//===- TraceTracks.cpp - Tracks and actions of a program ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tracks in the order in which they are shown: the power of each chip, the host link, the units of
// each core in the order of their places, the links. Only what the program uses gets one.
//
//===--------------------------------------------------------------------------===//

#include "TraceTracks.h"

#include <algorithm>
#include <numeric>

namespace cimc::executor {

std::string TraceTrack::name() const {
  switch (kind) {
  case Kind::Power:
    return "power";
  case Kind::HostIn:
    return "host to chip";
  case Kind::HostOut:
    return "chip to host";
  case Kind::Array:
    return "array " + std::to_string(unit);
  case Kind::Digital:
    return "digital unit";
  case Kind::Send:
    return "send port";
  case Kind::Receive:
    return "receive port";
  case Kind::Link:
    return "link " + std::to_string(place) + " to " + std::to_string(unit);
  case Kind::ChipLink:
    return "chip " + std::to_string(chip) + " to chip " + std::to_string(unit);
  }
  return "";
}

namespace timing {
namespace {

using Kind = TraceTrack::Kind;

constexpr const char *kPowerNames[] = {"off", "waking", "on", "shutting down"};

Kind kindOf(UnitKind unit) {
  constexpr Kind kinds[] = {Kind::Array, Kind::Digital, Kind::Send, Kind::Receive};
  return kinds[static_cast<size_t>(unit)];
}

/// The positions that an instruction's window slides over; 0 if it has none.
uint64_t positionsOf(const program::Instruction &instruction) {
  uint64_t positions = 0;
  std::visit(
      [&](const auto &op) {
        program::visitFields(op, [&](std::string_view, const auto &value) {
          if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, program::Window>)
            positions = value.positions;
        });
      },
      instruction);
  return positions;
}

} // namespace

TrackTable::TrackTable(const program::Program &program, const Model &model) {
  addTracks(program, model);
  addActions(program, model);
}

uint32_t TrackTable::add(const TraceTrack &track) {
  trackList.push_back(track);
  return static_cast<uint32_t>(trackList.size() - 1);
}

void TrackTable::addTracks(const program::Program &program, const Model &model) {
  for (uint32_t chip = 0; chip < model.chips.size(); ++chip)
    add({Kind::Power, chip});
  auto anyChannel = [&](bool ChannelModel::*flag) {
    return std::any_of(model.channels.begin(), model.channels.end(),
                       [&](const ChannelModel &channel) { return channel.*flag; });
  };
  if (anyChannel(&ChannelModel::fromHost))
    hostTracks[0] = add({Kind::HostIn});
  if (anyChannel(&ChannelModel::toHost))
    hostTracks[1] = add({Kind::HostOut});

  workTracks.resize(model.cores.size());
  std::vector<uint32_t> order(model.cores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(program.cores[a].chip, program.cores[a].index) <
           std::pair(program.cores[b].chip, program.cores[b].index);
  });
  for (uint32_t core : order)
    addCoreTracks(program, model, core);

  for (const Link &link : model.links)
    linkTracks.push_back(link.joinsChips ? add({Kind::ChipLink, link.from, 0, 0, link.to})
                                         : add({Kind::Link, link.chip, 0, link.from, link.to}));
}

void TrackTable::addCoreTracks(const program::Program &program, const Model &model, uint32_t core) {
  const CoreModel &reduced = model.cores[core];
  std::vector<std::optional<Kind>> kinds(reduced.units());
  for (const Work &work : reduced.works)
    if (work.unit != UnitKind::None)
      kinds[work.unitIndex] = kindOf(work.unit);
  std::vector<uint32_t> unitTracks(kinds.size());
  for (uint32_t unit = 0; unit < kinds.size(); ++unit)
    if (kinds[unit])
      unitTracks[unit] = add({*kinds[unit], program.cores[core].chip, core,
                              program.cores[core].index, *kinds[unit] == Kind::Array ? unit : 0});
  for (const Work &work : reduced.works)
    workTracks[core].push_back(unitTracks[work.unitIndex]);
}

void TrackTable::addActions(const program::Program &program, const Model &model) {
  for (uint32_t core = 0; core < model.cores.size(); ++core) {
    firstWork.push_back(static_cast<uint32_t>(actionList.size()));
    const Work *work = model.cores[core].works.data();
    for (const program::Block &block : program.cores[core].blocks)
      for (const program::Instruction &instruction : block.instructions) {
        bool isMessage = work->unit == UnitKind::Send || work->unit == UnitKind::Receive;
        actionList.push_back({model.layers[work->layer],
                              std::string(program::mnemonicOf(instruction)),
                              isMessage ? program.channels[work->channel].messageBytes : 0,
                              positionsOf(instruction), work->energy});
        actionList.back().energy.host = 0; // counted on the host link
        ++work;
      }
  }
  auto addMessages = [&](bool onHostLink) {
    for (size_t i = 0; i < program.channels.size(); ++i) {
      const ChannelModel &channel = model.channels[i];
      EnergyParts energy;
      if (onHostLink)
        energy.host = channel.energy.host;
      if (onHostLink && channel.fromHost)
        energy.network = channel.energy.network; // has no core that sends it
      actionList.push_back(
          {program.channels[i].name, "message", program.channels[i].messageBytes, 0, energy});
    }
  };
  firstMessage = static_cast<uint32_t>(actionList.size());
  addMessages(false);
  firstHostMessage = static_cast<uint32_t>(actionList.size());
  addMessages(true);
  firstPower = static_cast<uint32_t>(actionList.size());
  for (size_t state = 0; state < std::size(kPowerNames); ++state)
    actionList.push_back({kPowerNames[state], "power", 0, 0, {}, static_cast<PowerState>(state)});
}

} // namespace timing
} // namespace cimc::executor
