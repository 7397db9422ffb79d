//===- Cast.cpp - Conversions between element types ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Casts between any two numeric types. Between float, double, half and bfloat16 nothing happens,
// because the entry level computes in f32; a cast to a float8 or float4 type rounds.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"
#include "Scalars.h"

using namespace mlir;

namespace cimc::frontend {

static FailureOr<CastOptions> readOptions(Node &node) {
  CastOptions options;
  options.saturate = node.intAttribute("saturate", 1) != 0;
  std::string mode = node.stringAttribute("round_mode", "up");
  using PowerOfTwo = CastOptions::PowerOfTwo;
  if (mode != "up" && mode != "down" && mode != "nearest")
    return node.unsupportedAttribute("round_mode", "'" + mode + "'", "up, down and nearest");
  options.toPowerOfTwo = mode == "up"     ? PowerOfTwo::Up
                         : mode == "down" ? PowerOfTwo::Down
                                          : PowerOfTwo::Nearest;
  return options;
}

static LogicalResult castTo(Node &node, ElementKind to) {
  FailureOr<CastOptions> options = readOptions(node);
  if (failed(options))
    return failure();
  ElementKind from = node.input(0).kind;
  bool usual = options->saturate && options->toPowerOfTwo == CastOptions::PowerOfTwo::Up;
  if (const HostTensor *constant = node.constant(0); constant && usual)
    return node.setResult(constant->converted(to));
  if (from == to || (graphKind(from) == graphKind(to)))
    return node.setResult(TensorValue(node.input(0)));
  FailureOr<Value> result =
      node.elementwise({0}, to, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value number = loadScalar(b, loc, args[0], from);
        return storeScalar(b, loc, castScalar(b, loc, number, from, to, *options), to);
      });
  return failed(result) ? failure() : node.setResult(*result, to);
}

static LogicalResult convertCast(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  int64_t number = node.intAttribute("to", 0);
  std::optional<ElementKind> to = kindOfOnnxType(number);
  if (!to)
    return node.unsupportedAttribute("to", "type " + std::to_string(number),
                                     "all types of numbers and bool");
  return castTo(node, *to);
}

static LogicalResult convertCastLike(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  return castTo(node, node.input(1).kind);
}

ArrayRef<OpEntry> castOps() {
  static const OpEntry table[] = {{"", "Cast", 6, convertCast},
                                  {"", "CastLike", 15, convertCastLike}};
  return table;
}

} // namespace cimc::frontend
