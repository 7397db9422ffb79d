//===- ScalarEvaluator.cpp - Running bodies of arith and math ops ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table entry per op. An entry gets the op (for its predicate and types) and the operands.
//
//===--------------------------------------------------------------------------===//

#include "ScalarEvaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;

namespace cimc::conversion {

using Operands = ArrayRef<Scalar>;
using Function = Scalar (*)(Operation *, Operands);

static Scalar real(float value) { return {value, 0}; }

/// Cuts `value` to the width of the op's result, as two's complement.
static Scalar integer(Operation *op, int64_t value) {
  unsigned width = op->getResult(0).getType().getIntOrFloatBitWidth();
  if (width == 1)
    return {0, value & 1};
  return {0, width >= 64 ? value : llvm::SignExtend64(static_cast<uint64_t>(value), width)};
}

static int64_t zeroExtended(Operation *op, Scalar value) {
  unsigned width = op->getOperand(0).getType().getIntOrFloatBitWidth();
  return width >= 64 ? value.integer
                     : static_cast<int64_t>(static_cast<uint64_t>(value.integer) &
                                            ((uint64_t(1) << width) - 1));
}

/// f32 to integer: toward zero, out of range saturates, NaN is 0.
static Scalar truncated(Operation *op, float value) {
  unsigned width = op->getResult(0).getType().getIntOrFloatBitWidth();
  double lo = -std::ldexp(1.0, width - 1), hi = std::ldexp(1.0, width - 1) - 1;
  double whole = std::isnan(value) ? 0.0 : std::trunc(static_cast<double>(value));
  return {0, static_cast<int64_t>(std::min(std::max(whole, lo), hi))};
}

/// The larger operand; NaN wins, as in arith.maximumf. The sign of zero is IEEE 754-2019's.
static float maximum(float a, float b) {
  if (std::isnan(a) || std::isnan(b))
    return std::nanf("");
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
static float minimum(float a, float b) { return -maximum(-a, -b); }

static Scalar compareReal(Operation *op, Operands in) {
  float a = in[0].real, b = in[1].real;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (cast<arith::CmpFOp>(op).getPredicate()) {
  case arith::CmpFPredicate::AlwaysFalse:
    return {0, false};
  case arith::CmpFPredicate::OEQ:
    return {0, a == b};
  case arith::CmpFPredicate::OGT:
    return {0, a > b};
  case arith::CmpFPredicate::OGE:
    return {0, a >= b};
  case arith::CmpFPredicate::OLT:
    return {0, a < b};
  case arith::CmpFPredicate::OLE:
    return {0, a <= b};
  case arith::CmpFPredicate::ONE:
    return {0, !unordered && a != b};
  case arith::CmpFPredicate::ORD:
    return {0, !unordered};
  case arith::CmpFPredicate::UEQ:
    return {0, unordered || a == b};
  case arith::CmpFPredicate::UGT:
    return {0, unordered || a > b};
  case arith::CmpFPredicate::UGE:
    return {0, unordered || a >= b};
  case arith::CmpFPredicate::ULT:
    return {0, unordered || a < b};
  case arith::CmpFPredicate::ULE:
    return {0, unordered || a <= b};
  case arith::CmpFPredicate::UNE:
    return {0, unordered || a != b};
  case arith::CmpFPredicate::UNO:
    return {0, unordered};
  case arith::CmpFPredicate::AlwaysTrue:
    return {0, true};
  }
  return {};
}

static Scalar compareInteger(Operation *op, Operands in) {
  int64_t a = in[0].integer, b = in[1].integer;
  uint64_t ua = zeroExtended(op, in[0]), ub = zeroExtended(op, in[1]);
  switch (cast<arith::CmpIOp>(op).getPredicate()) {
  case arith::CmpIPredicate::eq:
    return {0, a == b};
  case arith::CmpIPredicate::ne:
    return {0, a != b};
  case arith::CmpIPredicate::slt:
    return {0, a < b};
  case arith::CmpIPredicate::sle:
    return {0, a <= b};
  case arith::CmpIPredicate::sgt:
    return {0, a > b};
  case arith::CmpIPredicate::sge:
    return {0, a >= b};
  case arith::CmpIPredicate::ult:
    return {0, ua < ub};
  case arith::CmpIPredicate::ule:
    return {0, ua <= ub};
  case arith::CmpIPredicate::ugt:
    return {0, ua > ub};
  case arith::CmpIPredicate::uge:
    return {0, ua >= ub};
  }
  return {};
}

static int64_t product(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
static int64_t sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

static const llvm::StringMap<Function> &functions() {
  static const llvm::StringMap<Function> table = {
      {"arith.addf", [](Operation *, Operands in) { return real(in[0].real + in[1].real); }},
      {"arith.subf", [](Operation *, Operands in) { return real(in[0].real - in[1].real); }},
      {"arith.mulf", [](Operation *, Operands in) { return real(in[0].real * in[1].real); }},
      {"arith.divf", [](Operation *, Operands in) { return real(in[0].real / in[1].real); }},
      {"arith.negf", [](Operation *, Operands in) { return real(-in[0].real); }},
      {"arith.maximumf",
       [](Operation *, Operands in) { return real(maximum(in[0].real, in[1].real)); }},
      {"arith.minimumf",
       [](Operation *, Operands in) { return real(minimum(in[0].real, in[1].real)); }},
      {"arith.maxnumf",
       [](Operation *, Operands in) { return real(std::fmax(in[0].real, in[1].real)); }},
      {"arith.minnumf",
       [](Operation *, Operands in) { return real(std::fmin(in[0].real, in[1].real)); }},
      {"arith.cmpf", compareReal},
      {"arith.addi",
       [](Operation *op, Operands in) { return integer(op, sum(in[0].integer, in[1].integer)); }},
      {"arith.subi",
       [](Operation *op, Operands in) { return integer(op, sum(in[0].integer, -in[1].integer)); }},
      {"arith.muli",
       [](Operation *op, Operands in) {
         return integer(op, product(in[0].integer, in[1].integer));
       }},
      {"arith.maxsi",
       [](Operation *op, Operands in) {
         return integer(op, std::max(in[0].integer, in[1].integer));
       }},
      {"arith.minsi",
       [](Operation *op, Operands in) {
         return integer(op, std::min(in[0].integer, in[1].integer));
       }},
      {"arith.andi",
       [](Operation *op, Operands in) { return integer(op, in[0].integer & in[1].integer); }},
      {"arith.ori",
       [](Operation *op, Operands in) { return integer(op, in[0].integer | in[1].integer); }},
      {"arith.xori",
       [](Operation *op, Operands in) { return integer(op, in[0].integer ^ in[1].integer); }},
      {"arith.cmpi", compareInteger},
      {"arith.select", [](Operation *, Operands in) { return in[0].integer ? in[1] : in[2]; }},
      {"arith.extsi",
       [](Operation *op, Operands in) {
         bool bit = op->getOperand(0).getType().isInteger(1);
         return integer(op, bit ? -in[0].integer : in[0].integer);
       }},
      {"arith.extui",
       [](Operation *op, Operands in) { return integer(op, zeroExtended(op, in[0])); }},
      {"arith.trunci", [](Operation *op, Operands in) { return integer(op, in[0].integer); }},
      {"arith.sitofp",
       [](Operation *, Operands in) { return real(static_cast<float>(in[0].integer)); }},
      {"arith.uitofp",
       [](Operation *op, Operands in) {
         return real(static_cast<float>(static_cast<uint64_t>(zeroExtended(op, in[0]))));
       }},
      {"arith.fptosi", [](Operation *op, Operands in) { return truncated(op, in[0].real); }},
      {"math.absf", [](Operation *, Operands in) { return real(std::fabs(in[0].real)); }},
      {"math.exp", [](Operation *, Operands in) { return real(std::exp(in[0].real)); }},
      {"math.log", [](Operation *, Operands in) { return real(std::log(in[0].real)); }},
      {"math.tanh", [](Operation *, Operands in) { return real(std::tanh(in[0].real)); }},
      {"math.sqrt", [](Operation *, Operands in) { return real(std::sqrt(in[0].real)); }},
      {"math.rsqrt", [](Operation *, Operands in) { return real(1.0f / std::sqrt(in[0].real)); }},
      {"math.floor", [](Operation *, Operands in) { return real(std::floor(in[0].real)); }},
      {"math.ceil", [](Operation *, Operands in) { return real(std::ceil(in[0].real)); }},
      {"math.roundeven", [](Operation *, Operands in) { return real(std::nearbyint(in[0].real)); }},
      {"math.erf", [](Operation *, Operands in) { return real(std::erf(in[0].real)); }},
      {"math.sin", [](Operation *, Operands in) { return real(std::sin(in[0].real)); }},
      {"math.cos", [](Operation *, Operands in) { return real(std::cos(in[0].real)); }},
      {"math.powf",
       [](Operation *, Operands in) { return real(std::pow(in[0].real, in[1].real)); }},
  };
  return table;
}

std::optional<Scalar> scalarOf(Attribute attr) {
  if (auto number = dyn_cast_or_null<FloatAttr>(attr))
    return number.getType().isF32() ? std::optional(real(number.getValue().convertToFloat()))
                                    : std::nullopt;
  if (auto number = dyn_cast_or_null<IntegerAttr>(attr)) {
    const APInt &value = number.getValue();
    if (value.getBitWidth() > 64)
      return std::nullopt;
    return Scalar{0, value.getBitWidth() == 1 ? static_cast<int64_t>(value.getZExtValue())
                                              : value.getSExtValue()};
  }
  return std::nullopt;
}

bool canEvaluate(Operation *op) {
  return isa<arith::ConstantOp>(op) || functions().contains(op->getName().getStringRef());
}

/// The scalar of `value`: known already, or a constant.
static std::optional<Scalar> lookUp(Value value, const ScalarMap &known) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return scalarOf(constant);
  return std::nullopt;
}

/// The scalars of an op's operands.
static std::optional<SmallVector<Scalar>> lookUpAll(Operation *op, const ScalarMap &known) {
  SmallVector<Scalar> scalars;
  for (Value operand : op->getOperands()) {
    std::optional<Scalar> scalar = lookUp(operand, known);
    if (!scalar)
      return std::nullopt;
    scalars.push_back(*scalar);
  }
  return scalars;
}

std::optional<SmallVector<Scalar>> evaluate(Block &body, ArrayRef<Scalar> args) {
  ScalarMap known;
  for (auto [arg, scalar] : llvm::zip_equal(body.getArguments(), args))
    known[arg] = scalar;
  for (Operation &op : body.without_terminator()) {
    if (isa<arith::ConstantOp>(op))
      continue;
    auto function = functions().find(op.getName().getStringRef());
    std::optional<SmallVector<Scalar>> operands = lookUpAll(&op, known);
    if (function == functions().end() || !operands || op.getNumResults() != 1)
      return std::nullopt;
    known[op.getResult(0)] = function->second(&op, *operands);
  }
  return lookUpAll(body.getTerminator(), known);
}

} // namespace cimc::conversion
