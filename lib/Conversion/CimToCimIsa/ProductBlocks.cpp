//===- ProductBlocks.cpp - Blocks of products in the digital unit -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of activations, layers that stay float, and entries of tables chosen by data. A matrix
// in a row of a stream is a window of one row, whose positions are the matrix's rows.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
uint32_t unsignedOf(int64_t value) { return static_cast<uint32_t>(value); }

} // namespace

LogicalResult BlockEmitter::emitMatmul(cim::MatmulOp op) {
  llvm::ArrayRef<int64_t> shape = tensorOf(op.getLhs()).getShape();
  isa::RowAttr lhs = streamOrConstantRow(0);
  uint32_t depth = unsignedOf(shape[3]), columns = unsignedOf(tensorOf(op).getShape()[3]);
  auto geometry = isa::WindowAttr::get(builder.getContext(), lhs.getBuffer(), lhs.getMul(), 1, 0,
                                       unsignedOf(shape[1]), unsignedOf(shape[2]), depth, 0, depth,
                                       1, 1, 1, 1, 1, 0, unsignedOf(shape[2]), 0);
  isa::MatmulOp::create(builder, loc, *formatOf(tensorOf(op.getLhs()).getElementType()), geometry,
                        1u, streamOrConstantRow(1), columns, outputRow(), columns, false,
                        static_cast<int32_t>(op.getLhsZeroPoint()),
                        static_cast<int32_t>(op.getRhsZeroPoint()));
  return success();
}

LogicalResult BlockEmitter::emitFloatForward(cim::ForwardOp op) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, op.getWeightAttr());
  llvm::ArrayRef<int64_t> matrix = weight.getValue().getShapedType().getShape();
  int64_t channels = tensorOf(op).getShape().back(),
          positions = cim::getRowElements(op.getType()) / channels;
  if (op.getBiasAttr() &&
      failed(emitCopy(tensorOf(op).getElementType(), {{positions, 0, channels}, {channels, 1, 1}},
                      constantRow("bias"), outputRow())))
    return failure();
  isa::WindowAttr geometry =
      window(op.getInput(), 0, op.getKernel(), op.getStride(), op.getDilation(), op.getPad(),
             op.getPadValue(), 0, tensorOf(op.getInput()).getShape().back());
  isa::MatmulOp::create(builder, loc, *formatOf(tensorOf(op).getElementType()), geometry,
                        unsignedOf(matrix[0]), constantRow("weights"), unsignedOf(matrix[2]),
                        outputRow(), unsignedOf(channels), static_cast<bool>(op.getBiasAttr()), 0,
                        0);
  return success();
}

LogicalResult BlockEmitter::emitGather(cim::GatherOp op) {
  RankedTensorType table = tensorOf(op.getTable()), indices = tensorOf(op.getIndices());
  int64_t entries = cim::isRowTensor(table) ? table.getDimSize(1) : table.getDimSize(0);
  isa::GatherOp::create(builder, loc, *formatOf(table.getElementType()), streamOrConstantRow(0),
                        unsignedOf(entries), unsignedOf(table.getShape().back()),
                        *formatOf(indices.getElementType()), streamOrConstantRow(1),
                        unsignedOf(indices.getDimSize(2)), outputRow());
  return success();
}

} // namespace cimc
