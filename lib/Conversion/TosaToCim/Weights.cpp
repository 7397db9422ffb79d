//===- Weights.cpp - Making cim.weight symbols ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constant is rearranged once, into a resource of its own, in the order in which the flattened
// window drives an array's rows.
//
//===--------------------------------------------------------------------------===//

#include "Weights.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace cimc::conversion {

std::string nodeName(Location loc, StringRef fallback) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return named.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = nodeName(part, ""); !name.empty())
        return name;
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nodeName(call.getCallee(), fallback);
  return fallback.str();
}

/// Writes the matrix `group x rows x outputs` and adds up its columns. A splat constant has stride
/// 0 everywhere.
static void rearrange(ArrayRef<int8_t> source, const WeightLayout &layout, bool splat,
                      MutableArrayRef<int8_t> matrix, std::vector<int64_t> &sums) {
  sums.assign(layout.outputs(), 0);
  int8_t *to = matrix.data();
  for (int64_t g = 0; g < layout.group.size; ++g)
    for (int64_t h = 0; h < layout.kernelH.size; ++h)
      for (int64_t w = 0; w < layout.kernelW.size; ++w)
        for (int64_t i = 0; i < layout.input.size; ++i) {
          int64_t base = g * layout.group.stride + h * layout.kernelH.stride +
                         w * layout.kernelW.stride + i * layout.input.stride;
          int64_t *sum = sums.data() + g * layout.output.size;
          for (int64_t o = 0; o < layout.output.size; ++o) {
            int8_t value = source[splat ? 0 : base + o * layout.output.stride];
            *to++ = value;
            sum[o] += value;
          }
        }
}

const Weight *WeightTable::get(Operation *user, ElementsAttr source, const WeightLayout &layout) {
  SmallVector<Entry, 1> &known = entries[source];
  for (Entry &entry : known)
    if (entry.layout == layout)
      return entry.weight.get();

  std::optional<ArrayRef<char>> bytes = getRawBytes(source);
  int64_t count = layout.rows() * layout.outputs();
  if (!source.getElementType().isSignlessInteger(8)) {
    user->emitError() << "weights must be 8-bit integers, are " << source.getElementType()
                      << "; the model must be quantised";
    return nullptr;
  }
  if (!bytes || (static_cast<int64_t>(bytes->size()) != count && bytes->size() != 1)) {
    user->emitError() << "weights must have " << count << " bytes, have "
                      << (bytes ? bytes->size() : 0);
    return nullptr;
  }
  auto weight = std::make_unique<Weight>();
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(count, /*align=*/64);
  ArrayRef<int8_t> elements(reinterpret_cast<const int8_t *>(bytes->data()), bytes->size());
  MutableArrayRef<int8_t> matrix(reinterpret_cast<int8_t *>(blob.getMutableData().data()), count);
  rearrange(elements, layout, bytes->size() == 1, matrix, weight->columnSums);

  OpBuilder builder(module.getContext());
  Operation *anchor = user->getParentOfType<func::FuncOp>();
  builder.setInsertionPoint(anchor);
  std::string name = nodeName(user->getLoc(), "layer");
  auto type = RankedTensorType::get({layout.group.size, layout.rows(), layout.output.size},
                                    builder.getI8Type());
  ElementsAttr value;
  if (count <= kInlineElements)
    value = DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  else
    value = DenseResourceElementsAttr::get(type, name, std::move(blob));
  auto op =
      cim::WeightOp::create(builder, user->getLoc(), name, value, cim::Unit::Array, ArrayAttr());
  op->remove();
  symbols.insert(op, Block::iterator(anchor));
  weight->symbol = FlatSymbolRefAttr::get(op.getSymNameAttr());
  known.push_back({layout, std::move(weight)});
  return known.back().weight.get();
}

} // namespace cimc::conversion
