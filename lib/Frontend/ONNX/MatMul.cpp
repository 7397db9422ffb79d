//===- MatMul.cpp - Matrix products ----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product with a constant right side is a weighted layer and becomes a 1x1 convolution with its
// bias, its weights laid out once; any other product is a `tosa.matmul`.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

static bool isWeight(const TensorValue &value) {
  return (value.constant || value.dequantized) && value.rank() == 2;
}

Value buildDense(Node &node, Value left, TensorValue &weight, bool transposed, Value bias,
                 llvm::StringRef hint) {
  OpBuilder &builder = node.builder;
  int64_t rows = shapeOf(left)[0], depth = shapeOf(left)[1],
          columns = weight.shape[transposed ? 0 : 1];
  Value kernel;
  // Output channels first; a scale per channel is on them in both layouts.
  if (transposed)
    kernel = layOutWeight(node, weight, {columns, 1, 1, depth}, {0, 1, 2, 3}, {0, 0}, hint);
  else
    kernel = layOutWeight(node, weight, {1, 1, depth, columns}, {3, 0, 1, 2}, {1, 3}, hint);
  if (!bias)
    bias = makeConstant(builder, node.loc, HostTensor::splat(ElementKind::F32, {columns}, 0.0),
                        "bias");
  Value input = buildReshape(builder, node.loc, left, {1, rows, 1, depth});
  Value zero = makeScalar(builder, node.loc, builder.getF32Type(), 0.0);
  Value result = tosa::Conv2DOp::create(
      builder, node.loc, RankedTensorType::get({1, rows, 1, columns}, builder.getF32Type()), input,
      kernel, bias, zero, zero, ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1},
      ArrayRef<int64_t>{1, 1}, builder.getF32Type());
  return buildReshape(builder, node.loc, result, {rows, columns});
}

static Value buildBatchedProduct(Node &node, Value left, Value right) {
  Value zero = makeScalar(node.builder, node.loc, node.builder.getF32Type(), 0.0);
  auto type = RankedTensorType::get({shapeOf(left)[0], shapeOf(left)[1], shapeOf(right)[2]},
                                    node.builder.getF32Type());
  return tosa::MatMulOp::create(node.builder, node.loc, type, left, right, zero, zero);
}

