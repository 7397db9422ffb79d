//===- TosaToCim.h - The converter's state and parts ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The conversion of one function. It first walks backward from the results and plans: which ops are
// needed at all, and which groups of ops become one stage (an epilogue in its layer, a chain of
// 8-bit functions in a table, a quantised sum). Then it walks forward and makes the stages. Ops
// that no stage needs vanish.
//
// A stream that stands for a tensor holds its elements in the tensor's C order, but perhaps cut
// into rows in another way: a reshape costs nothing here. Whoever needs the tensor's own rows asks
// `streamOf`, which adds a cim.relayout where they differ.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_TOSATOCIM_TOSATOCIM_H
#define CIMC_LIB_CONVERSION_TOSATOCIM_TOSATOCIM_H

#include "StreamLayout.h"
#include "Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

namespace cimc::conversion {

/// The steps after a weighted layer's sums, one entry per output channel.
struct Epilogue {
  std::vector<int32_t> bias; ///< empty: none
  std::vector<float> scale;
  int zeroPoint = 0, lo = -128, hi = 127;
  bool toFloat = false;
};

/// A group of ops that becomes one stage, decided for the last op of the group.
struct Plan {
  enum Kind { Default, Table, Add, Layer } kind = Default;
  llvm::SmallVector<mlir::Value, 2> inputs; ///< streams that the stage reads
  mlir::Operation *layer = nullptr;         ///< Layer: the weighted op whose epilogue this op is
  Epilogue epilogue;                        ///< Layer
  llvm::SmallVector<int8_t, 0> table;       ///< Table: 256 values
  struct {
    float lhsScale, rhsScale, scale;
    int lhsZeroPoint, rhsZeroPoint, zeroPoint, lo, hi;
  } add = {}; ///< Add
};

/// Counts for the pass's statistics.
struct Counts {
  unsigned layers = 0, fused = 0, tables = 0;
};

class Converter {
public:
  Converter(mlir::func::FuncOp func, WeightTable &weights)
      : func(func), weights(weights), builder(func.getContext()) {}

  /// Converts the function. Reports everything that cannot be converted.
  mlir::LogicalResult run();

  const Counts &getCounts() const { return counts; }

private:
  using Handler = mlir::Value (Converter::*)(mlir::Operation *);

  // TosaToCim.cpp: the walks, and the ends of the network.
  void planAll();
  void need(mlir::Value value, mlir::Operation *user);
  void convertInputs();
  void convertInput(mlir::BlockArgument arg);
  void convertOp(mlir::Operation *op);
  void convertOutputs(mlir::func::ReturnOp op);
  void eraseOld();
  static Handler handlerOf(mlir::Operation *op);

  /// The stream of `value` with the rows of `type`, a relayout away if need be. Null if the value's
  /// own conversion failed, or with an error at `user` if it is a constant.
  mlir::Value streamAs(mlir::Operation *user, mlir::Value value, mlir::RankedTensorType type);
  mlir::Value streamOf(mlir::Operation *user, mlir::Value value) {
    return streamAs(user, value, streamTypeOf(value.getType()));
  }
  /// The layout in which an op whose only interest is in elements makes a tensor of `type`: that of
  /// a map if one of its `inputs` of that shape comes so, else StreamLayout::ofElements.
  StreamLayout layoutFor(mlir::ValueRange inputs, mlir::Type type);
  /// `stream` with the rows of `type`.
  mlir::Value coerce(mlir::Location loc, mlir::Value stream, mlir::RankedTensorType type);

  // TosaToCimTables.cpp: groups of elementwise ops.
  std::optional<Plan> planTable(mlir::linalg::GenericOp op);
  std::optional<Plan> planAdd(mlir::linalg::GenericOp op);
  mlir::Value convertTable(mlir::Operation *op, const Plan &plan);
  mlir::Value convertAdd(mlir::Operation *op, const Plan &plan);

  // TosaToCimWeighted.cpp.
  struct Layer;
  static bool isLayer(mlir::Operation *op);
  std::optional<Plan> planLayer(mlir::linalg::GenericOp op);
  std::optional<Layer> describeLayer(mlir::Operation *op);
  mlir::Value convertLayer(mlir::Operation *op);
  mlir::Value convertFusedLayer(mlir::Operation *op, const Plan &plan);
  mlir::Value makeForward(mlir::Operation *op, const Epilogue *epilogue);

  mlir::Value makeFloatForward(mlir::Operation *op, const Layer &layer, const Weight &weight,
                               mlir::Value input);

