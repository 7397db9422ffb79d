//===- RoutesTest.cpp - Tests of ways between chips ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Target/Routes.h"

#include "Samples.h"
#include "cimc/Target/Check.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace cimc;
using namespace cimc::target;

namespace {

using Chips = std::vector<uint32_t>;

Target machine(Topology topology, uint32_t chips, uint32_t columns = 1,
               std::vector<Connection> connections = {}) {
  Target target = smallTarget();
  target.chips = chips;
  target.links.topology = topology;
  target.links.columns = columns;
  target.links.connections = std::move(connections);
  EXPECT_TRUE(check(target)) << check(target).error().message;
  return target;
}

/// Is there a link between two chips?
bool areJoined(const Target &target, uint32_t a, uint32_t b) {
  const ChipLinks &links = target.links;
  uint32_t low = std::min(a, b), high = std::max(a, b);
  switch (links.topology) {
  case Topology::Chain:
    return high - low == 1;
  case Topology::Ring:
    return high - low == 1 || (low == 0 && high == target.chips - 1);
  case Topology::Mesh:
    return high - low == links.columns || (high - low == 1 && high % links.columns != 0);
  case Topology::AllToAll:
    return a != b;
  case Topology::Listed:
    return std::any_of(links.connections.begin(), links.connections.end(),
                       [&](const Connection &connection) {
                         return std::min(connection.from, connection.to) == low &&
                                std::max(connection.from, connection.to) == high;
                       });
  }
  return false;
}

TEST(RoutesTest, Chain) {
  Target target = machine(Topology::Chain, 6);
  EXPECT_EQ(chipRoute(target, 1, 4), (Chips{1, 2, 3, 4}));
  EXPECT_EQ(chipRoute(target, 4, 2), (Chips{4, 3, 2}));
  EXPECT_EQ(chipRoute(target, 3, 3), (Chips{3}));
  EXPECT_EQ(chipHops(target, 5, 0), 5u);
}

TEST(RoutesTest, RingTakesTheShorterWayAndUpwardsIfBothAreEqual) {
  Target target = machine(Topology::Ring, 6);
  EXPECT_EQ(chipRoute(target, 1, 5), (Chips{1, 0, 5}));
  EXPECT_EQ(chipRoute(target, 5, 1), (Chips{5, 0, 1}));
  EXPECT_EQ(chipRoute(target, 1, 4), (Chips{1, 2, 3, 4}));
  EXPECT_EQ(chipRoute(target, 4, 1), (Chips{4, 5, 0, 1}));
  EXPECT_EQ(chipRoute(machine(Topology::Ring, 5), 4, 1), (Chips{4, 0, 1}));
  EXPECT_EQ(chipRoute(machine(Topology::Ring, 2), 1, 0), (Chips{1, 0}));
}

TEST(RoutesTest, MeshGoesAlongTheRowFirst) {
  Target target = machine(Topology::Mesh, 12, 4);
  EXPECT_EQ(chipRoute(target, 1, 11), (Chips{1, 2, 3, 7, 11}));
  EXPECT_EQ(chipRoute(target, 11, 1), (Chips{11, 10, 9, 5, 1}));
  EXPECT_EQ(chipRoute(target, 8, 2), (Chips{8, 9, 10, 6, 2}));
}

TEST(RoutesTest, AllToAllIsOneLink) {
  Target target = machine(Topology::AllToAll, 7);
  EXPECT_EQ(chipRoute(target, 6, 2), (Chips{6, 2}));
  EXPECT_EQ(chipHops(target, 6, 2), 1u);
  EXPECT_EQ(chipHops(target, 2, 2), 0u);
}

TEST(RoutesTest, ListedIsShortestAndThenLowest) {
  // Two ways from 0 to 5 of three links, by 1 or 4 and by 2 or 3, and a longer one.
  Target target = machine(Topology::Listed, 7, 1,
                          {{0, 4}, {4, 3}, {3, 5}, {1, 0}, {2, 1}, {5, 2}, {0, 6}, {1, 3}});
  EXPECT_EQ(chipRoute(target, 0, 5), (Chips{0, 1, 2, 5}));
  EXPECT_EQ(chipRoute(target, 5, 0), (Chips{5, 2, 1, 0}));
  EXPECT_EQ(chipRoute(target, 6, 3), (Chips{6, 0, 1, 3}));
  EXPECT_EQ(chipRoute(target, 4, 2), (Chips{4, 0, 1, 2}));
  EXPECT_EQ(chipRoute(target, 2, 2), (Chips{2}));
}

TEST(RoutesTest, EveryWayIsMadeOfLinksAndNoLongerThanItsDistance) {
  const Target targets[] = {
      machine(Topology::Chain, 5),
      machine(Topology::Ring, 7),
      machine(Topology::Ring, 8),
      machine(Topology::Mesh, 12, 3),
      machine(Topology::AllToAll, 5),
      machine(Topology::Listed, 6, 1, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {1, 4}})};
  for (const Target &target : targets) {
    // Distances by relaxing all links until nothing changes.
    std::vector<Chips> distance(target.chips, Chips(target.chips, 1000));
    for (uint32_t chip = 0; chip < target.chips; ++chip)
      distance[chip][chip] = 0;
    for (uint32_t round = 0; round < target.chips; ++round)
      for (uint32_t from = 0; from < target.chips; ++from)
        for (uint32_t a = 0; a < target.chips; ++a)
          for (uint32_t b = 0; b < target.chips; ++b)
            if (areJoined(target, a, b))
              distance[from][b] = std::min(distance[from][b], distance[from][a] + 1);
    for (uint32_t from = 0; from < target.chips; ++from)
      for (uint32_t to = 0; to < target.chips; ++to) {
        Chips route = chipRoute(target, from, to);
        EXPECT_EQ(route.front(), from);
        EXPECT_EQ(route.back(), to);
        EXPECT_EQ(route.size() - 1, distance[from][to]) << from << " to " << to;
        EXPECT_EQ(chipHops(target, from, to), distance[from][to]) << from << " to " << to;
        for (size_t i = 1; i < route.size(); ++i)
          EXPECT_TRUE(areJoined(target, route[i - 1], route[i])) << route[i - 1] << route[i];
      }
  }
}

} // namespace
