//===- Activation.cpp - Activation functions --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one float, most with parameters. All are written out in basic operations, so that
// nothing behind the import has to know them by name: any chain of them between two 8-bit tensors
// becomes one table.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "OpTable.h"
#include "Scalars.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace cimc::frontend {

namespace {

using CmpF = arith::CmpFPredicate;

/// The function with the node's attributes.
using Function = Value (*)(const Node &, const FloatScalars &, Value);

struct ActivationRow {
  const char *name;
  int64_t sinceVersion;
  Function function;
};

} // namespace

//===--------------------------------------------------------------------------===//
// The functions
//===--------------------------------------------------------------------------===//

static Value sigmoid(const Node &, const FloatScalars &s, Value x) { return s.sigmoid(x); }

static Value leakyRelu(const Node &node, const FloatScalars &s, Value x) {
  Value slope = s.constant(node.floatAttribute("alpha", 0.01f));
  return s.choose(CmpF::OGE, x, 0.0, x, s.mul(x, slope));
}

static Value elu(const Node &node, const FloatScalars &s, Value x) {
  Value alpha = s.constant(node.floatAttribute("alpha", 1.0f));
  return s.choose(CmpF::OGE, x, 0.0, x, s.mul(alpha, s.sub(s.exp(x), s.constant(1.0))));
}

static Value celu(const Node &node, const FloatScalars &s, Value x) {
  Value alpha = s.constant(node.floatAttribute("alpha", 1.0f));
  Value curve = s.mul(alpha, s.sub(s.exp(s.div(x, alpha)), s.constant(1.0)));
  return s.choose(CmpF::OGE, x, 0.0, x, curve);
}

static Value selu(const Node &node, const FloatScalars &s, Value x) {
  Value alpha = s.constant(node.floatAttribute("alpha", 1.67326319217681884765625f));
  Value gamma = s.constant(node.floatAttribute("gamma", 1.05070102214813232421875f));
  Value curve = s.sub(s.mul(alpha, s.exp(x)), alpha);
  return s.mul(gamma, s.choose(CmpF::OGT, x, 0.0, x, curve));
}

static Value hardSigmoid(const Node &node, const FloatScalars &s, Value x) {
  Value alpha = s.constant(node.floatAttribute("alpha", 0.2f));
  Value beta = s.constant(node.floatAttribute("beta", 0.5f));
  return s.clamp(s.add(s.mul(alpha, x), beta), 0.0, 1.0);
}

static Value hardSwish(const Node &, const FloatScalars &s, Value x) {
  Value gate = s.clamp(s.add(s.mul(s.constant(1.0f / 6.0f), x), s.constant(0.5)), 0.0, 1.0);
  return s.mul(x, gate);
}

static Value mish(const Node &, const FloatScalars &s, Value x) {
  return s.mul(x, s.tanh(s.softplus(x)));
}

static Value softplus(const Node &, const FloatScalars &s, Value x) { return s.softplus(x); }

static Value softsign(const Node &, const FloatScalars &s, Value x) {
  return s.div(x, s.add(s.constant(1.0), s.abs(x)));
}

static Value swish(const Node &node, const FloatScalars &s, Value x) {
  Value alpha = s.constant(node.floatAttribute("alpha", 1.0f));
  return s.mul(x, s.sigmoid(s.mul(alpha, x)));
}

static Value thresholdedRelu(const Node &node, const FloatScalars &s, Value x) {
  return s.choose(CmpF::OGT, x, node.floatAttribute("alpha", 1.0f), x, s.constant(0.0));
}

static Value shrink(const Node &node, const FloatScalars &s, Value x) {
  double bound = node.floatAttribute("lambd", 0.5f);
  Value bias = s.constant(node.floatAttribute("bias", 0.0f));
  Value rest = s.choose(CmpF::OGT, x, bound, s.sub(x, bias), s.constant(0.0));
  return s.choose(CmpF::OLT, x, -bound, s.add(x, bias), rest);
}

static Value gelu(const Node &node, const FloatScalars &s, Value x) {
  Value one = s.constant(1.0), half = s.mul(s.constant(0.5), x);
  if (node.stringAttribute("approximate", "none") != "tanh")
    return s.mul(half, s.add(one, s.erf(s.mul(x, s.constant(std::sqrt(0.5))))));
  Value cube = s.mul(x, s.mul(x, x));
  Value inner = s.add(x, s.mul(s.constant(0.044715), cube));
  return s.mul(half, s.add(one, s.tanh(s.mul(s.constant(std::sqrt(2.0 / M_PI)), inner))));
}

static constexpr ActivationRow activations[] = {
    {"Sigmoid", 1, sigmoid},
    {"LeakyRelu", 6, leakyRelu},
    {"Elu", 6, elu},
    {"Celu", 12, celu},
    {"Selu", 6, selu},
    {"HardSigmoid", 6, hardSigmoid},
    {"HardSwish", 14, hardSwish},
    {"Mish", 18, mish},
    {"Softplus", 1, softplus},
    {"Softsign", 1, softsign},
    {"Swish", 24, swish},
    {"ThresholdedRelu", 10, thresholdedRelu},
    {"Shrink", 9, shrink},
    {"Gelu", 20, gelu},
};

