//===- PartitionSamples.h - Networks to be cut ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ResNet-18 as a partition problem, and random ones.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_MAPPING_PARTITIONSAMPLES_H
#define CIMC_UNITTESTS_MAPPING_PARTITIONSAMPLES_H

#include "cimc/Mapping/Partition.h"

namespace cimc::mapping {

/// ResNet-18 for images of 224 x 224 in 8 bits: 11,678,912 bytes of weights.
PartitionProblem resNet18(int64_t chips, int64_t capacity);

/// A random acyclic network of about `nodes` nodes whose weights fill the chips to 60 to 95 %.
PartitionProblem randomPartitionProblem(uint32_t seed, int64_t nodes, int64_t chips);

} // namespace cimc::mapping

#endif // CIMC_UNITTESTS_MAPPING_PARTITIONSAMPLES_H
