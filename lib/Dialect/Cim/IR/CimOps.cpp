//===- CimOps.cpp - Ops of dialect cim that are not stages ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights, the ends of the network, constants, the scheduled level: verifiers and folds.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;

#define GET_OP_CLASSES
#include "cimc/Dialect/Cim/IR/CimOps.cpp.inc"

//===--------------------------------------------------------------------------===//
// Weights
//===--------------------------------------------------------------------------===//

/// Keeps sums and products of two numbers of a tile exact.
constexpr int64_t kMaxNumber = (int64_t(1) << 31) - 1;

/// Copies of a weight at most; more than the positions of any row compute nothing.
constexpr int64_t kMaxCopies = int64_t(1) << 20;

/// Checks that copies are numbered from 0 without a gap.
static LogicalResult verifyCopies(WeightOp op) {
  llvm::SmallVector<int64_t> copies;
  for (TileAttr tile : op.getTiles()->getAsRange<TileAttr>())
    copies.push_back(tile.getCopy());
  llvm::sort(copies);
  copies.erase(llvm::unique(copies), copies.end());
  for (auto [index, copy] : llvm::enumerate(copies)) {
    if (copy < 0 || copy >= kMaxCopies)
      return op.emitOpError() << "tiles of copy " << copy << ", which must lie in [0, "
                              << kMaxCopies - 1 << "]";
    if (copy != static_cast<int64_t>(index))
      return op.emitOpError() << "tiles of copy " << copy << ", but none of copy " << index;
  }
  return success();
}

/// Checks that one tile lies inside a weight of `groups x rows x cols`.
static LogicalResult verifyTile(WeightOp op, unsigned index, TileAttr tile,
                                ArrayRef<int64_t> shape) {
  struct Range {
    StringRef name;
    int64_t begin, size, limit;
  };
  const Range ranges[] = {{"groups", tile.getGroup(), tile.getGroups(), shape[0]},
                          {"rows", tile.getRow(), tile.getRows(), shape[1]},
                          {"columns", tile.getCol(), tile.getCols(), shape[2]}};
  for (const Range &range : ranges)
    if (range.begin < 0 || range.size < 1 || range.begin > range.limit ||
        range.size > range.limit - range.begin)
      return op.emitOpError() << "tile " << index << " has " << range.name << " " << range.begin
                              << " to " << range.begin + range.size - 1 << ", the weight has "
                              << range.limit;
  if (tile.getSlice() < 0 || tile.getSlice() >= op.getSliceCount())
    return op.emitOpError() << "tile " << index << " has slice " << tile.getSlice()
                            << ", the weight has " << op.getSliceCount();
  if (tile.getInstance() < 0 || tile.getInstance() >= op.getInstances())
    return op.emitOpError() << "tile " << index << " has instance " << tile.getInstance()
                            << ", the weight has " << op.getInstances();
  if (tile.getGroups() > 1 && (tile.getRows() != shape[1] || tile.getCols() != shape[2]))
    return op.emitOpError() << "tile " << index << " has " << tile.getGroups()
                            << " groups, so it must hold whole groups of " << shape[1] << " x "
                            << shape[2] << ", holds " << tile.getRows() << " x " << tile.getCols();
  if (tile.getArray() < -1 ||
      (tile.getArray() >= 0 && (tile.getAtRow() < 0 || tile.getAtCol() < 0)))
    return op.emitOpError() << "tile " << index << " has place (" << tile.getArray() << ", "
                            << tile.getAtRow() << ", " << tile.getAtCol()
                            << "), which must not be negative";
  if (std::max({tile.getArray(), tile.getAtRow(), tile.getAtCol()}) > kMaxNumber)
    return op.emitOpError() << "tile " << index << " has place (" << tile.getArray() << ", "
                            << tile.getAtRow() << ", " << tile.getAtCol()
                            << "), which must be at most " << kMaxNumber;
  return success();
}

