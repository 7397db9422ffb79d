//===- Random.cpp - Random numbers -----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Uniform numbers are `tosa.custom` of domain `cimc` (docs/input-contract.md), everything else is
// made of them. The attribute `seed` of a node is not used: the seed is that of the run, and each
// node has numbers of its own.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"
#include "Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

/// Uniform numbers in [0, 1), one for each element of input 0.
static Value uniforms(Node &node) {
  Value like = node.value(0);
  auto type = cast<RankedTensorType>(like.getType()).clone(node.builder.getF32Type());
  std::string number = std::to_string(node.context.nextRandomStream());
  return tosa::CustomOp::create(node.builder, node.loc, TypeRange{type},
                                node.builder.getStringAttr("random_uniform"),
                                node.builder.getStringAttr("cimc"),
                                node.builder.getStringAttr(number), ValueRange{like})
      .getResult(0);
}

/// The element type that attribute `dtype` names, or that of the input.
static FailureOr<ElementKind> readKind(Node &node) {
  int64_t number = node.intAttribute("dtype", 0);
  if (number == 0)
    return node.input(0).kind;
  std::optional<ElementKind> kind = kindOfOnnxType(number);
  if (!kind)
    return node.unsupportedAttribute("dtype", "type " + std::to_string(number),
                                     "all types of numbers and bool");
  return *kind;
}

static LogicalResult convertRandomUniformLike(Node &node) {
  FailureOr<ElementKind> kind = readKind(node);
  if (failed(node.expectInputs(1, 1)) || failed(kind))
    return failure();
  if (graphKind(*kind) != ElementKind::F32)
    return node.unsupportedAttribute("dtype", elementName(*kind), "float types");
  float low = node.floatAttribute("low", 0.0f), high = node.floatAttribute("high", 1.0f);
  Value unit = uniforms(node);
  if (low == 0.0f && high == 1.0f)
    return node.setResult(unit, *kind);
  Value result = buildElementwise(
      node.builder, node.loc, {unit}, shapeOf(unit).vec(), node.builder.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        auto number = [&](float value) {
          return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
        };
        Value scaled = arith::MulFOp::create(b, loc, args[0], number(high - low));
        return arith::AddFOp::create(b, loc, scaled, number(low));
      });
  return node.setResult(result, *kind);
}

/// 1 with the probability that the input gives, else 0: whether a uniform number is below it.
static LogicalResult convertBernoulli(Node &node) {
  FailureOr<ElementKind> kind = readKind(node);
  if (failed(node.expectInputs(1, 1)) || failed(kind))
    return failure();
  if (graphKind(*kind) != ElementKind::F32 || graphKind(node.input(0).kind) != ElementKind::F32)
    return node.unsupportedAttribute("dtype", elementName(*kind), "float types");
  Value unit = uniforms(node);
  Value result = buildElementwise(
      node.builder, node.loc, {unit, node.value(0)}, shapeOf(unit).vec(), node.builder.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        auto number = [&](float value) {
          return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
        };
        Value below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, args[0], args[1]);
        return arith::SelectOp::create(b, loc, below, number(1.0f), number(0.0f));
      });
  return node.setResult(result, *kind);
}

ArrayRef<OpEntry> randomOps() {
  static const OpEntry table[] = {{"", "Bernoulli", 15, convertBernoulli},
                                  {"", "RandomUniformLike", 1, convertRandomUniformLike}};
  return table;
}

} // namespace cimc::frontend
