//===- Npy.h - NumPy array files -------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads and writes `.npy` files: format versions 1 to 3, little-endian, C order, element types
// bool, int8, uint8, int16, int32, int64, float32 and float64. Everything else is refused with a
// message that says what was found.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_NPY_H
#define CIMC_SUPPORT_NPY_H

#include "cimc/Support/Result.h"
#include "cimc/Support/Tensor.h"

#include <string>

namespace cimc {

/// The array in the file at `path`. Its name is left empty.
Result<TensorData> readNpy(const std::string &path);

/// The array in `content`, a whole `.npy` file; `name` stands for the file in messages.
Result<TensorData> parseNpy(std::span<const std::byte> content, const std::string &name);

/// Writes `tensor` to `path`, by way of a temporary file beside it, so that a failure leaves no
/// half-written file.
Status writeNpy(const std::string &path, const TensorData &tensor);

} // namespace cimc

#endif // CIMC_SUPPORT_NPY_H