LogicalResult SlicesAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t count,
                                 int64_t bits) {
  if (bits < 1 || bits > 7)
    return emitError() << "slices must have 1 to 7 bits, have " << bits;
  // The last slice holds at least the sign of eight bits.
  int64_t most = (8 + bits - 1) / bits;
  if (count < 2 || count > most)
    return emitError() << "weights of 8 bits have 2 to " << most << " slices of " << bits
                       << " bits, not " << count;
  return success();
}

LogicalResult WeightOp::verify() {
  ShapedType type = getValue().getShapedType();
  bool isFloat = isDigitalFloat(type.getElementType());
  if (!type.hasRank() || type.getRank() != 3 ||
      (!isFloat && !type.getElementType().isSignlessInteger(8)))
    return emitOpError() << "value must be i8, f32 or f16 of groups x rows x columns, is " << type;
  if (isFloat && getUnit() != Unit::Digital)
    return emitOpError() << "value of " << (type.getElementType().isF16() ? "f16" : "f32")
                         << " must have unit digital, arrays hold i8";
  if (getSlices() && getUnit() != Unit::Array)
    return emitOpError() << "slices need unit array, the unit is " << stringifyUnit(getUnit());
  auto redundancy = static_cast<int64_t>(getRedundancy());
  if (redundancy < 1 || redundancy > kMaxRedundancy || (redundancy & (redundancy - 1)) != 0)
    return emitOpError() << "redundancy must be a power of two up to " << kMaxRedundancy << ", is "
                         << redundancy;
  if (std::optional<uint64_t> rows = getMaxRows(); rows && static_cast<int64_t>(*rows) < 1)
    return emitOpError() << "max_rows must be at least 1, is " << static_cast<int64_t>(*rows);
  int64_t cells = 1;
  for (int64_t size : type.getShape()) {
    if (size < 1)
      return emitOpError() << "value must not be empty, is " << type;
    if (size > kMaxNumber / cells)
      return emitOpError() << "value must have at most " << kMaxNumber << " elements, is " << type;
    cells *= size;
  }
  if (!getTiles())
    return success();
  for (auto [index, tile] : llvm::enumerate(getTiles()->getAsRange<TileAttr>()))
    if (failed(verifyTile(*this, index, tile, type.getShape())))
      return failure();
  return verifyCopies(*this);
}

int64_t WeightOp::getCopies() {
  int64_t copies = 1;
  if (getTiles())
    for (TileAttr tile : getTiles()->getAsRange<TileAttr>())
      copies = std::max(copies, tile.getCopy() + 1);
  return copies;
}

//===--------------------------------------------------------------------------===//
// Ends of the network
//===--------------------------------------------------------------------------===//

static SmallVector<int64_t> withoutUnits(ArrayRef<int64_t> shape) {
  return llvm::to_vector(llvm::make_filter_range(shape, [](int64_t size) { return size != 1; }));
}

/// Checks that `to` is `from` with its dimensions permuted, up to dimensions of size 1, and of the
/// same element type.
static LogicalResult verifyPermuted(Operation *op, RankedTensorType from, RankedTensorType to,
                                    ArrayRef<int64_t> permutation) {
  if (from.getElementType() != to.getElementType())
    return op->emitOpError() << "source has elements " << from.getElementType() << ", result "
                             << to.getElementType();
  if (static_cast<int64_t>(permutation.size()) != from.getRank())
    return op->emitOpError() << "permutation must have " << from.getRank() << " entries, has "
                             << permutation.size();
  SmallVector<bool> seen(permutation.size(), false);
  SmallVector<int64_t> permuted;
  for (int64_t dim : permutation) {
    if (dim < 0 || dim >= from.getRank() || seen[dim])
      return op->emitOpError() << "permutation must name each of " << from.getRank()
                               << " dimensions once, entry " << dim << " does not";
    seen[dim] = true;
    permuted.push_back(from.getDimSize(dim));
  }
  if (withoutUnits(permuted) != withoutUnits(to.getShape()))
    return op->emitOpError() << "result must have the permuted dimensions of the source up to "
                                "dimensions of size 1, source is "
                             << from << ", result " << to;
  return success();
}

