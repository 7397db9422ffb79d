//===- DataSet.h - Arrays from the command line, and accuracy ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `cimc` and `cimc-run` share: arrays given as `[name=]FILE.npy`, where their data set axis
// stands, and top-1 accuracy against labels.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_DATASET_H
#define CIMC_SUPPORT_DATASET_H

#include "cimc/Support/Result.h"
#include "cimc/Support/Tensor.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cimc {

/// `[name=]FILE` taken apart; `name` may be empty. The whole text is the path if there is such a
/// file.
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

/// Where the data set's axis stands in an array.
enum class SetAxis {
  None,   ///< one sample, in the model's own shape
  Merged, ///< the model's first dimension is 1 and stands for it
  Extra,  ///< one more dimension in front of the model's shape
};
struct SetPlacement {
  SetAxis axis = SetAxis::None;
  size_t samples = 0;
};

/// How an array of shape `given` holds samples of the model's shape `own`; none if it does not.
std::optional<SetPlacement> placeSamples(std::span<const int64_t> given,
                                         std::span<const int64_t> own);

/// The shape that an array of N samples of shape `own` must have, as text: "[N,1,28,28]".
std::string neededShape(std::span<const int64_t> own);

/// Turns the elements of `tensor`, of any type, into float32.
void convertToFloat(TensorData &tensor);

/// Share (0 to 1) of samples whose largest score stands at the label; the first of equal scores
/// counts. `scores` holds as many equally long runs of numbers as `labels` has entries. Labels are
/// integers of any type from 0 to the length of a run - 1.
Result<double> top1Accuracy(const TensorData &scores, const TensorData &labels);

} // namespace cimc

#endif // CIMC_SUPPORT_DATASET_H
