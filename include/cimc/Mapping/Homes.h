//===- Homes.h - Which node computes which stage ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stages that read arrays lie where their arrays are; digital ones may lie anywhere. A stage brings
// its constants, its scratch memory and the buffers of what it reads to its node. Find homes such
// that every node's memory suffices, with few bytes between nodes. A node is a core whose place on
// the grid is not known yet.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_HOMES_H
#define CIMC_MAPPING_HOMES_H

#include "cimc/Mapping/Placement.h"

namespace cimc::mapping {

/// An actor that needs a home.
struct HomeStage {
  int64_t node = 0;          ///< where it is at the start; kHostNode for the host
  bool movable = false;      ///< others stay
  int64_t constantBytes = 0; ///< always there
  int64_t scratchBytes = 0;  ///< while it fires; the stages of a node share it
};

/// A part of a value's rows that one stage makes.
struct HomePart {
  int64_t stage = 0;
  int64_t rowBytes = 0;
};

/// A stream of rows. A node that reads it and does not make all of it receives the parts.
struct HomeValue {
  int64_t rows = 0;
  std::vector<HomePart> parts;
  std::vector<int64_t> readers; ///< stages
  int64_t liveRows = 1;         ///< rows that a node which reads it keeps
  int64_t messages = 1;         ///< rows that wait where it is received
  bool direct = false;          ///< received straight into scratch: nothing is kept but messages
};

struct HomeProblem {
  int64_t nodes = 0;
  int64_t memoryBytes = 0; ///< of each node
  /// Stages stay within their node's group of so many nodes, which are those of a chip; 0: no
  /// groups.
  int64_t nodesPerGroup = 0;
  std::vector<HomeStage> stages;
  std::vector<HomeValue> values;
};

struct Homes {
  std::vector<int64_t> nodeOfStage;
  int64_t trafficBytes = 0;  ///< between nodes and with the host, per inference
  int64_t trafficBound = 0;  ///< no homes have less: what stages that stay send to each other
  int64_t overflowBytes = 0; ///< by which memories are exceeded, over all nodes
};

/// Bytes that a node needs with these homes. Every region is rounded up to 8 bytes.
int64_t nodeMemory(const HomeProblem &problem, const std::vector<int64_t> &nodeOfStage,
                   int64_t node);

/// Solves the problem by local search from the given homes: stages of nodes whose memory does not
/// suffice move, alone or with all movable stages of their node behind them, as long as that lowers
/// the overflow, then the traffic. Where all memories suffice at the start nothing moves.
/// Deterministic. Fails if the problem names stages or nodes that do not exist.
Result<Homes> findHomes(const HomeProblem &problem);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_HOMES_H
