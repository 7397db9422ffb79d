//===- CimRowMaps.cpp - Which rows a firing needs -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The row map of every stage but cim.relayout (CimRelayout.cpp): firing r, which makes row r of the
// result, needs rows [first, first + count) of an operand, first = floor(r * mul / div) + add. Rows
// outside the stream are cut off by whoever uses the map; they are padding, or belong to another
// operand of a concatenation.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;
using mapping::RowMap;

/// Row r itself.
static RowMap identityMap() { return RowMap{1, 1, 0, 1}; }

/// No rows: the operand is a constant.
static RowMap noRows() { return RowMap{0, 1, 0, 0}; }

/// Every row of `value`, at every firing.
static RowMap allRows(Value value) { return RowMap{0, 1, 0, getNumRows(value.getType())}; }

/// The rows under a window; dilation leaves rows in between that are counted too.
static RowMap windowMap(ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                        ArrayRef<int64_t> dilation, ArrayRef<int64_t> pad) {
  return RowMap{stride[0], 1, -pad[0], (kernel[0] - 1) * dilation[0] + 1};
}

RowMap ForwardOp::getRowMap(unsigned) {
  return windowMap(getKernel(), getStride(), getDilation(), getPad());
}
RowMap PoolOp::getRowMap(unsigned) {
  return windowMap(getKernel(), getStride(), getDilation(), getPad());
}
RowMap RandomOp::getRowMap(unsigned) { return identityMap(); }
RowMap RequantizeOp::getRowMap(unsigned) { return identityMap(); }
RowMap QuantizeOp::getRowMap(unsigned) { return identityMap(); }
RowMap DequantizeOp::getRowMap(unsigned) { return identityMap(); }
RowMap ConvertOp::getRowMap(unsigned) { return identityMap(); }
RowMap AddOp::getRowMap(unsigned) { return identityMap(); }
RowMap LookupOp::getRowMap(unsigned) { return identityMap(); }

RowMap ElementwiseOp::getRowMap(unsigned operand) {
  Value input = getInputs()[operand];
  if (!isRowTensor(input.getType()))
    return noRows();
  return getNumRows(input.getType()) == 1 ? allRows(input) : identityMap();
}

RowMap MatmulOp::getRowMap(unsigned operand) {
  Value input = getOperand(operand);
  if (!isRowTensor(input.getType()))
    return noRows();
  return operand == 1 && readsWholeRhs() ? allRows(input) : identityMap();
}

RowMap GatherOp::getRowMap(unsigned operand) {
  Value input = getOperand(operand);
  if (!isRowTensor(input.getType()))
    return noRows();
  return operand == 0 ? allRows(input) : identityMap();
}

RowMap ReduceOp::getRowMap(unsigned) {
  bool overRows = static_cast<int64_t>(getAxis()) == getRowAxis(getInput().getType());
  return overRows ? allRows(getInput()) : identityMap();
}

RowMap ConcatOp::getRowMap(unsigned operand) {
  if (static_cast<int64_t>(getAxis()) != getRowAxis(getResult().getType()))
    return identityMap();
  int64_t offset = 0;
  for (Value before : getInputs().take_front(operand))
    offset += getNumRows(before.getType());
  return RowMap{1, 1, -offset, 1};
}

RowMap DelayOp::getRowMap(unsigned operand) {
  if (operand == 1)
    return RowMap{1, 1, -1, 1};
  return isRowTensor(getInitial().getType()) ? identityMap() : RowMap{0, 1, 0, 0};
}

RowMap SliceOp::getRowMap(unsigned) {
  int64_t axis = getRowAxis(getInput().getType());
  return RowMap{getStrides()[axis], 1, getOffsets()[axis], 1};
}

RowMap PadOp::getRowMap(unsigned) {
  return RowMap{1, 1, -getLow()[getRowAxis(getInput().getType())], 1};
}

RowMap ReverseOp::getRowMap(unsigned) {
  bool overRows = static_cast<int64_t>(getAxis()) == getRowAxis(getInput().getType());
  return overRows ? allRows(getInput()) : identityMap();
}
