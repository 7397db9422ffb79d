//===- HostLayout.cpp - Where the host finds the rows of a tensor ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows the permutation of a network input or output. Dimensions of size 1 play no part, since
// the two shapes may differ by them.
//
//===--------------------------------------------------------------------------===//

#include "HostLayout.h"

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

namespace {

/// A dimension of more than one element and its stride in the model's tensor.
struct Dim {
  int64_t size = 1, stride = 0;
};

/// The dimensions of a tensor in its own order, without those of size 1.
llvm::SmallVector<Dim> dimsOf(RankedTensorType type) {
  llvm::SmallVector<Dim> dims;
  for (auto [size, stride] : llvm::zip_equal(type.getShape(), denseStrides(type.getShape())))
    if (size != 1)
      dims.push_back({size, stride});
  return dims;
}

/// An input is the model's tensor permuted: the stream's dimension i is the tensor's
/// permutation[i].
llvm::SmallVector<Dim> inputDims(cim::InputOp op) {
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getSource().getType()).getShape();
  llvm::SmallVector<int64_t> strides = denseStrides(shape);
  llvm::SmallVector<Dim> dims;
  for (int64_t source : op.getPermutation())
    if (shape[source] != 1)
      dims.push_back({shape[source], strides[source]});
  return dims;
}

/// An output is the stream permuted, so the inverse holds: the tensor's dimension i is the stream's
/// permutation[i].
llvm::SmallVector<Dim> outputDims(cim::OutputOp op) {
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getSource().getType()).getShape();
  llvm::SmallVector<Dim> plain = dimsOf(cast<RankedTensorType>(op.getResult().getType()));
  llvm::SmallVector<Dim> byStreamDim(op.getPermutation().size());
  size_t next = 0;
  for (int64_t source : op.getPermutation())
    if (shape[source] != 1 && next < plain.size())
      byStreamDim[source] = plain[next++];
  llvm::erase_if(byStreamDim, [](const Dim &dim) { return dim.size == 1; });
  return byStreamDim;
}

/// Appends `dim`; neighbours that are contiguous in the tensor count as one.
void append(llvm::SmallVector<Dim> &dims, Dim dim) {
  if (!dims.empty() && dims.back().stride == dim.stride * dim.size)
    dims.back() = {dims.back().size * dim.size, dim.stride};
  else
    dims.push_back(dim);
}

} // namespace

FailureOr<HostLayout> hostLayoutOf(const cim::Stage &stage) {
  auto input = dyn_cast<cim::InputOp>(stage.op);
  llvm::SmallVector<Dim> order =
      input ? inputDims(input) : outputDims(cast<cim::OutputOp>(stage.op));
  Value tensor =
      input ? Value(input.getSource()) : Value(cast<cim::OutputOp>(stage.op).getResult());
  auto rows = cast<RankedTensorType>(stage.value.getType());

  HostLayout layout;
  layout.shape = cast<RankedTensorType>(tensor.getType()).getShape();
  llvm::SmallVector<Dim> inRow;
  size_t at = 0;
  for (auto [index, size] : llvm::enumerate(rows.getShape())) {
    if (size == 1)
      continue;
    if (at >= order.size() || order[at].size != size)
      return stage.op->emitOpError("cannot be streamed: the rows ")
             << rows << " are no permutation of " << tensor.getType();
    if (static_cast<int64_t>(index) == cim::getRowAxis(rows))
      layout.rowStride = order[at].stride;
    else
      append(inRow, order[at]);
    ++at;
  }
  if (inRow.size() > layout.dims.size())
    return stage.op->emitOpError("has rows of ")
           << inRow.size() << " dimensions that cannot be merged to " << layout.dims.size();
  for (auto [index, dim] : llvm::enumerate(llvm::reverse(inRow))) {
    layout.dims[3 - index] = static_cast<int32_t>(dim.size);
    layout.strides[3 - index] = static_cast<int32_t>(dim.stride);
  }
  return layout;
}

} // namespace cimc