  // TosaToCimProducts.cpp.
  mlir::Value convertMatMul(mlir::Operation *op);
  mlir::Value convertGather(mlir::Operation *op);
  /// The stream of `value` with the rows of `type`, or a cim.constant if it is one.
  mlir::Value streamOrConstant(mlir::Operation *user, mlir::Value value,
                               mlir::RankedTensorType type);

  // TosaToCimElementwise.cpp.
  mlir::Value convertGeneric(mlir::Operation *op);
  mlir::Value convertForm(mlir::linalg::GenericOp op);
  mlir::Value convertBody(mlir::linalg::GenericOp op);
  /// A broadcast as a relayout that repeats. Null if its input is no stream.
  mlir::Value convertBroadcast(mlir::linalg::GenericOp op);
  mlir::Value
  makeElementwise(mlir::linalg::GenericOp op, mlir::RankedTensorType type,
                  llvm::ArrayRef<std::pair<mlir::BlockArgument, mlir::Value>> operands,
                  llvm::ArrayRef<std::pair<mlir::BlockArgument, mlir::TypedAttr>> scalars);

  // TosaToCimPool.cpp.
  mlir::Value convertMaxPool(mlir::Operation *op);
  mlir::Value convertAvgPool(mlir::Operation *op);
  mlir::Value convertSumPool(mlir::Operation *op);
  mlir::Value convertReduce(mlir::Operation *op);

  // TosaToCimMovement.cpp.
  mlir::Value convertReshape(mlir::Operation *op);
  mlir::Value convertTranspose(mlir::Operation *op);
  mlir::Value convertConcat(mlir::Operation *op);
  mlir::Value convertPad(mlir::Operation *op);
  mlir::Value convertSlice(mlir::Operation *op);
  mlir::Value convertReverse(mlir::Operation *op);
  mlir::Value convertRandom(mlir::Operation *op);
  /// The slice of type `type` of a padding that cuts into nothing but the padding, as a narrower
  /// padding; null if it is no such slice.
  mlir::Value narrowPadding(mlir::Location loc, mlir::Value stream, mlir::RankedTensorType type,
                            llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> strides);
  mlir::Value convertDelay(mlir::Operation *op);
  void convertFeed(cim::FeedOp op);
  /// If `stream` is a padding of height and width by `padValue`, adds it to `pad` and returns what
  /// is padded, else `stream`.
  static mlir::Value absorbPadding(mlir::Value stream, mlir::Attribute padValue,
                                   llvm::MutableArrayRef<int64_t> pad);

  mlir::func::FuncOp func;
  WeightTable &weights;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Operation *, Plan> plans; ///< of the needed ops
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Operation *, 2>>
      users; ///< which needed ops read a value
  llvm::DenseMap<mlir::Value, mlir::Value> streams;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>, mlir::Value> relayouts;
  Counts counts;
  bool failed = false;
};

/// The values of an epilogue of `channels` channels from a recognised form. None if the form's
/// channels are not the last dimension.
template <typename Form>
std::optional<Epilogue> epilogueOf(const Form &form, mlir::RankedTensorType type, int64_t channels);

/// `attr` with another shape of as many elements; null if it is of a kind that holds no bytes.
mlir::ElementsAttr reshapedElements(mlir::ElementsAttr attr, mlir::RankedTensorType type);

/// A one-dimensional constant attribute, one value per channel.
mlir::ElementsAttr perChannel(llvm::ArrayRef<int32_t> values, mlir::Builder &builder);
mlir::ElementsAttr perChannel(llvm::ArrayRef<float> values, mlir::Builder &builder);

/// The zero point that a constant scalar or one-element tensor holds; floats have 0. None if it is
/// no such constant.
std::optional<int64_t> constantZeroPoint(mlir::Value value);

/// Replaces the loops over time steps of `func` by ops on streams of as many rows, with cim.delay
/// and cim.feed for their states (StreamLoops.cpp). Reports what cannot be written that way.
mlir::LogicalResult streamLoops(mlir::func::FuncOp func);

/// Whether `op` only makes a constant or an uninitialised tensor, which consumers look at
/// themselves.
bool isConstantLike(mlir::Operation *op);

/// Sets `passes` of every layer: 2 where the target's arrays cannot represent an input value of
/// -128. With `saturate` such values become -127 instead. Returns the number of layers that are
/// read twice.
unsigned applyInputCoding(mlir::ModuleOp module, bool saturate);

} // namespace cimc::conversion

#endif // CIMC_LIB_CONVERSION_TOSATOCIM_TOSATOCIM_H
