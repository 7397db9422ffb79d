//===- NodeTest.h - One of ONNX's node tests ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A node test is a folder with a model of one or a few nodes, tensors for its inputs, and the
// tensors that ONNX's reference implementation computed.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TEST_TOOLS_NODETESTS_NODETEST_H
#define CIMC_TEST_TOOLS_NODETESTS_NODETEST_H

#include "Frontend/ONNX/HostTensor.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Types.h"

#include <optional>
#include <string>

namespace cimc::test {

/// Imports the model in `folder`, runs it through upstream's JIT and the float evaluator, and says
/// what happened in one line:
///
///   OPS pass [known: INPUT...] [contract: MESSAGE] [evaluator: MESSAGE]
///   OPS REASON: MESSAGE
///
/// OPS are the operators in the model, separated by commas, or `-` if it cannot be read. `known`
/// lists the inputs that had to be constants for the import (shapes, axes); `contract` and
/// `evaluator` say what cim-check-input-contract or the float evaluator object to. Reasons: import,
/// lowering, run, data, differs.
std::string runNodeTest(const std::string &folder, const mlir::DialectRegistry &registry);

/// The elements of `tensor` as the entry level stores them in elements of `type`: floats as f32,
/// unsigned bytes less 128 where `shifted`.
std::string toEntryBytes(const frontend::HostTensor &tensor, mlir::Type type, bool shifted);

/// Compares a result in the entry level's storage with what it must be: integers exactly, floats
/// as ONNX's own runner does. Returns the first difference.
std::optional<std::string> compareResult(const frontend::HostTensor &expected, mlir::Type type,
                                         bool shifted, const std::string &bytes);

} // namespace cimc::test

#endif // CIMC_TEST_TOOLS_NODETESTS_NODETEST_H
