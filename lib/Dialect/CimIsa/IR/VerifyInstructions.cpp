//===- VerifyInstructions.cpp - Verifiers of single instructions ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be said about an instruction alone: counts are positive, formats are ones the digital
// unit has, scales are positive and finite, clamping ranges are not empty. Whether operands lie
// inside their buffers is the validator's business (cimc/Program/Validator.h), which needs the
// whole program; indices into tables are checked with the structure.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace cimc::isa;
using attr::Format;

/// A field's name and value, for checks over several fields.
namespace {
struct NamedCount {
  StringRef name;
  uint64_t value;
};
struct NamedScale {
  StringRef name;
  llvm::APFloat value;
};
} // namespace

static LogicalResult checkPositive(Operation *op, ArrayRef<NamedCount> fields) {
  for (const NamedCount &field : fields)
    if (field.value == 0)
      return op->emitOpError() << "'" << field.name << "' must be at least 1, but is 0";
  return success();
}

static LogicalResult checkScales(Operation *op, ArrayRef<NamedScale> fields) {
  for (const NamedScale &field : fields)
    if (!field.value.isFinite() || field.value.isNegative() || field.value.isZero()) {
      SmallString<16> text;
      field.value.toString(text);
      return op->emitOpError() << "'" << field.name << "' must be positive and finite, but is "
                               << text;
    }
  return success();
}

/// An 8-bit result: -128 <= lo <= hi <= 127, and the zero point is an 8-bit integer too.
static LogicalResult checkClamp(Operation *op, int32_t zeroPoint, int32_t lo, int32_t hi) {
  if (lo < -128 || hi > 127 || lo > hi)
    return op->emitOpError() << "must clamp to a range inside [-128, 127], but has [" << lo << ", "
                             << hi << "]";
  if (zeroPoint < -128 || zeroPoint > 127)
    return op->emitOpError() << "'zero_point' must lie in [-128, 127], but is " << zeroPoint;
  return success();
}

static LogicalResult checkFormat(Operation *op, StringRef name, Format actual,
                                 ArrayRef<Format> allowed) {
  if (llvm::is_contained(allowed, actual))
    return success();
  InFlightDiagnostic diag = op->emitOpError() << "'" << name << "' must be ";
  llvm::interleave(
      allowed, [&](Format format) { diag << stringifyFormat(format); }, [&] { diag << " or "; });
  return diag << ", but is " << stringifyFormat(actual);
}

static LogicalResult checkDims(Operation *op, ArrayRef<int32_t> dims, StringRef name = "dims") {
  for (auto [index, extent] : llvm::enumerate(dims))
    if (extent < 1)
      return op->emitOpError() << "'" << name << "' must be at least 1, but dimension " << index
                               << " is " << extent;
  return success();
}

static LogicalResult checkWindow(Operation *op, WindowAttr window) {
  const NamedCount fields[] = {{"div", window.getDiv()},
                               {"height", window.getHeight()},
                               {"width", window.getWidth()},
                               {"channels", window.getChannels()},
                               {"kernel_h", window.getKernelH()},
                               {"kernel_w", window.getKernelW()},
                               {"dilation_h", window.getDilationH()},
                               {"dilation_w", window.getDilationW()},
                               {"stride_w", window.getStrideW()},
                               {"positions", window.getPositions()}};
  if (failed(checkPositive(op, fields)))
    return failure();
  uint64_t first = window.getPitch() > 0 ? window.getChannel() % window.getPitch() : 0;
  if (first + window.getChannels() > window.getPitch())
    return op->emitOpError() << "window reads channels " << window.getChannel() << " to "
                             << uint64_t(window.getChannel()) + window.getChannels() - 1
                             << ", but 'pitch' is " << window.getPitch();
  return success();
}

//===--------------------------------------------------------------------------===//
// Control and streams
//===--------------------------------------------------------------------------===//

LogicalResult LoopOp::verify() { return checkPositive(*this, {{"count", getCount()}}); }
LogicalResult FireOp::verify() { return checkPositive(*this, {{"times", getTimes()}}); }

LogicalResult SendOp::verify() {
  return checkPositive(*this, {{"chunks", getChunks()}, {"chunk_bytes", getChunkBytes()}});
}
LogicalResult RecvOp::verify() {
  if (failed(checkPositive(*this, {{"chunks", getChunks()}, {"chunk_bytes", getChunkBytes()}})))
    return failure();
  if (getChunks() > 1 && getPitch() < getChunkBytes())
    return emitOpError() << "chunks must not overlap: 'pitch' is " << getPitch()
                         << ", 'chunk_bytes' is " << getChunkBytes();
  return success();
}

