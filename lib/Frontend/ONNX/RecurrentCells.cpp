//===- RecurrentCells.cpp - One step of LSTM, GRU and RNN ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas are those of ONNX's operator documentation. A logistic function is written as
// 0.5 * tanh(0.5 * x) + 0.5, which costs a digital unit with a table of tanh one look-up.
//
//===--------------------------------------------------------------------------===//

#include "RecurrentCells.h"

#include "Positions.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace cimc::frontend {

//===--------------------------------------------------------------------------===//
// Activations
//===--------------------------------------------------------------------------===//

namespace {
/// A row of the table of activations.
struct ActivationRow {
  const char *name;
  Activation::Emit emit;
  int parameters; // 0: none, 1: alpha, 2: alpha and beta
  double alpha, beta;
};
} // namespace

static Value relu(const FloatScalars &s, Value x, double, double) { return s.max(x, 0); }
static Value tanhOf(const FloatScalars &s, Value x, double, double) { return s.tanh(x); }
static Value sigmoid(const FloatScalars &s, Value x, double, double) {
  return s.add(s.mul(s.tanh(s.mul(x, 0.5)), 0.5), 0.5);
}
static Value affine(const FloatScalars &s, Value x, double alpha, double beta) {
  return s.add(s.mul(x, alpha), beta);
}
static Value leakyRelu(const FloatScalars &s, Value x, double alpha, double) {
  return s.choose(arith::CmpFPredicate::OGE, x, 0.0, x, s.mul(x, alpha));
}
static Value thresholdedRelu(const FloatScalars &s, Value x, double alpha, double) {
  return s.choose(arith::CmpFPredicate::OGT, x, alpha, x, s.constant(0));
}
static Value scaledTanh(const FloatScalars &s, Value x, double alpha, double beta) {
  return s.mul(s.tanh(s.mul(x, beta)), alpha);
}
static Value hardSigmoid(const FloatScalars &s, Value x, double alpha, double beta) {
  return s.max(s.min(s.add(s.mul(x, alpha), beta), 1), 0);
}
static Value elu(const FloatScalars &s, Value x, double alpha, double) {
  return s.choose(arith::CmpFPredicate::OGE, x, 0.0, x, s.mul(s.add(s.exp(x), -1), alpha));
}
static Value softsign(const FloatScalars &s, Value x, double, double) {
  return s.div(x, s.add(s.abs(x), 1));
}
static Value softplus(const FloatScalars &s, Value x, double, double) {
  return s.log(s.add(s.exp(x), 1));
}

static const ActivationRow activationTable[] = {{"Relu", relu, 0, 0, 0},
                                                {"Tanh", tanhOf, 0, 0, 0},
                                                {"Sigmoid", sigmoid, 0, 0, 0},
                                                {"Affine", affine, 2, 1, 0},
                                                {"LeakyRelu", leakyRelu, 1, 0.01, 0},
                                                {"ThresholdedRelu", thresholdedRelu, 1, 1, 0},
                                                {"ScaledTanh", scaledTanh, 2, 1, 1},
                                                {"HardSigmoid", hardSigmoid, 2, 0.2, 0.5},
                                                {"Elu", elu, 1, 1, 0},
                                                {"Softsign", softsign, 0, 0, 0},
                                                {"Softplus", softplus, 0, 0, 0}};