/// Repeats the batch dimensions of `value` to `batch` and merges them.
static Value flattenBatch(Node &node, Value value, const Shape &batch) {
  Shape shape = shapeOf(value).vec(), full = batch;
  full.insert(full.end(), shape.end() - 2, shape.end());
  if (shape != full && elementCount(shape) != elementCount(full))
    value = buildElementwise(node.builder, node.loc, value, full, node.builder.getF32Type(),
                             [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  return buildReshape(node.builder, node.loc, value,
                      {elementCount(batch), full[batch.size()], full[batch.size() + 1]});
}

FailureOr<Value> buildMatMul(Node &node, TensorValue &left, TensorValue &right, TensorValue *bias) {
  Shape a = left.shape, b = right.shape;
  if (a.empty() || b.empty())
    return node.error() << "its inputs have shapes " << printShape(a) << " and " << printShape(b)
                        << ", scalars are not allowed";
  bool vectorLeft = a.size() == 1, vectorRight = b.size() == 1;
  if (vectorLeft)
    a.insert(a.begin(), 1);
  if (vectorRight)
    b.push_back(1);
  Shape batchA(a.begin(), a.end() - 2), batchB(b.begin(), b.end() - 2), batch;
  if (a.back() != b[b.size() - 2] || !broadcastShapes(batchA, batchB, batch))
    return node.error() << "shapes " << printShape(left.shape) << " and " << printShape(right.shape)
                        << " do not fit";
  int64_t rows = a[a.size() - 2], columns = b.back();
  Value leftValue = node.context.materialize(left, node.loc, "left");
  Value product;
  if (isWeight(right)) {
    leftValue =
        buildReshape(node.builder, node.loc, leftValue, {elementCount(batchA) * rows, a.back()});
    Value biasValue = bias ? node.context.materialize(*bias, node.loc, "bias") : Value();
    product = buildDense(node, leftValue, right, /*transposed=*/false, biasValue, "weight");
  } else {
    Value rightValue =
        buildReshape(node.builder, node.loc, node.context.materialize(right, node.loc, "right"), b);
    leftValue = buildReshape(node.builder, node.loc, leftValue, a);
    product = buildBatchedProduct(node, flattenBatch(node, leftValue, batch),
                                  flattenBatch(node, rightValue, batch));
  }
  Shape result = batch;
  if (!vectorLeft)
    result.push_back(rows);
  if (!vectorRight)
    result.push_back(columns);
  return buildReshape(node.builder, node.loc, product, result);
}

static LogicalResult convertMatMul(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  FailureOr<Value> result = buildMatMul(node, node.input(0), node.input(1), nullptr);
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Gemm
//===--------------------------------------------------------------------------===//

static HostTensor scaled(const HostTensor &tensor, float factor) {
  std::vector<double> values(tensor.count());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(tensor.asDouble(i)) * factor;
  return HostTensor::fromDoubles(ElementKind::F32, tensor.shape(), values);
}

static Value scaleValue(Node &node, Value value, float factor) {
  if (factor == 1.0f)
    return value;
  return buildElementwise(node.builder, node.loc, value, shapeOf(value).vec(),
                          node.builder.getF32Type(),
                          [&](OpBuilder &nested, Location at, ValueRange args) -> Value {
                            Value constant = scalarConstant(nested, at, args[0].getType(), factor);
                            return arith::MulFOp::create(nested, at, args[0], constant);
                          });
}

static Value addValues(Node &node, Value a, Value b) {
  return buildElementwise(node.builder, node.loc, {a, b}, shapeOf(a).vec(),
                          node.builder.getF32Type(),
                          [](OpBuilder &nested, Location at, ValueRange args) -> Value {
                            return arith::AddFOp::create(nested, at, args[0], args[1]);
                          });
}

/// C as a bias of length `columns`, if it is one value per column (or for all) and known to the
/// layer as it is.
static std::optional<TensorValue> asBias(Node &node, int64_t columns, float beta) {
  TensorValue &c = node.input(2);
  int64_t count = elementCount(c.shape);
  bool perColumn = count == columns && (c.rank() <= 1 || c.shape.back() == columns);
  TensorValue bias;
  bias.shape = {columns};
  if (c.constant && (perColumn || count == 1)) {
    HostTensor flat = perColumn ? c.constant->reshaped({columns})
                                : c.constant->reshaped({1}).broadcast({columns});
    bias.constant = beta == 1.0f ? flat : scaled(flat, beta);
    return bias;
  }
  if (c.dequantized && perColumn && beta == 1.0f) {
    bias.dequantized = c.dequantized->reshaped({columns}, 0);
    return bias;
  }
  return std::nullopt;
}

static LogicalResult convertGemm(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  TensorValue &a = node.input(0), &b = node.input(1);
  if (a.rank() != 2 || b.rank() != 2)
    return node.error() << "its inputs have shapes " << printShape(a.shape) << " and "
                        << printShape(b.shape) << ", both must have 2 dimensions";
  bool transA = node.intAttribute("transA", 0) != 0, transB = node.intAttribute("transB", 0) != 0;
  float alpha = node.floatAttribute("alpha", 1.0f), beta = node.floatAttribute("beta", 1.0f);
  int64_t rows = a.shape[transA ? 1 : 0], depth = a.shape[transA ? 0 : 1],
          columns = b.shape[transB ? 0 : 1];
  if (b.shape[transB ? 1 : 0] != depth)
    return node.error() << "shapes " << printShape(a.shape) << " and " << printShape(b.shape)
                        << " do not fit";
  Value left = node.value(0);
  if (transA)
    left = buildTranspose(node.builder, node.loc, left, {1, 0});
  bool pendingC = node.hasInput(2) && beta != 0.0f;
  Value product;
  if (isWeight(b)) {
    TensorValue weight = b;
    if (alpha != 1.0f && b.constant)
      weight.constant = scaled(*b.constant, alpha);
    bool scaleLater = alpha != 1.0f && !b.constant;
    std::optional<TensorValue> bias =
        pendingC && !scaleLater ? asBias(node, columns, beta) : std::nullopt;
    pendingC &= !bias.has_value();
    Value biasValue =
        bias ? node.context.materialize(*bias, node.loc, node.info.inputs[2]) : Value();
    product = buildDense(node, left, weight, transB, biasValue, node.info.inputs[1]);
    product = scaleValue(node, product, scaleLater ? alpha : 1.0f);
  } else {
    Value right = node.value(1);
    if (transB)
      right = buildTranspose(node.builder, node.loc, right, {1, 0});
    left = buildReshape(node.builder, node.loc, left, {1, rows, depth});
    right = buildReshape(node.builder, node.loc, right, {1, depth, columns});
    product = buildReshape(node.builder, node.loc, buildBatchedProduct(node, left, right),
                           {rows, columns});
    product = scaleValue(node, product, alpha);
  }
  if (pendingC) {
    Shape whole;
    if (!broadcastShapes({rows, columns}, node.input(2).shape, whole) ||
        whole != Shape{rows, columns})
      return node.error() << "its input C of shape " << printShape(node.input(2).shape)
                          << " does not broadcast to " << rows << "x" << columns;
    product = addValues(node, product, scaleValue(node, node.value(2), beta));
  }
  return node.setResult(product, ElementKind::F32);
}

/// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
static LogicalResult convertQLinearMatMul(Node &node) {
  if (failed(node.expectInputs(8, 8)))
    return failure();
  FailureOr<TensorValue> left = dequantizeInput(node, 0, 1, 2, -1),
                         right = dequantizeInput(node, 3, 4, 5, node.input(3).rank() - 1);
  if (failed(left) || failed(right))
    return failure();
  FailureOr<Value> result = buildMatMul(node, *left, *right, nullptr);
  return failed(result) ? failure() : setQuantizedResult(node, *result, 6, 7);
}

ArrayRef<OpEntry> matMulOps() {
  static const OpEntry table[] = {{"", "MatMul", 1, convertMatMul},
                                  {"", "Gemm", 7, convertGemm},
                                  {"", "QLinearMatMul", 10, convertQLinearMatMul}};
  return table;
}

} // namespace cimc::frontend