//===--------------------------------------------------------------------------===//
// Array
//===--------------------------------------------------------------------------===//

LogicalResult ReadOp::verify() {
  if (failed(checkWindow(*this, getWindow())))
    return failure();
  if (getPasses() != 1 && getPasses() != 2)
    return emitOpError() << "'passes' must be 1 or 2, but is " << getPasses();
  return success();
}

//===--------------------------------------------------------------------------===//
// Quantisation
//===--------------------------------------------------------------------------===//

LogicalResult RequantOp::verify() {
  if (failed(checkPositive(*this, {{"positions", getPositions()}, {"channels", getChannels()}})) ||
      failed(checkFormat(*this, "to", getTo(), {Format::I8, Format::F32, Format::F16})) ||
      failed(checkClamp(*this, getZeroPoint(), getLo(), getHi())))
    return failure();
  if (getDstPitch() < getChannels())
    return emitOpError() << "'dst_pitch' must be at least 'channels' (" << getChannels()
                         << "), but is " << getDstPitch();
  return success();
}
LogicalResult QuantizeOp::verify() {
  if (failed(checkPositive(*this, {{"count", getCount()}})) ||
      failed(checkScales(*this, {{"scale", getScale()}})))
    return failure();
  return checkClamp(*this, getZeroPoint(), getLo(), getHi());
}
LogicalResult DequantizeOp::verify() {
  if (failed(checkPositive(*this, {{"count", getCount()}})) ||
      failed(checkScales(*this, {{"scale", getScale()}})))
    return failure();
  return checkClamp(*this, getZeroPoint(), -128, 127);
}
LogicalResult AddQuantizedOp::verify() {
  if (failed(checkPositive(*this, {{"count", getCount()}})) ||
      failed(checkScales(
          *this, {{"a_scale", getAScale()}, {"b_scale", getBScale()}, {"scale", getScale()}})))
    return failure();
  return checkClamp(*this, getZeroPoint(), getLo(), getHi());
}
LogicalResult ShiftAddOp::verify() {
  if (getShift() > 31)
    return emitOpError() << "'shift' must be at most 31, but is " << getShift();
  return checkPositive(*this, {{"count", getCount()}});
}
LogicalResult LookupOp::verify() { return checkPositive(*this, {{"count", getCount()}}); }

//===--------------------------------------------------------------------------===//
// Vectors
//===--------------------------------------------------------------------------===//

LogicalResult UnaryOp::verify() { return checkPositive(*this, {{"count", getCount()}}); }
LogicalResult RandomOp::verify() { return checkPositive(*this, {{"count", getCount()}}); }
LogicalResult UnaryF16Op::verify() { return checkPositive(*this, {{"count", getCount()}}); }
LogicalResult BinaryOp::verify() {
  if (failed(checkDims(*this, getDims())))
    return failure();
  return checkFormat(*this, "format", getFormat(),
                     {Format::I32, Format::F32, Format::I64, Format::F16});
}
LogicalResult SelectOp::verify() {
  if (failed(checkDims(*this, getDims())))
    return failure();
  return checkFormat(*this, "format", getFormat(),
                     {Format::I32, Format::F32, Format::I64, Format::F16});
}
LogicalResult ConvertOp::verify() {
  if (getFrom() == getTo())
    return emitOpError() << "must change the format, but 'from' and 'to' are both "
                         << stringifyFormat(getTo());
  return checkPositive(*this, {{"count", getCount()}});
}
LogicalResult CopyOp::verify() {
  return success(succeeded(checkDims(*this, getDims())) &&
                 succeeded(checkDims(*this, getTurns(), "turns")));
}
LogicalResult FillOp::verify() { return checkPositive(*this, {{"count", getCount()}}); }
LogicalResult ReduceOp::verify() {
  if (failed(checkPositive(
          *this, {{"outer", getOuter()}, {"extent", getExtent()}, {"inner", getInner()}})))
    return failure();
  return checkFormat(*this, "format", getFormat(), {Format::I32, Format::F32, Format::F16});
}
LogicalResult PoolOp::verify() {
  if (failed(checkWindow(*this, getWindow())) ||
      failed(checkFormat(*this, "format", getFormat(), {Format::I8, Format::F32, Format::F16})))
    return failure();
  if (getFn() != attr::ReduceFn::Max && getFn() != attr::ReduceFn::Sum)
    return emitOpError() << "'fn' must be max or sum, but is " << stringifyReduceFn(getFn());
  return success();
}
LogicalResult UnfoldOp::verify() { return checkWindow(*this, getWindow()); }
LogicalResult DepthwiseOp::verify() {
  if (failed(checkPositive(*this, {{"multiplier", getMultiplier()}})))
    return failure();
  return checkWindow(*this, getWindow());
}

