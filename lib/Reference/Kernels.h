//===- Kernels.h - What the evaluator's parts share -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An op of the function becomes a kernel: a function that reads and writes the buffers of a frame.
// `Preparation` hands out buffers while the kernels are made; afterwards the planner gives each its
// place.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_REFERENCE_KERNELS_H
#define CIMC_LIB_REFERENCE_KERNELS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace cimc::reference {

/// A buffer of a frame, by number.
using Slot = int;

/// Where each slot's data is during one evaluation.
struct Frame {
  std::vector<char *> slots;
  uint64_t draws = 0; ///< tensors of random numbers that were drawn in this run
  template <typename T> T *at(Slot slot) const { return reinterpret_cast<T *>(slots[slot]); }
};

using Kernel = std::function<void(Frame &)>;

/// What is known of a slot while kernels are made.
struct SlotInfo {
  int64_t bytes = 0;
  /// The slot whose memory this one is (a reshape); itself otherwise.
  Slot root = -1;
  /// Data that exists before the run: a constant.
  const char *constant = nullptr;
  /// Kernels that first write and last read it; arguments and constants have no place in the arena.
  int first = -1, last = -1;
  bool external = false;
  /// Offset in the arena.
  int64_t offset = -1;
};

struct LoopPlan;

/// One kernel, or a loop, and the values it makes.
struct Step {
  Kernel kernel;
  llvm::SmallVector<mlir::Value, 1> results;
  std::shared_ptr<LoopPlan> loop; ///< then there is no kernel
};

/// A copy between two slots.
struct SlotCopy {
  Slot from = 0, to = 0;
  int64_t bytes = 0;
};

/// A loop over time steps. States are where the body reads and the loop leaves them.
struct LoopPlan {
  int64_t trips = 0;
  Slot index = 0;                    ///< i64: the current step
  std::vector<SlotCopy> enter, next; ///< before the first step, and after each
  std::vector<Step> body;
};

/// Bytes of an element in memory; 0 for an element type that has no place at the entry level.
int64_t elementBytes(mlir::Type type);

/// The state of `Evaluator::create`.
class Preparation {
public:
  /// The slot of a value that exists already; counts as a use by the current kernel.
  Slot read(mlir::Value value);
  /// A new slot for a result of the current op.
  Slot write(mlir::Value value);
  /// Memory that only the current kernel uses.
  Slot scratch(int64_t bytes);
  /// The result is the same memory as `source`.
  void alias(mlir::Value result, mlir::Value source);
  /// A constant's elements in C order, or null.
  const char *constant(mlir::Value value);
  /// Memory that lives as long as the kernels do.
  std::vector<char> &keep(int64_t bytes);

  /// Keeps what the kernels from number `first` on have read, and was there before slot `known`,
  /// until now: a loop reads it again at each step.
  void extendTo(int first, Slot known);

  /// Registers a constant tensor or an argument.
  void addConstant(mlir::Value value, llvm::ArrayRef<char> bytes);
  void addArgument(mlir::Value value);

  std::vector<SlotInfo> slots;
  llvm::DenseMap<mlir::Value, Slot> values;
  std::deque<std::vector<char>> kept;
  int current = 0;

private:
  Slot newSlot(int64_t bytes);
};

/// Makes the kernel of an op. Emits an error at the op on failure.
using PrepareFn = mlir::FailureOr<Kernel> (*)(mlir::Operation *op, Preparation &prep);

/// One row of a table of ops.
struct OpEntry {
  llvm::StringLiteral name;
  PrepareFn prepare;
};

/// The tables of each part.
llvm::ArrayRef<OpEntry> layerOps();
llvm::ArrayRef<OpEntry> poolingOps();
llvm::ArrayRef<OpEntry> movementOps();
llvm::ArrayRef<OpEntry> elementwiseOps();

/// Shorthands.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}
inline int64_t countOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
}
/// Element strides of a C-order tensor.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

} // namespace cimc::reference

#endif // CIMC_LIB_REFERENCE_KERNELS_H
