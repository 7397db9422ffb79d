//===- ElementwiseBlocks.cpp - Scalar bodies as vector instructions ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op of a body becomes one instruction over the whole row. Intermediate rows live in scratch
// areas (elementwiseSlots); operands that repeat along a dimension keep stride 0 there. A table
// gives the instruction of each scalar op.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

#include "cimc/Dialect/Cim/Transforms/ElementwiseBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace cimc {

namespace {

using isa::attr::BinaryFn;
using isa::attr::Format;
using isa::attr::UnaryFn;

std::optional<UnaryFn> unaryOf(Operation &op) {
  static const llvm::StringMap<UnaryFn> table = {
      {"arith.negf", UnaryFn::Neg},   {"math.absf", UnaryFn::Abs},
      {"math.exp", UnaryFn::Exp},     {"math.log", UnaryFn::Log},
      {"math.tanh", UnaryFn::Tanh},   {"math.sqrt", UnaryFn::Sqrt},
      {"math.rsqrt", UnaryFn::Rsqrt}, {"math.floor", UnaryFn::Floor},
      {"math.ceil", UnaryFn::Ceil},   {"math.roundeven", UnaryFn::RoundEven},
      {"math.erf", UnaryFn::Erf},     {"math.sin", UnaryFn::Sin},
      {"math.cos", UnaryFn::Cos}};
  auto found = table.find(op.getName().getStringRef());
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

std::optional<BinaryFn> binaryOf(Operation &op) {
  static const llvm::StringMap<BinaryFn> table = {
      {"arith.addf", BinaryFn::Add},     {"arith.subf", BinaryFn::Sub},
      {"arith.mulf", BinaryFn::Mul},     {"arith.divf", BinaryFn::Div},
      {"arith.maximumf", BinaryFn::Max}, {"arith.minimumf", BinaryFn::Min},
      {"arith.maxnumf", BinaryFn::Max},  {"arith.minnumf", BinaryFn::Min},
      {"math.powf", BinaryFn::Pow},      {"arith.addi", BinaryFn::Add},
      {"arith.subi", BinaryFn::Sub},     {"arith.muli", BinaryFn::Mul},
      {"arith.maxsi", BinaryFn::Max},    {"arith.minsi", BinaryFn::Min}};
  auto found = table.find(op.getName().getStringRef());
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

BinaryFn functionOf(cim::Comparison::Kind kind) {
  return kind == cim::Comparison::Equal  ? BinaryFn::Eq
         : kind == cim::Comparison::Less ? BinaryFn::Lt
                                         : BinaryFn::Le;
}

/// The format in which a body keeps values of `type`: truth values as 0 or 1 in f32.
std::optional<Format> bodyFormatOf(Type type) {
  return type.isInteger(1) ? Format::F32 : formatOf(type);
}

/// Writes one body.
class BodyEmitter {
public:
  BodyEmitter(OpBuilder &builder, Location loc, llvm::ArrayRef<int64_t> rowShape)
      : builder(builder), loc(loc) {
    // The row's dimensions, aligned to the right; leading dimensions beyond four are folded into
    // the first.
    dims = {1, 1, 1, 1};
    for (auto [index, size] : llvm::enumerate(llvm::reverse(rowShape)))
      dims[3 - std::min<size_t>(index, 3)] *= static_cast<int32_t>(size);
    count = static_cast<uint32_t>(dims[0] * dims[1] * dims[2] * dims[3]);
  }

  /// Strides of an operand of row shape `shape` (the result's rank), 0 where it repeats; none if
  /// more than four dimensions are needed.
  std::optional<View> view(isa::RowAttr row, llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<int64_t> resultShape) {
    View result{row, {0, 0, 0, 0}};
    if (shape.size() > 4)
      return shape == resultShape ? std::optional(dense(row)) : std::nullopt;
    llvm::SmallVector<int64_t> strides = denseStrides(shape);
    for (auto [index, size] : llvm::enumerate(shape))
      if (size > 1)
        result.strides[4 - shape.size() + index] = static_cast<int32_t>(strides[index]);
    return result;
  }
  View dense(isa::RowAttr row) {
    return {row, {dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1}};
  }
  View scalar(isa::RowAttr row) { return {row, {0, 0, 0, 0}}; }

  /// Writes `op` into the dense view `dst`, or into its row as compactly as its operand lies; gives
  /// where the result is.
  FailureOr<View> emit(Operation &op, View dst, bool yielded);
  void copy(Format format, const View &src, const View &dst) {
    isa::CopyOp::create(builder, loc, format, dims, src.row, src.strides,
                        llvm::ArrayRef<int32_t>{1, 1, 1, 1}, llvm::ArrayRef<int32_t>{0, 0, 0, 0},
                        dst.row, dst.strides);
  }

  /// Converts `src` into the row of `dst`: all of it, or, where it repeats, what it really has.
  View convert(Format from, Format to, const View &src, const View &dst);

  llvm::DenseMap<Value, View> views;
  isa::RowAttr one, aside; ///< if the body needs them

private:
  bool isDense(const View &view) {
    View full = dense(view.row);
    for (int i = 0; i < 4; ++i)
      if (dims[i] > 1 && view.strides[i] != full.strides[i])
        return false;
    return true;
  }
  /// A dense row with the operand's elements: the operand itself, or a copy in `dst`.
  isa::RowAttr denseRow(const View &view, const View &dst, Format format) {
    if (isDense(view))
      return view.row;
    copy(format, view, dst);
    return dst.row;
  }
  void binary(BinaryFn fn, Format format, const View &a, const View &b, const View &dst) {
    isa::BinaryOp::create(builder, loc, fn, format, dims, a.row, a.strides, b.row, b.strides,
                          dst.row, dst.strides);
  }
  LogicalResult compare(const cim::Comparison &comparison, Operation &op, const View &dst);
  void compareHalves(const cim::Comparison &comparison, const View &a, const View &b,
                     const View &dst);
  LogicalResult combineTruth(Operation &op, const View &a, const View &b, const View &dst);
  FailureOr<View> convert(Operation &op, const View &src, const View &dst, bool yielded);
  /// The elements that a repeating view really has.
  uint32_t distinct(const View &view) {
    int32_t elements = 1;
    for (int i = 0; i < 4; ++i)
      elements += (dims[i] - 1) * view.strides[i];
    return static_cast<uint32_t>(elements);
  }

  OpBuilder &builder;
  Location loc;
  std::array<int32_t, 4> dims;
  uint32_t count;
};

View BodyEmitter::convert(Format from, Format to, const View &src, const View &dst) {
  bool full = isDense(src);
  isa::ConvertOp::create(builder, loc, from, to, src.row, dst.row, full ? count : distinct(src));
  return full ? dst : View{dst.row, src.strides};
}

FailureOr<View> BodyEmitter::convert(Operation &op, const View &src, const View &dst,
                                     bool yielded) {
  std::optional<Format> from = bodyFormatOf(op.getOperand(0).getType()),
                        to = bodyFormatOf(op.getResult(0).getType());
  // What repeats goes on repeating; only the output row must be written out.
  if (!from || !to || (!isDense(src) && yielded))
    return failure();
  if (*from != *to)
    return convert(*from, *to, src, dst);
  copy(*to, src, dst);
  return dst;
}

/// Halves are compared in f16, both parts of a double comparison side by side in `aside`.
void BodyEmitter::compareHalves(const cim::Comparison &comparison, const View &a, const View &b,
                                const View &dst) {
  BinaryFn fn = functionOf(comparison.kind);
  bool each = comparison.times == cim::Comparison::OfEach;
  View first = dense(aside);
  binary(fn, Format::F16, a, each ? a : b, first);
  if (comparison.times != cim::Comparison::Once) {
    View second =
        dense(isa::RowAttr::get(aside.getContext(), aside.getBuffer(), aside.getMul(),
                                aside.getDiv(), aside.getAdd(), aside.getOffset() + 2 * count));
    binary(fn, Format::F16, b, each ? b : a, second);
    binary(each ? BinaryFn::Mul : BinaryFn::Max, Format::F16, first, second, first);
  }
  convert(Format::F16, Format::F32, first, dst);
  if (comparison.negate)
    binary(BinaryFn::Sub, Format::F32, scalar(one), dst, dst);
}

/// Integers are compared in their own format first, which gives 0 or 1 in that format.
LogicalResult BodyEmitter::compare(const cim::Comparison &comparison, Operation &op,
                                   const View &dst) {
  std::optional<Format> format = formatOf(op.getOperand(0).getType());
  if (!format || *format == Format::I8)
    return failure();
  const View &a = views.find(op.getOperand(comparison.swap ? 1 : 0))->second,
             &b = views.find(op.getOperand(comparison.swap ? 0 : 1))->second;
  if (*format == Format::F16) {
    compareHalves(comparison, a, b, dst);
    return success();
  }
  BinaryFn fn = functionOf(comparison.kind);
  bool whole = *format != Format::F32, each = comparison.times == cim::Comparison::OfEach;
  View half = aside ? dense(aside) : dst;
  binary(fn, *format, a, each ? a : b, whole ? half : dst);
  if (whole)
    isa::ConvertOp::create(builder, loc, *format, Format::F32, half.row, dst.row, count);
  if (comparison.times != cim::Comparison::Once) {
    binary(fn, *format, b, each ? b : a, half);
    binary(each ? BinaryFn::Mul : BinaryFn::Max, Format::F32, dst, half, dst);
  }
  if (comparison.negate)
    binary(BinaryFn::Sub, Format::F32, scalar(one), dst, dst);
  return success();
}

/// And, or, exclusive or of truth values.
LogicalResult BodyEmitter::combineTruth(Operation &op, const View &a, const View &b,
                                        const View &dst) {
  if (mlir::isa<arith::XOrIOp>(op)) {
    binary(BinaryFn::Sub, Format::F32, a, b, dst);
    binary(BinaryFn::Mul, Format::F32, dst, dst, dst);
    return success();
  }
  binary(mlir::isa<arith::AndIOp>(op) ? BinaryFn::Mul : BinaryFn::Max, Format::F32, a, b, dst);
  return success();
}

FailureOr<View> BodyEmitter::emit(Operation &op, View dst, bool yielded) {
  auto operand = [&](unsigned index) -> const View & {
    return views.find(op.getOperand(index))->second;
  };
  auto done = [&](LogicalResult result) -> FailureOr<View> {
    if (failed(result))
      return failure();
    return dst;
  };
  if (std::optional<UnaryFn> fn = unaryOf(op)) {
    if (op.getResult(0).getType().isF16())
      isa::UnaryF16Op::create(builder, loc, *fn, denseRow(operand(0), dst, Format::F16), dst.row,
                              count);
    else
      isa::UnaryOp::create(builder, loc, *fn, denseRow(operand(0), dst, Format::F32), dst.row,
                           count);
    return dst;
  }
  if (std::optional<BinaryFn> fn = binaryOf(op)) {
    std::optional<Format> format = formatOf(op.getResult(0).getType());
    if (!format || *format == Format::I8)
      return failure();
    binary(*fn, *format, operand(0), operand(1), dst);
    return dst;
  }
  if (std::optional<cim::Comparison> comparison = cim::comparisonOf(op))
    return done(compare(*comparison, op, dst));
  if (mlir::isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op) &&
      op.getResult(0).getType().isInteger(1))
    return done(combineTruth(op, operand(0), operand(1), dst));
  if (mlir::isa<arith::SelectOp>(op)) {
    std::optional<Format> format = bodyFormatOf(op.getResult(0).getType());
    if (!format || *format == Format::I8)
      return failure();
    const View &c = operand(0), &a = operand(1), &b = operand(2);
    isa::SelectOp::create(builder, loc, *format, dims, c.row, c.strides, a.row, a.strides, b.row,
                          b.strides, dst.row, dst.strides);
    return dst;
  }
  bool ofTruth = op.getNumOperands() == 1 && op.getOperand(0).getType().isInteger(1);
  if (mlir::isa<arith::UIToFPOp, arith::ExtUIOp>(op) && ofTruth)
    return convert(op, operand(0), dst, yielded);
  if (mlir::isa<arith::SIToFPOp, arith::FPToSIOp, arith::ExtSIOp, arith::TruncIOp, arith::ExtFOp,
                arith::TruncFOp>(op) &&
      !ofTruth && !op.getResult(0).getType().isInteger(1))
    return convert(op, operand(0), dst, yielded);
  return failure();
}

} // namespace

LogicalResult BlockEmitter::emitElementwise(cim::ElementwiseOp op) {
  llvm::ArrayRef<int64_t> rowShape = cim::getRowShape(op.getType());
  int64_t rowAxis = cim::getRowAxis(op.getType());
  Block &body = op.getBody().front();
  BodyEmitter emitter(builder, loc, rowShape);

  for (auto [index, operand] : llvm::enumerate(op.getInputs())) {
    auto type = cast<RankedTensorType>(operand.getType());
    isa::RowAttr row = streamOrConstantRow(static_cast<unsigned>(index));
    std::optional<View> view = emitter.view(row, type.getShape().drop_front(rowAxis + 1), rowShape);
    if (!view)
      return op.emitOpError("operand ")
             << index
             << " repeats along a row of more than four dimensions, which is not supported";
    if (type.getElementType().isInteger(1))
      *view = emitter.convert(Format::I8, Format::F32, *view,
                              emitter.dense(scratchRow("truth" + std::to_string(index))));
    emitter.views[body.getArgument(static_cast<unsigned>(index))] = *view;
  }
  if (cim::usesOne(op))
    emitter.one = constantRow("one");
  if (cim::asideBytes(op))
    emitter.aside = scratchRow("aside");

  llvm::SmallVector<int64_t> slots = cim::elementwiseSlots(op);
  Value yielded = body.getTerminator()->getOperand(0);
  bool truth = yielded.getType().isInteger(1);
  View output = emitter.dense(truth ? scratchRow("truth") : outputRow());
  for (auto [index, inner] : llvm::enumerate(body.without_terminator())) {
    Value result = inner.getResult(0);
    if (mlir::isa<arith::ConstantOp>(inner)) {
      emitter.views[result] = emitter.scalar(constantRow("c" + std::to_string(index)));
      continue;
    }
    View dst =
        result == yielded ? output : emitter.dense(scratchRow("t" + std::to_string(slots[index])));
    FailureOr<View> written = emitter.emit(inner, dst, result == yielded);
    if (failed(written))
      return op.emitOpError("the digital unit has no instruction for '")
             << inner.getName() << "' here";
    emitter.views[result] = *written;
  }
  if (mlir::isa<BlockArgument>(yielded) || yielded.getDefiningOp<arith::ConstantOp>()) {
    std::optional<Format> format = bodyFormatOf(yielded.getType());
    if (!format)
      return op.emitOpError("yields ") << yielded.getType() << ", which no core keeps";
    emitter.copy(*format, emitter.views.find(yielded)->second, output);
  }
  if (truth)
    emitter.convert(Format::F32, Format::I8, output, emitter.dense(outputRow()));
  return success();
}

} // namespace cimc