static LogicalResult convertActivation(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  std::string approximate = node.stringAttribute("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return node.unsupportedAttribute("approximate", "'" + approximate + "'", "none and tanh");
  const ActivationRow *row =
      llvm::find_if(activations, [&](const ActivationRow &r) { return node.info.op == r.name; });
  FailureOr<Value> result =
      node.elementwise({0}, ElementKind::F32, [&](OpBuilder &b, Location loc, ValueRange args) {
        return row->function(node, FloatScalars{b, loc}, args[0]);
      });
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Functions of more than one value, or of integers too
//===--------------------------------------------------------------------------===//

/// PRelu: the slope broadcasts to the input.
static LogicalResult convertPRelu(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  Shape shape;
  if (!broadcastShapes(node.input(0).shape, node.input(1).shape, shape) ||
      shape != node.input(0).shape)
    return node.error() << "its slope of shape " << printShape(node.input(1).shape)
                        << " does not broadcast to the input's shape "
                        << printShape(node.input(0).shape);
  FailureOr<Value> result =
      node.elementwise({0, 1}, ElementKind::F32, [](OpBuilder &b, Location loc, ValueRange args) {
        FloatScalars s{b, loc};
        return s.choose(CmpF::OLT, args[0], 0.0, s.mul(args[1], args[0]), args[0]);
      });
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

static LogicalResult convertRelu(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  ElementKind kind = node.input(0).kind;
  if (!isFloat(kind) && !isInteger(kind))
    return node.error() << "its input has element type " << elementName(kind)
                        << ", supported are numbers";
  FailureOr<Value> result =
      node.elementwise({0}, kind, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value x = loadScalar(b, loc, args[0], kind);
        Value zero = scalarConstant(b, loc, x.getType(), 0.0);
        if (isFloat(kind))
          return arith::MaximumFOp::create(b, loc, x, zero);
        return storeScalar(b, loc, arith::MaxSIOp::create(b, loc, x, zero), kind);
      });
  return failed(result) ? failure() : node.setResult(*result, kind);
}

//===--------------------------------------------------------------------------===//
// Clip
//===--------------------------------------------------------------------------===//

namespace {
/// One bound of Clip: none, a number, or an input of one element.
struct Bound {
  std::optional<double> number;
  std::optional<size_t> input;
};
} // namespace

/// An attribute up to opset 10, an input since. The default bounds of old versions are the largest
/// finite numbers: no bound.
static FailureOr<Bound> readBound(Node &node, const char *name, size_t index) {
  Bound bound;
  if (node.opset() < 11) {
    if (const AttributeValue *value = node.attribute(name))
      bound.number = value->real;
  } else if (node.hasInput(index)) {
    if (elementCount(node.input(index).shape) != 1)
      return node.error() << "its bound '" << node.info.inputs[index] << "' must have one element";
    if (graphKind(node.input(index).kind) != graphKind(node.input(0).kind))
      return node.error() << "its bound '" << node.info.inputs[index] << "' has element type "
                          << elementName(node.input(index).kind) << ", its input "
                          << elementName(node.input(0).kind);
    const HostTensor *constant = node.constant(index);
    if (constant && isFloat(constant->kind()))
      bound.number = constant->asDouble(0);
    else
      bound.input = index;
  }
  if (bound.number && std::fabs(*bound.number) >= std::numeric_limits<float>::max())
    bound.number.reset();
  return bound;
}

template <typename FloatOp, typename IntOp, typename UnsignedOp>
static Value applyBound(OpBuilder &b, Location loc, Value x, Value bound, ElementKind kind) {
  if (isFloat(kind))
    return FloatOp::create(b, loc, x, bound);
  if (kind == ElementKind::U64)
    return UnsignedOp::create(b, loc, x, bound);
  return IntOp::create(b, loc, x, bound);
}

/// A constant between two bounds; the upper one wins.
static HostTensor clipped(const HostTensor &data, std::optional<double> low,
                          std::optional<double> high) {
  std::vector<double> values(data.count());
  for (size_t i = 0; i < values.size(); ++i) {
    double value = data.asDouble(i);
    value = low && value < *low ? *low : value;
    values[i] = high && value > *high ? *high : value;
  }
  return HostTensor::fromDoubles(data.kind(), data.shape(), values);
}

static LogicalResult convertClip(Node &node) {
  if (failed(node.expectInputs(1, 3)))
    return failure();
  ElementKind kind = node.input(0).kind;
  if (!isFloat(kind) && !isInteger(kind))
    return node.error() << "its input has element type " << elementName(kind)
                        << ", supported are numbers";
  FailureOr<Bound> low = readBound(node, "min", 1), high = readBound(node, "max", 2);
  if (failed(low) || failed(high))
    return failure();
  const HostTensor *data = node.constant(0);
  if (data && isFloat(kind) && !low->input && !high->input)
    return node.setResult(clipped(*data, low->number, high->number));
  SmallVector<size_t> inputs = {0};
  for (const Bound &bound : {*low, *high})
    if (bound.input)
      inputs.push_back(*bound.input);
  FailureOr<Value> result =
      node.elementwise(inputs, kind, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value x = loadScalar(b, loc, args[0], kind);
        size_t next = 1;
        auto number = [&](const Bound &bound) -> Value {
          if (bound.number)
            return scalarConstant(b, loc, x.getType(), *bound.number);
          return bound.input ? loadScalar(b, loc, args[next++], kind) : Value();
        };
        if (Value bound = number(*low))
          x = applyBound<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(b, loc, x, bound, kind);
        if (Value bound = number(*high))
          x = applyBound<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(b, loc, x, bound, kind);
        return storeScalar(b, loc, x, kind);
      });
  return failed(result) ? failure() : node.setResult(*result, kind);
}

ArrayRef<OpEntry> activationOps() {
  static const std::vector<OpEntry> table = [] {
    std::vector<OpEntry> rows = {
        {"", "Relu", 1, convertRelu}, {"", "PRelu", 7, convertPRelu}, {"", "Clip", 6, convertClip}};
    for (const ActivationRow &row : activations)
      rows.push_back({"", row.name, row.sinceVersion, convertActivation});
    return rows;
  }();
  return table;
}

} // namespace cimc::frontend
