//===- DataSet.h - Arrays from the command line, and accuracy ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `cimc --evaluate` and `cimc-run` share: arrays given as `[name=]FILE.npy`, and top-1
// accuracy against labels.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_DATASET_H
#define CIMC_SUPPORT_DATASET_H

#include "cimc/Support/Result.h"
#include "cimc/Support/Tensor.h"

#include <string>
#include <vector>

namespace cimc {

/// `[name=]FILE` taken apart; `name` may be empty.
struct NamedFile {
  std::string name, path;
};
NamedFile parseNamedFile(const std::string &text);

/// Reads the arrays of `[name=]FILE.npy` arguments; their `name` is the one given.
Result<std::vector<TensorData>> readNamedArrays(const std::vector<std::string> &arguments);

/// The entry of `tensors` for the port number `index` called `name`: the one of that name, or else
/// the unnamed one at that position. Null if there is none.
const TensorData *findTensor(const std::vector<TensorData> &tensors, const std::string &name,
                             size_t index);

/// Share (0 to 1) of samples whose largest score stands at the label; the first of equal scores
/// counts. `scores` holds as many equally long runs of numbers as `labels` has entries. Labels are
/// integers of any type.
Result<double> top1Accuracy(const TensorData &scores, const TensorData &labels);

} // namespace cimc

#endif // CIMC_SUPPORT_DATASET_H