/// Checks an end of the network, where the host's formats count.
static LogicalResult verifyHostTensor(Operation *op, RankedTensorType from, RankedTensorType to,
                                      ArrayRef<int64_t> permutation) {
  if (from.getElementType().isF16())
    return op->emitOpError() << "source has elements f16, which the host does not keep; "
                                "cim.convert changes between f16 and f32";
  return verifyPermuted(op, from, to, permutation);
}

LogicalResult InputOp::verify() {
  return verifyHostTensor(*this, cast<RankedTensorType>(getSource().getType()),
                          cast<RankedTensorType>(getResult().getType()), getPermutation());
}

LogicalResult OutputOp::verify() {
  return verifyHostTensor(*this, cast<RankedTensorType>(getSource().getType()),
                          cast<RankedTensorType>(getResult().getType()), getPermutation());
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===--------------------------------------------------------------------------===//
// Scheduled level
//===--------------------------------------------------------------------------===//

// More than any core has, and small enough for rows x bytes of a row to be exact.
constexpr int64_t kMaxMemory = int64_t(1) << 32;
constexpr int64_t kMaxRows = int64_t(1) << 24;

LogicalResult FifoOp::verify() {
  auto depth = static_cast<int64_t>(getDepth());
  if (depth < 1 || depth > kMaxRows)
    return emitOpError() << "depth must be in 1 to " << kMaxRows << ", is " << depth;
  return success();
}

LogicalResult LoopOp::verify() {
  if (static_cast<int64_t>(getCount()) < 1)
    return emitOpError() << "count must be at least 1, is " << static_cast<int64_t>(getCount());
  return success();
}

LogicalResult LoopOp::verifyRegions() {
  if (llvm::none_of(getBody().front(), [](Operation &op) { return isa<FireOp, LoopOp>(op); }))
    return emitOpError() << "body must fire a stage";
  return success();
}

LogicalResult WakeOp::verify() {
  auto chip = static_cast<int64_t>(getChip()), epoch = static_cast<int64_t>(getEpoch());
  if (chip < 0 || epoch < 0)
    return emitOpError() << "chip and epoch must not be negative, are " << chip << " and " << epoch;
  return success();
}

LogicalResult FireOp::verify() {
  if (static_cast<int64_t>(getTimes()) < 1)
    return emitOpError() << "times must be at least 1, is " << static_cast<int64_t>(getTimes());
  return success();
}

LogicalResult RegionOp::verify() {
  if (!llvm::is_contained({"rows", "scratch", "constant", "accumulator", "fifo"}, getKind()))
    return emitOpError() << "kind must be rows, scratch, constant, accumulator or fifo, is "
                         << getKind();
  auto address = static_cast<int64_t>(getAddress()), bytes = static_cast<int64_t>(getBytes()),
       rows = static_cast<int64_t>(getRows());
  if (address < 0 || bytes < 0 || rows < 0)
    return emitOpError() << "address, bytes and rows must not be negative, are " << address << ", "
                         << bytes << " and " << rows;
  if (address > kMaxMemory || bytes > kMaxMemory || rows > kMaxRows)
    return emitOpError() << "address and bytes must be at most " << kMaxMemory << " and rows "
                         << kMaxRows << ", are " << address << ", " << bytes << " and " << rows;
  return success();
}

LogicalResult CoreProgramOp::verifyRegions() {
  for (RegionOp region : getBody().getOps<RegionOp>()) {
    int64_t end =
        static_cast<int64_t>(region.getAddress()) + static_cast<int64_t>(region.getBytes());
    if (end > static_cast<int64_t>(getMemoryBytes()))
      return region.emitOpError() << "ends at byte " << end << ", core "
                                  << static_cast<int64_t>(getCore()) << " has "
                                  << static_cast<int64_t>(getMemoryBytes());
  }
  return success();
}