LogicalResult MatmulOp::verify() {
  if (failed(checkPositive(*this, {{"groups", getGroups()}, {"columns", getColumns()}})) ||
      failed(checkFormat(*this, "format", getFormat(), {Format::I8, Format::F32, Format::F16})) ||
      failed(checkWindow(*this, getWindow())))
    return failure();
  if (getWindow().getChannels() % getGroups() != 0)
    return emitOpError() << "'groups' must divide the window's channels ("
                         << getWindow().getChannels() << "), but is " << getGroups();
  if (getDstPitch() < uint64_t(getGroups()) * getColumns())
    return emitOpError() << "'dst_pitch' must be at least groups x columns ("
                         << uint64_t(getGroups()) * getColumns() << "), but is " << getDstPitch();
  if (failed(checkClamp(*this, getAZeroPoint(), -128, 127)) ||
      failed(checkClamp(*this, getBZeroPoint(), -128, 127)))
    return failure();
  if (getFormat() != Format::I8 && (getAZeroPoint() != 0 || getBZeroPoint() != 0))
    return emitOpError() << "zero points of " << stringifyFormat(getFormat())
                         << " must be 0, but are " << getAZeroPoint() << " and " << getBZeroPoint();
  return success();
}
LogicalResult GatherOp::verify() {
  if (failed(checkPositive(
          *this, {{"entries", getEntries()}, {"elements", getElements()}, {"count", getCount()}})))
    return failure();
  return checkFormat(*this, "index_format", getIndexFormat(), {Format::I32, Format::I64});
}

//===--------------------------------------------------------------------------===//
// Entries of tables
//===--------------------------------------------------------------------------===//

LogicalResult DataOp::verify() {
  Type type = getValue().getElementType();
  if (!type.isInteger(8) && !type.isInteger(32) && !type.isInteger(64) && !type.isF32() &&
      !type.isF16())
    return emitOpError() << "elements must be i8, i32, i64, f32 or f16, but are " << type;
  return success();
}
LogicalResult TileOp::verify() {
  if (failed(checkPositive(*this, {{"rows", getRows()}, {"cols", getCols()}})))
    return failure();
  if (getPitch() < getCols())
    return emitOpError() << "'pitch' must be at least 'cols' (" << getCols() << "), but is "
                         << getPitch();
  size_t steps = getSteps().size();
  size_t both = size_t(getCols()) + getRows();
  if (steps > 1 && steps != getCols() && steps != both)
    return emitOpError() << "'steps' must be one number, one per column (" << getCols()
                         << "), or one per column and row (" << both << "), but are " << steps;
  constexpr float kMaxStep = 1u << 30;
  for (float step : getSteps())
    if (!(step >= 1 && step <= kMaxStep)) // a NaN fails
      return emitOpError() << "'steps' must be between 1 and 2^30, but one is " << step;
  return success();
}
LogicalResult ChannelOp::verify() {
  if (getSource() == kHostCore && getTarget() == kHostCore)
    return emitOpError() << "must have a core at one end, but both are the host";
  return checkPositive(*this, {{"message_bytes", getMessageBytes()}, {"depth", getDepth()}});
}
LogicalResult StreamOp::verify() {
  if (failed(checkPositive(*this, {{"rows", getRows()}})) || failed(checkDims(*this, getDims())) ||
      failed(checkFormat(*this, "format", getFormat(),
                         {Format::I8, Format::I32, Format::F32, Format::I64})))
    return failure();
  if (getChannels().empty() || (!getIsInput() && getChannels().size() != 1))
    return emitOpError() << "must have "
                         << (getIsInput() ? "at least one channel" : "exactly one channel")
                         << ", but has " << getChannels().size();
  return success();
}
LogicalResult BufferOp::verify() {
  if (getData().has_value() != getDataOffset().has_value())
    return emitOpError() << "must have both 'data' and 'data_offset' or neither";
  return checkPositive(*this, {{"row_bytes", getRowBytes()}, {"rows", getRows()}});
}