FailureOr<SmallVector<Activation>> readActivations(Node &node, ArrayRef<llvm::StringRef> defaults,
                                                   int64_t directions) {
  SmallVector<llvm::StringRef> names;
  const AttributeValue *listed = node.attribute("activations");
  for (int64_t d = 0; d < directions && !listed; ++d)
    llvm::append_range(names, defaults);
  if (listed)
    names.assign(listed->texts.begin(), listed->texts.end());
  if (names.size() != defaults.size() * directions)
    return node.error() << "names " << names.size() << " activations, needs "
                        << defaults.size() * directions;
  auto parameters = [&](llvm::StringRef name) {
    const AttributeValue *given = node.attribute(name);
    return given ? ArrayRef<float>(given->reals) : ArrayRef<float>();
  };
  ArrayRef<float> alphas = parameters("activation_alpha"), betas = parameters("activation_beta");
  // Each list holds values for the functions that take one, in their order.
  auto next = [](ArrayRef<float> &list, double fallback) -> double {
    if (list.empty())
      return fallback;
    float value = list.front();
    list = list.drop_front();
    return value;
  };
  SmallVector<Activation> activations;
  for (llvm::StringRef name : names) {
    const auto *row = llvm::find_if(
        activationTable, [&](const ActivationRow &r) { return name.equals_insensitive(r.name); });
    if (row == std::end(activationTable)) {
      std::string supported;
      for (const ActivationRow &known : activationTable)
        supported += std::string(supported.empty() ? "" : ", ") + known.name;
      return node.unsupportedAttribute("activations", "'" + name + "'", supported);
    }
    activations.push_back({row->emit, row->parameters > 0 ? next(alphas, row->alpha) : 0,
                           row->parameters > 1 ? next(betas, row->beta) : 0});
  }
  return activations;
}

//===--------------------------------------------------------------------------===//
// Parameters
//===--------------------------------------------------------------------------===//

TensorValue rowsOf(Node &node, TensorValue &whole, int64_t first, int64_t count) {
  Shape begin(whole.rank(), 0), size = whole.shape, step(whole.rank(), 1);
  begin[0] = first;
  size[0] = count;
  TensorValue rows;
  rows.shape = size;
  if (whole.constant) {
    rows.constant = whole.constant->sliced(begin, size, step);
    return rows;
  }
  if (whole.dequantized) {
    const DequantizedConstant &form = *whole.dequantized;
    rows.dequantized = form;
    rows.dequantized->data = form.data.sliced(begin, size, step);
    if (form.axis == 0)
      rows.dequantized->scales.assign(form.scales.begin() + first,
                                      form.scales.begin() + first + count);
    return rows;
  }
  rows.value = buildSlice(node.builder, node.loc,
                          node.context.materialize(whole, node.loc, "weight"), begin, size, step);
  return rows;
}

static Value addValues(Node &node, Value a, Value b) {
  return buildElementwise(node.builder, node.loc, {a, b}, shapeOf(a).vec(),
                          node.builder.getF32Type(),
                          [](OpBuilder &n, Location at, ValueRange args) {
                            return Value(arith::AddFOp::create(n, at, args[0], args[1]));
                          });
}

static TensorValue sumOf(Node &node, TensorValue a, TensorValue b) {
  TensorValue sum;
  sum.shape = a.shape;
  if (!a.constant || !b.constant) {
    sum.value = addValues(node, node.context.materialize(a, node.loc, "bias"),
                          node.context.materialize(b, node.loc, "bias"));
    return sum;
  }
  std::vector<double> values;
  for (int64_t i = 0; i < a.constant->count(); ++i)
    values.push_back(static_cast<float>(a.constant->asDouble(i)) +
                     static_cast<float>(b.constant->asDouble(i)));
  sum.constant = HostTensor::fromDoubles(ElementKind::F32, a.shape, values);
  return sum;
}

/// `a` followed by `b`, both vectors.
static TensorValue joined(Node &node, TensorValue a, TensorValue b) {
  TensorValue both;
  both.shape = {a.shape[0] + b.shape[0]};
  if (a.constant && b.constant) {
    both.constant = HostTensor::concat({*a.constant, *b.constant}, 0);
    return both;
  }
  both.value = buildConcat(node,
                           {node.context.materialize(a, node.loc, "bias"),
                            node.context.materialize(b, node.loc, "bias")},
                           0);
  return both;
}

/// The product of two constants and a bias, computed here: a machine multiplies streams only.
static Value constantProduct(Node &node, Value left, const HostTensor &weight,
                             const HostTensor *bias) {
  int64_t rows = shapeOf(left)[0], depth = weight.shape()[1], columns = weight.shape()[0];
  SmallVector<float> values = *getFloats(left);
  std::vector<double> product;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double sum = bias ? bias->asDouble(column) : 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += values[row * depth + k] * weight.asDouble(column * depth + k);
      product.push_back(sum);
    }
  return makeConstant(node.builder, node.loc,
                      HostTensor::fromDoubles(ElementKind::F32, {rows, columns}, product),
                      "product");
}

