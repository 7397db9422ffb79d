//===- HostLayout.h - Where the host finds the rows of a tensor --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host keeps tensors in the model's own layout and sends or receives them row by row.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_CIMTOCIMISA_HOSTLAYOUT_H
#define CIMC_LIB_CONVERSION_CIMTOCIMISA_HOSTLAYOUT_H

#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include <array>

namespace cimc {

/// The rows of a stream within the model's tensor; strides are in elements. The fields are those of
/// `cimisa.stream`.
struct HostLayout {
  llvm::ArrayRef<int64_t> shape; ///< of the model's tensor
  int64_t rowStride = 0;
  std::array<int32_t, 4> dims{1, 1, 1, 1}, strides{0, 0, 0, 0};
};

/// The layout of a HostInput or HostOutput stage. Fails with a diagnostic at its op if a row has
/// more than four dimensions that are apart in the model's tensor.
mlir::FailureOr<HostLayout> hostLayoutOf(const cim::Stage &stage);

} // namespace cimc

#endif // CIMC_LIB_CONVERSION_CIMTOCIMISA_HOSTLAYOUT_H
