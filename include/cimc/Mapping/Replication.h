//===- Replication.h - Copies of busy weights in free arrays ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When inferences follow each other closely, the busiest unit sets the pace. A weight that lies in
// arrays several times is computed with by several cores at once, each for a share of the positions
// of every row. Decide how many copies of each weight are worth the arrays that are left.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_REPLICATION_H
#define CIMC_MAPPING_REPLICATION_H

#include "cimc/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::mapping {

/// What one inference asks of one array for a stage.
struct ArrayWork {
  int64_t array = 0;
  double ns = 0;
};

/// The reads of one weight and what finishes their sums.
struct ReplicaStage {
  std::string name;
  int64_t positions = 1;       ///< of a row: more copies than these have nothing to do
  std::vector<ArrayWork> work; ///< by array of the first copy, each named once
  double digitalNs = 0;        ///< of the digital unit on the core of the first array
};

struct ReplicationProblem {
  std::vector<ReplicaStage> stages;
  int64_t arrays = 0; ///< that the machine has; copies take those from the last used one on
  int64_t arraysPerCore = 1;
};

struct Replication {
  std::vector<int64_t> copies; ///< by stage, at least 1
  int64_t arraysUsed = 0;
  double busiestNs = 0; ///< of an array or digital unit, per inference
  double boundNs = 0;   ///< no copies make the busiest unit less busy
};

/// The part of a stage's work that the busiest of its copies does.
double largestShare(int64_t positions, int64_t copies);

/// Time per inference of the busiest array or digital unit, with so many copies of each stage. A
/// copy takes as many arrays as the first one, and no array with others.
double busiestNs(const ReplicationProblem &problem, const std::vector<int64_t> &copies);

/// What `busiestNs` cannot be less than: the work of all arrays and digital units spread evenly
/// over the machine, and the work of a stage at one position.
double busiestBound(const ReplicationProblem &problem);

/// Arrays that are taken with so many copies of each stage.
int64_t arraysUsed(const ReplicationProblem &problem, const std::vector<int64_t> &copies);

/// Solves the problem: as long as arrays are left, the busiest unit gets help from a copy of the
/// stage that relieves it most per array. Optimal where first copies share neither arrays nor
/// digital units. Deterministic. Fails if the problem has stages without positions, or arrays that
/// the machine does not have.
Result<Replication> replicate(const ReplicationProblem &problem);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_REPLICATION_H