Value buildProduct(Node &node, Value left, TensorValue &weight, std::optional<TensorValue> bias,
                   llvm::StringRef hint) {
  if (weight.constant && getFloats(left) && (!bias || bias->constant))
    return constantProduct(node, left, *weight.constant, bias ? &*bias->constant : nullptr);
  Value biasValue = bias ? node.context.materialize(*bias, node.loc, "bias") : Value();
  if (weight.constant || weight.dequantized)
    return buildDense(node, left, weight, /*transposed=*/true, biasValue, hint);
  Value right = buildTranspose(node.builder, node.loc, weight.value, {1, 0});
  TensorValue transposed, rows;
  rows.value = left;
  rows.shape = shapeOf(left).vec();
  transposed.value = right;
  transposed.shape = shapeOf(right).vec();
  Value product = *buildMatMul(node, rows, transposed, nullptr);
  return biasValue ? addValues(node, product, biasValue) : product;
}

std::optional<TensorValue> inputBias(Node &node, Cell &cell, int64_t gates) {
  if (!cell.bias)
    return std::nullopt;
  int64_t size = gates * cell.hidden, shared = cell.resetAfter ? size - cell.hidden : size;
  TensorValue input = rowsOf(node, *cell.bias, 0, size);
  TensorValue sum =
      sumOf(node, rowsOf(node, input, 0, shared), rowsOf(node, *cell.bias, size, shared));
  return shared == size ? sum : joined(node, sum, rowsOf(node, input, shared, cell.hidden));
}

//===--------------------------------------------------------------------------===//
// Cells
//===--------------------------------------------------------------------------===//

/// Gate number `gate` of `gates`, batch x hidden.
static Value gateOf(Node &node, const Cell &cell, Value gates, int64_t gate) {
  if (std::optional<SmallVector<float>> known = getFloats(gates)) {
    HostTensor all = HostTensor::fromDoubles(ElementKind::F32, shapeOf(gates).vec(),
                                             {known->begin(), known->end()});
    return makeConstant(node.builder, node.loc,
                        all.sliced({0, gate * cell.hidden}, {cell.batch, cell.hidden}, {1, 1}),
                        "gate");
  }
  return buildSlice(node.builder, node.loc, gates, {0, gate * cell.hidden},
                    {cell.batch, cell.hidden}, {1, 1});
}

static Value combine(Node &node, const Cell &cell, ValueRange inputs, ScalarBody body) {
  return buildElementwise(node.builder, node.loc, inputs, {cell.batch, cell.hidden},
                          node.builder.getF32Type(), body);
}

/// The activation of a gate, on its clipped argument.
static Value activate(const FloatScalars &s, const Cell &cell, size_t activation, Value x) {
  if (cell.clip > 0)
    x = s.min(s.max(x, -cell.clip), cell.clip);
  const Activation &function = cell.activations[activation];
  return function.emit(s, x, function.alpha, function.beta);
}

/// The peephole weights of one gate of an LSTM, a vector.
static Value peephole(Node &node, Cell &cell, int64_t gate) {
  TensorValue part = rowsOf(node, *cell.peepholes, gate * cell.hidden, cell.hidden);
  return node.context.materialize(part, node.loc, "peepholes");
}

SmallVector<Value> lstmStep(Node &node, Cell &cell, Value gates, ValueRange states) {
  Value h = states[0], c = states[1];
  Value sums =
      addValues(node, gates, buildProduct(node, h, cell.recurrent, std::nullopt, "recurrent"));
  Value i = gateOf(node, cell, sums, 0), o = gateOf(node, cell, sums, 1),
        f = gateOf(node, cell, sums, 2), g = gateOf(node, cell, sums, 3);
  SmallVector<Value> inputs = {i, g, c}, outputs = {o};
  if (!cell.inputForget)
    inputs.push_back(f);
  if (cell.peepholes) {
    inputs.push_back(peephole(node, cell, 0));
    inputs.push_back(peephole(node, cell, 2));
  }
  Value cell1 = combine(node, cell, inputs, [&](OpBuilder &b, Location at, ValueRange args) {
    FloatScalars s{b, at};
    auto gate = [&](Value sum, size_t weight) {
      if (cell.peepholes)
        sum = s.add(sum, s.mul(args[args.size() - weight], args[2]));
      return activate(s, cell, 0, sum);
    };
    Value in = gate(args[0], 2), forget = cell.inputForget ? s.oneMinus(in) : gate(args[3], 1);
    return s.add(s.mul(forget, args[2]), s.mul(in, activate(s, cell, 1, args[1])));
  });
  outputs.push_back(cell1);
  if (cell.peepholes)
    outputs.push_back(peephole(node, cell, 1));
  Value hidden = combine(node, cell, outputs, [&](OpBuilder &b, Location at, ValueRange args) {
    FloatScalars s{b, at};
    Value sum = cell.peepholes ? s.add(args[0], s.mul(args[2], args[1])) : args[0];
    const Activation &function = cell.activations[2];
    return s.mul(activate(s, cell, 0, sum),
                 function.emit(s, args[1], function.alpha, function.beta));
  });
  return {hidden, cell1};
}

