//===- Weights.cpp - Making cim.weight symbols ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constant is rearranged once, into a resource of its own, in the order in which the flattened
// window drives an array's rows.
//
//===--------------------------------------------------------------------------===//

#include "Weights.h"

#include "cimc/Support/ElementsBytes.h"
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

/// Writes one `input x output` block of the matrix. Goes through it in squares, so that what was
/// fetched from the source serves many rows. A splat constant has stride 0 everywhere.
template <typename T>
static void transpose(const T *source, const WeightDim &input, const WeightDim &output, bool splat,
                      T *to) {
  constexpr int64_t kSide = 64;
  for (int64_t i0 = 0; i0 < input.size; i0 += kSide)
    for (int64_t o0 = 0; o0 < output.size; o0 += kSide) {
      int64_t iEnd = std::min(i0 + kSide, input.size), oEnd = std::min(o0 + kSide, output.size);
      for (int64_t i = i0; i < iEnd; ++i)
        for (int64_t o = o0; o < oEnd; ++o)
          to[i * output.size + o] = source[splat ? 0 : i * input.stride + o * output.stride];
    }
}

/// Writes the matrix `group x rows x outputs` to `to`.
template <typename T>
static void rearrange(ArrayRef<char> bytes, const WeightLayout &layout, bool splat, T *to) {
  const T *source = reinterpret_cast<const T *>(bytes.data());
  for (int64_t g = 0; g < layout.group.size; ++g)
    for (int64_t h = 0; h < layout.kernelH.size; ++h)
      for (int64_t w = 0; w < layout.kernelW.size; ++w) {
        int64_t base =
            g * layout.group.stride + h * layout.kernelH.stride + w * layout.kernelW.stride;
        transpose(splat ? source : source + base, layout.input, layout.output, splat, to);
        to += layout.input.size * layout.output.size;
      }
}

/// The sum of each column of a matrix `group x rows x outputs`.
static std::vector<int64_t> addColumns(const int8_t *matrix, const WeightLayout &layout) {
  std::vector<int64_t> sums(layout.outputs(), 0);
  for (int64_t g = 0; g < layout.group.size; ++g)
    for (int64_t row = 0; row < layout.rows(); ++row)
      for (int64_t o = 0; o < layout.output.size; ++o)
        sums[g * layout.output.size + o] += *matrix++;
  return sums;
}

FlatSymbolRefAttr WeightTable::findTranspose(ArrayRef<int8_t> data, int64_t rows,
                                             int64_t cols) const {
  for (const auto &[symbol, value] : matrices) {
    ArrayRef<int64_t> shape = value.getShapedType().getShape();
    if (shape[1] != cols || shape[2] != rows)
      continue;
    SmallVector<char> storage;
    ArrayRef<char> stored = elementsBytes(value, storage);
    bool equal = true;
    for (int64_t row = 0; row < rows && equal; ++row)
      for (int64_t col = 0; col < cols && equal; ++col)
        equal = stored[col * rows + row] == data[row * cols + col];
    if (equal)
      return FlatSymbolRefAttr::get(symbol);
  }
  return {};
}

const Weight *WeightTable::get(Operation *user, ElementsAttr source, const WeightLayout &layout) {
  SmallVector<Entry, 1> &known = entries[source];
  for (Entry &entry : known)
    if (entry.layout == layout)
      return entry.weight.get();

  std::optional<ArrayRef<char>> bytes = getRawBytes(source);
  Type element = source.getElementType();
  if (!element.isSignlessInteger(8) && !element.isF32()) {
    user->emitError() << "weights must be i8 or f32, are " << element;
    return nullptr;
  }
  int64_t size = element.isF32() ? 4 : 1, count = layout.rows() * layout.outputs();
  if (!bytes || (static_cast<int64_t>(bytes->size()) != count * size &&
                 static_cast<int64_t>(bytes->size()) != size)) {
    user->emitError() << "weights must have " << count * size << " bytes, have "
                      << (bytes ? bytes->size() : 0);
    return nullptr;
  }
  auto weight = std::make_unique<Weight>();
  weight->outputs = static_cast<size_t>(layout.outputs());
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(count * size, /*align=*/64);
  char *data = blob.getMutableData().data();
  bool splat = static_cast<int64_t>(bytes->size()) == size;
  if (element.isF32()) {
    rearrange(*bytes, layout, splat, reinterpret_cast<float *>(data));
  } else {
    rearrange(*bytes, layout, splat, reinterpret_cast<int8_t *>(data));
    weight->columnSums = addColumns(reinterpret_cast<const int8_t *>(data), layout);
  }

  bool oneMatrix = sharesDirections && element.isSignlessInteger(8) && layout.group.size == 1;
  if (oneMatrix)
    weight->symbol =
        findTranspose(ArrayRef(reinterpret_cast<const int8_t *>(data), static_cast<size_t>(count)),
                      layout.rows(), layout.output.size);
  if (weight->symbol) {
    weight->transposed = true;
    known.push_back({layout, std::move(weight)});
    return known.back().weight.get();
  }

  OpBuilder builder(module.getContext());
  Operation *anchor = user->getParentOfType<func::FuncOp>();
  builder.setInsertionPoint(anchor);
  std::string name = nodeName(user->getLoc(), "layer");
  auto type =
      RankedTensorType::get({layout.group.size, layout.rows(), layout.output.size}, element);
  ElementsAttr value;
  if (count <= kInlineElements)
    value = DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  else
    value = DenseResourceElementsAttr::get(type, name, std::move(blob));
  cim::Unit unit = element.isF32() ? cim::Unit::Digital : cim::Unit::Array;
  auto op =
      cim::WeightOp::create(builder, user->getLoc(), name, value, unit, cim::SlicesAttr(),
                            /*redundancy=*/1, /*max_rows=*/IntegerAttr(), ArrayAttr(), ArrayAttr());
  op->remove();
  symbols.insert(op, Block::iterator(anchor));
  weight->symbol = FlatSymbolRefAttr::get(op.getSymNameAttr());
  if (oneMatrix)
    matrices[op.getSymNameAttr()] = value;
  known.push_back({layout, std::move(weight)});
  return known.back().weight.get();
}

} // namespace cimc::conversion
