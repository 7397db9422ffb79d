//===- Routes.cpp - Ways between chips -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regular topologies step from chip to chip by arithmetic. Listed links are searched from the end
// of the way: each chip then steps to its lowest neighbour that is nearer.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Routes.h"

#include <algorithm>
#include <deque>

namespace cimc::target {
namespace {

constexpr uint32_t kFar = 0xffffffffu;

/// The chip after `at` on the way to `to`, which is another.
uint32_t nextOnMesh(const ChipLinks &links, uint32_t at, uint32_t to) {
  uint32_t column = at % links.columns, wanted = to % links.columns;
  if (column != wanted)
    return column < wanted ? at + 1 : at - 1;
  return at < to ? at + links.columns : at - links.columns;
}

uint32_t nextOnRing(uint32_t chips, uint32_t from, uint32_t at, uint32_t to) {
  uint32_t upwards = (to + chips - from) % chips;
  return upwards <= chips - upwards ? (at + 1) % chips : (at + chips - 1) % chips;
}

/// Chips by chip, in rising order.
std::vector<std::vector<uint32_t>> neighboursOf(const Target &target) {
  std::vector<std::vector<uint32_t>> neighbours(target.chips);
  for (auto [one, other] : target.links.connections) {
    neighbours[one].push_back(other);
    neighbours[other].push_back(one);
  }
  for (std::vector<uint32_t> &list : neighbours)
    std::sort(list.begin(), list.end());
  return neighbours;
}

std::vector<uint32_t> listedRoute(const Target &target, uint32_t from, uint32_t to) {
  std::vector<std::vector<uint32_t>> neighbours = neighboursOf(target);
  std::vector<uint32_t> distance(target.chips, kFar);
  std::deque<uint32_t> open{to};
  distance[to] = 0;
  while (!open.empty() && distance[from] == kFar) {
    uint32_t chip = open.front();
    open.pop_front();
    for (uint32_t next : neighbours[chip])
      if (distance[next] == kFar) {
        distance[next] = distance[chip] + 1;
        open.push_back(next);
      }
  }
  std::vector<uint32_t> route{from};
  while (route.back() != to && distance[route.back()] != kFar)
    route.push_back(
        *std::find_if(neighbours[route.back()].begin(), neighbours[route.back()].end(),
                      [&](uint32_t next) { return distance[next] + 1 == distance[route.back()]; }));
  return route;
}

} // namespace

std::vector<uint32_t> chipRoute(const Target &target, uint32_t from, uint32_t to) {
  if (target.links.topology == Topology::Listed)
    return listedRoute(target, from, to);
  std::vector<uint32_t> route{from};
  for (uint32_t at = from; at != to; route.push_back(at))
    switch (target.links.topology) {
    case Topology::Chain:
      at = at < to ? at + 1 : at - 1;
      break;
    case Topology::Ring:
      at = nextOnRing(target.chips, from, at, to);
      break;
    case Topology::Mesh:
      at = nextOnMesh(target.links, at, to);
      break;
    default:
      at = to;
    }
  return route;
}

uint32_t chipHops(const Target &target, uint32_t from, uint32_t to) {
  uint32_t low = std::min(from, to), high = std::max(from, to), columns = target.links.columns;
  auto distance = [](uint32_t a, uint32_t b) { return a < b ? b - a : a - b; };
  switch (target.links.topology) {
  case Topology::Chain:
    return high - low;
  case Topology::Ring:
    return std::min(high - low, target.chips - (high - low));
  case Topology::Mesh:
    return distance(from % columns, to % columns) + distance(from / columns, to / columns);
  case Topology::AllToAll:
    return from != to;
  case Topology::Listed:
    break;
  }
  return static_cast<uint32_t>(listedRoute(target, from, to).size() - 1);
}

} // namespace cimc::target