SmallVector<Value> gruStep(Node &node, Cell &cell, Value gates, ValueRange states) {
  Value h = states[0];
  int64_t hidden = cell.hidden;
  auto gateBody = [&](OpBuilder &b, Location at, ValueRange args) {
    FloatScalars s{b, at};
    return activate(s, cell, 0, s.add(args[0], args[1]));
  };
  Value update, candidate;
  if (cell.resetAfter) {
    std::optional<TensorValue> bias;
    if (cell.bias) { // only the candidate's is left for the recurrent product
      TensorValue none;
      none.shape = {2 * hidden};
      none.constant = HostTensor::splat(ElementKind::F32, none.shape, 0.0);
      bias = joined(node, none, rowsOf(node, *cell.bias, 5 * hidden, hidden));
    }
    Value sums = buildProduct(node, h, cell.recurrent, bias, "recurrent");
    auto part = [&](Value all, int64_t gate) { return gateOf(node, cell, all, gate); };
    update = combine(node, cell, {part(gates, 0), part(sums, 0)}, gateBody);
    Value reset = combine(node, cell, {part(gates, 1), part(sums, 1)}, gateBody);
    candidate = combine(node, cell, {part(gates, 2), reset, part(sums, 2)},
                        [&](OpBuilder &b, Location at, ValueRange args) {
                          FloatScalars s{b, at};
                          return activate(s, cell, 1, s.add(args[0], s.mul(args[1], args[2])));
                        });
  } else {
    TensorValue gateWeights = rowsOf(node, cell.recurrent, 0, 2 * hidden),
                candidateWeights = rowsOf(node, cell.recurrent, 2 * hidden, hidden);
    Value sums = buildProduct(node, h, gateWeights, std::nullopt, "recurrent");
    auto part = [&](Value all, int64_t gate) { return gateOf(node, cell, all, gate); };
    update = combine(node, cell, {part(gates, 0), part(sums, 0)}, gateBody);
    Value reset = combine(node, cell, {part(gates, 1), part(sums, 1), h},
                          [&](OpBuilder &b, Location at, ValueRange args) {
                            FloatScalars s{b, at};
                            return s.mul(gateBody(b, at, args), args[2]);
                          });
    Value sum = buildProduct(node, reset, candidateWeights, std::nullopt, "candidate");
    candidate =
        combine(node, cell, {part(gates, 2), sum}, [&](OpBuilder &b, Location at, ValueRange args) {
          FloatScalars s{b, at};
          return activate(s, cell, 1, s.add(args[0], args[1]));
        });
  }
  Value next =
      combine(node, cell, {update, candidate, h}, [&](OpBuilder &b, Location at, ValueRange args) {
        FloatScalars s{b, at};
        return s.add(s.mul(s.oneMinus(args[0]), args[1]), s.mul(args[0], args[2]));
      });
  return {next};
}

SmallVector<Value> rnnStep(Node &node, Cell &cell, Value gates, ValueRange states) {
  Value product = buildProduct(node, states[0], cell.recurrent, std::nullopt, "recurrent");
  return {combine(node, cell, {gates, product}, [&](OpBuilder &b, Location at, ValueRange args) {
    FloatScalars s{b, at};
    return activate(s, cell, 0, s.add(args[0], args[1]));
  })};
}

} // namespace cimc::frontend
