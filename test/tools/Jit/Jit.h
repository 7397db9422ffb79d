//===- Jit.h - Upstream's lowering and JIT --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the entry or the quantised level through upstream's own lowering (tosa-to-linalg,
// bufferisation, loops, LLVM) and JIT, one sample at a time. It shares no code with the executor or
// the float evaluator, so what they agree on with it is right for two reasons. For tests only: it
// is slow.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TEST_TOOLS_JIT_JIT_H
#define CIMC_TEST_TOOLS_JIT_JIT_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cimc::test {

/// A network argument or result. Its elements are stored as in the entry level: `shifted` ones are
/// unsigned bytes less 128, booleans are bytes.
struct Port {
  std::string name;
  mlir::RankedTensorType type;
  bool shifted = false;

  int64_t bytes() const {
    return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  }
};

/// The port of an argument or result of `main` with its attributes.
Port portOf(mlir::Type type, mlir::DictionaryAttr attributes);

/// Registers everything that `Jit` needs and initialises the native target; once per program.
void registerJit(mlir::DialectRegistry &registry);

/// A compiled module.
class Jit {
public:
  /// `module` must outlive the object; `prepare` lowers it in place. `optimise`: spend time on
  /// fast code.
  explicit Jit(mlir::ModuleOp module, bool optimise = true)
      : module(module), optimising(optimise) {}

  /// Lowers and compiles `main`.
  llvm::Error prepare();

  /// One sample: `in` and `out` hold each port's elements in C order.
  llvm::Error run(llvm::ArrayRef<std::byte *> in, llvm::ArrayRef<std::byte *> out);

  std::vector<Port> inputs, outputs; ///< known once prepared

private:
  mlir::ModuleOp module;
  bool optimising;
  std::function<llvm::Error(llvm::Module *)> transformer;
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

} // namespace cimc::test

#endif // CIMC_TEST_TOOLS_JIT_JIT_H
