//===- Attention.cpp - Attention and its companions --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention is two products of activations with a softmax between them. Query heads that share a
// key head are rows of one product, so keys and values are never repeated. What masks scores is
// added before the softmax, as 0 or minus infinity; a row that is masked altogether yields 0.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"
#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;

namespace cimc::frontend {

//===--------------------------------------------------------------------------===//
// Attention
//===--------------------------------------------------------------------------===//

namespace {
enum Input { Query, Key, Val, Mask, PastKey, PastValue, Lengths };

/// One Attention node. `B` batches, `H` query heads, `G` key heads, `S` queries, `T` keys with the
/// past ones, `D` and `E` channels of keys and values.
class Attention {
public:
  explicit Attention(Node &node) : node(node) {}
  LogicalResult convert();

private:
  LogicalResult readShapes();
  LogicalResult checkShapes();
  FailureOr<int64_t> heads(size_t index, const char *attribute);
  Value byHead(size_t index, int64_t count);
  Value withPast(size_t past, Value present);
  Value addMask(Value scores, bool &complete);
  Value lengthBias();
  Value causalBias(int64_t offset);
  Value softmax(Value scores, bool complete);
  LogicalResult setScores(Value scores, int64_t mode);
  Value product(Value left, Value right);

  Node &node;
  bool packed = false, causal = false; // heads and channels in one dimension
  int64_t B = 0, H = 0, G = 0, S = 0, T = 0, past = 0, D = 0, E = 0;
};
} // namespace

static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

/// The heads of an input: an attribute where they share a dimension with the channels.
FailureOr<int64_t> Attention::heads(size_t index, const char *attribute) {
  const Shape &shape = node.input(index).shape;
  if (!packed)
    return shape[1];
  int64_t count = node.intAttribute(attribute, 0);
  if (count < 1 || shape[2] % count != 0)
    return node.unsupportedAttribute(attribute, std::to_string(count),
                                     "a divisor of the " + std::to_string(shape[2]) + " channels");
  return count;
}

LogicalResult Attention::readShapes() {
  for (size_t i : {Query, Key, Val}) {
    size_t rank = node.input(i).rank();
    if (failed(node.expectFloat(i)) || failed(expectElements(node, i)))
      return failure();
    if ((rank != 3 && rank != 4) || rank != static_cast<size_t>(node.input(Query).rank()))
      return node.error() << "input '" << node.info.inputs[i] << "' has shape "
                          << printShape(node.input(i).shape) << ", all must have 3 or 4 dimensions";
  }
  packed = node.input(Query).rank() == 3;
  causal = node.intAttribute("is_causal", 0) != 0;
  FailureOr<int64_t> queryHeads = heads(Query, "q_num_heads"),
                     keyHeads = heads(Key, "kv_num_heads"), valueHeads = heads(Val, "kv_num_heads");
  if (failed(queryHeads) || failed(keyHeads) || failed(valueHeads))
    return failure();
  const Shape &q = node.input(Query).shape, &k = node.input(Key).shape, &v = node.input(Val).shape;
  B = q[0], H = *queryHeads, G = *keyHeads;
  S = q[packed ? 1 : 2];
  D = packed ? q[2] / H : q[3];
  E = packed ? v[2] / G : v[3];
  past = node.hasInput(PastKey)
             ? node.input(PastKey).shape.size() == 4 ? node.input(PastKey).shape[2] : -1
             : 0;
  T = past + k[packed ? 1 : 2];
  bool fits = k[0] == B && v[0] == B && *valueHeads == G && H % G == 0 &&
              k[packed ? 1 : 2] == v[packed ? 1 : 2] && (packed ? k[2] / G : k[3]) == D;
  if (fits)
    return success();
  return node.error() << "its query, key and value of shapes " << printShape(q) << ", "
                      << printShape(k) << " and " << printShape(v) << " do not fit";
}

LogicalResult Attention::checkShapes() {
  if (node.hasInput(PastKey) != node.hasInput(PastValue))
    return node.error() << "has one of past_key and past_value, needs both or none";
  if (node.hasInput(PastKey) && (node.input(PastKey).shape != Shape{B, G, past, D} ||
                                 node.input(PastValue).shape != Shape{B, G, past, E}))
    return node.error() << "its past keys and values of shapes "
                        << printShape(node.input(PastKey).shape) << " and "
                        << printShape(node.input(PastValue).shape) << " do not fit";
  if (node.hasInput(Lengths) && node.input(Lengths).shape != Shape{B})
    return node.error() << "its nonpad_kv_seqlen has shape "
                        << printShape(node.input(Lengths).shape) << ", must be " << B;
  if (!node.hasInput(Mask))
    return success();
  const TensorValue &mask = node.input(Mask);
  Shape whole = mask.shape, all;
  if (!whole.empty() && whole.back() < T)
    whole.back() = T;
  if ((mask.kind == ElementKind::Bool || isFloat(mask.kind)) && mask.rank() >= 2 &&
      broadcastShapes(whole, {B, H, S, T}, all) && all == Shape{B, H, S, T})
    return success();
  return node.error() << "its mask is " << elementName(mask.kind) << " of shape "
                      << printShape(mask.shape) << ", must be bool or float and broadcast to "
                      << printShape({B, H, S, T});
}

/// An input as `B x heads x positions x channels`.
Value Attention::byHead(size_t index, int64_t count) {
  Value value = node.value(index);
  if (!packed)
    return value;
  const Shape &shape = node.input(index).shape;
  value = buildReshape(node.builder, node.loc, value, {B, shape[1], count, shape[2] / count});
  return buildTranspose(node.builder, node.loc, value, {0, 2, 1, 3});
}

Value Attention::withPast(size_t index, Value present) {
  if (!node.hasInput(index) || past == 0)
    return present;
  return buildConcat(node, {node.value(index), present}, 2);
}

/// numpy's matmul of two tensors of rank 4 with the same batches.
Value Attention::product(Value left, Value right) {
  TensorValue a = tensorOf(left), b = tensorOf(right);
  return *buildMatMul(node, a, b, nullptr);
}

/// Minus infinity where a key comes later than the query, which stands `offset` behind its number.
Value Attention::causalBias(int64_t offset) {
  std::vector<double> values;
  for (int64_t i = 0; i < S * T; ++i)
    values.push_back(i % T <= i / T + offset ? 0 : minusInfinity);
  return makeConstant(node.builder, node.loc,
                      HostTensor::fromDoubles(ElementKind::F32, {S, T}, values), "causal");
}

/// Minus infinity for keys beyond each batch's length; with causal masking the queries are the last
/// positions of that length.
Value Attention::lengthBias() {
  std::vector<int64_t> keys(T), queries(S);
  std::iota(keys.begin(), keys.end(), 0);
  std::iota(queries.begin(), queries.end(), 0);
  ElementKind kind = node.input(Lengths).kind;
  auto constant = [&](const Shape &shape, const std::vector<int64_t> &values) {
    return makeConstant(node.builder, node.loc, HostTensor::fromInts(kind, shape, values),
                        "positions");
  };
  Value lengths = buildReshape(node.builder, node.loc, node.value(Lengths), {B, 1, 1, 1});
  Value inputs[] = {lengths, constant({1, 1, 1, T}, keys), constant({1, 1, S, 1}, queries)};
  return buildElementwise(
      node.builder, node.loc, inputs, {B, 1, S, T}, node.builder.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, args[1], args[0]);
        if (causal && past == 0) {
          // key <= query + length - S
          Value limit = arith::AddIOp::create(b, loc, args[2], args[0]);
          Value key = arith::AddIOp::create(
              b, loc, args[1], scalarConstant(b, loc, args[1].getType(), static_cast<double>(S)));
          Value before = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, key, limit);
          inside = arith::AndIOp::create(b, loc, inside, before);
        }
        Value zero = scalarConstant(b, loc, b.getF32Type(), 0),
              none = scalarConstant(b, loc, b.getF32Type(), minusInfinity);
        return arith::SelectOp::create(b, loc, inside, zero, none);
      });
}

/// Adds everything that masks; `complete` says that rows may be masked altogether.
Value Attention::addMask(Value scores, bool &complete) {
  SmallVector<Value> biases;
  complete = node.hasInput(Mask) || node.hasInput(Lengths);
  if (node.hasInput(Mask)) {
    Value mask = node.value(Mask);
    if (node.input(Mask).kind == ElementKind::Bool)
      mask = buildFormula(node, mask, [](const FloatScalars &s, ValueRange v) {
        return s.select(v[0], s.constant(0), s.constant(minusInfinity));
      });
    Shape shape = shapeOf(mask).vec(), low(shape.size(), 0), high(shape.size(), 0);
    high.back() = shape.back() == 1 ? 0 : T - shape.back();
    biases.push_back(buildPad(node.builder, node.loc, mask, low, high, minusInfinity));
  }
  if (node.hasInput(Lengths))
    biases.push_back(lengthBias());
  if (causal && (past > 0 || !node.hasInput(Lengths)))
    biases.push_back(causalBias(past));
  for (Value bias : biases)
    scores = buildFormula(node, {scores, bias},
                          [](const FloatScalars &s, ValueRange v) { return s.add(v[0], v[1]); });
  return scores;
}

/// Softmax over keys. Where all may be masked the maximum stays finite and the sum positive, which
/// gives 0 instead of no number.
Value Attention::softmax(Value scores, bool complete) {
  if (!complete)
    return buildSoftmax(node, scores, 3, /*logarithm=*/false);
  double lowest = std::numeric_limits<float>::lowest(), least = std::numeric_limits<float>::min();
  Value shifted = buildFormula(node, {scores, buildMaximum(node, scores, {3})},
                               [&](const FloatScalars &s, ValueRange v) {
                                 return s.exp(s.sub(v[0], s.max(v[1], s.constant(lowest))));
                               });
  return buildFormula(node, {shifted, buildSum(node, shifted, {3})},
                      [&](const FloatScalars &s, ValueRange v) {
                        return s.div(v[0], s.max(v[1], s.constant(least)));
                      });
}

/// Scores are an output of their own at the point that attribute `qk_matmul_output_mode` names.
LogicalResult Attention::setScores(Value scores, int64_t mode) {
  if (node.intAttribute("qk_matmul_output_mode", 0) != mode)
    return success();
  return node.setResult(scores, ElementKind::F32, 3);
}

LogicalResult Attention::convert() {
  if (failed(node.expectInputs(3, 7)) || failed(readShapes()) || failed(checkShapes()))
    return failure();
  int64_t mode = node.intAttribute("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return node.unsupportedAttribute("qk_matmul_output_mode", std::to_string(mode), "0 to 3");
  float scale = node.floatAttribute("scale", 1 / std::sqrt(static_cast<float>(D))),
        cap = node.floatAttribute("softcap", 0);
  Value key = withPast(PastKey, byHead(Key, G)), value = withPast(PastValue, byHead(Val, G));
  Value query = buildFormula(node, byHead(Query, H), [&](const FloatScalars &s, ValueRange v) {
    return s.mul(v[0], s.constant(scale));
  });
  query = buildReshape(node.builder, node.loc, query, {B, G, H / G * S, D});
  Value scores = product(query, buildTranspose(node.builder, node.loc, key, {0, 1, 3, 2}));
  scores = buildReshape(node.builder, node.loc, scores, {B, H, S, T});
  if (failed(setScores(scores, 0)))
    return failure();
  if (cap > 0)
    scores = buildFormula(node, scores, [&](const FloatScalars &s, ValueRange v) {
      return s.mul(s.tanh(s.div(v[0], s.constant(cap))), s.constant(cap));
    });
  bool complete = false;
  Value masked = addMask(scores, complete), weights = softmax(masked, complete);
  if (failed(setScores(scores, 1)) || failed(setScores(masked, 2)) || failed(setScores(weights, 3)))
    return failure();
  weights = buildReshape(node.builder, node.loc, weights, {B, G, H / G * S, T});
  Value result = buildReshape(node.builder, node.loc, product(weights, value), {B, H, S, E});
  if (packed) {
    result = buildTranspose(node.builder, node.loc, result, {0, 2, 1, 3});
    result = buildReshape(node.builder, node.loc, result, {B, S, H * E});
  }
  return success(succeeded(node.setResult(result, ElementKind::F32)) &&
                 succeeded(node.setResult(key, ElementKind::F32, 1)) &&
                 succeeded(node.setResult(value, ElementKind::F32, 2)));
}

static LogicalResult convertAttention(Node &node) { return Attention(node).convert(); }

//===--------------------------------------------------------------------------===//
// Rotary embedding
//===--------------------------------------------------------------------------===//

/// Rows of a cache of cosines or sines: `batch x positions x half`, by the position ids if there
/// are any.
static FailureOr<Value> cachedAngles(Node &node, size_t index, int64_t batch, int64_t positions,
                                     int64_t half) {
  const Shape &cache = node.input(index).shape;
  bool byIds = node.hasInput(3);
  Shape wanted = {batch, positions, half};
  Shape ids = byIds ? node.input(3).shape : Shape();
  bool fits = byIds ? cache.size() == 2 && cache[1] == half && ids == Shape{batch, positions} &&
                          !isFloat(node.input(3).kind)
                    : cache == wanted;
  if (failed(node.expectFloat(index)) || failed(expectElements(node, index)))
    return failure();
  if (!fits)
    return node.error() << "its cache of shape " << printShape(cache)
                        << (byIds ? " and its position ids of shape " + printShape(ids) : "")
                        << " do not fit " << printShape(wanted) << " angles";
  if (!byIds)
    return node.value(index);
  Value table = buildReshape(node.builder, node.loc, node.value(index), {1, cache[0], half});
  Value rows = buildGather(node, table, buildPositions(node, node.value(3), cache[0]));
  return buildReshape(node.builder, node.loc, rows, wanted);
}

/// Turns pairs of channels by their angles and joins them again as they stood.
static Value rotate(Node &node, Value x, Value cosine, Value sine, bool interleaved) {
  Shape shape = shapeOf(x).vec(), size = shape, begin(4, 0), step(4, 1), second(4, 0);
  int64_t half = shape[3] / 2;
  size[3] = half;
  step[3] = interleaved ? 2 : 1;
  second[3] = interleaved ? 1 : half;
  Value a = buildSlice(node.builder, node.loc, x, begin, size, step),
        b = buildSlice(node.builder, node.loc, x, second, size, step);
  Value real = buildFormula(node, {a, b, cosine, sine}, [](const FloatScalars &s, ValueRange v) {
    return s.sub(s.mul(v[2], v[0]), s.mul(v[3], v[1]));
  });
  Value imaginary =
      buildFormula(node, {a, b, cosine, sine}, [](const FloatScalars &s, ValueRange v) {
        return s.add(s.mul(v[3], v[0]), s.mul(v[2], v[1]));
      });
  if (!interleaved)
    return buildConcat(node, {real, imaginary}, 3);
  size.push_back(1);
  real = buildReshape(node.builder, node.loc, real, size);
  imaginary = buildReshape(node.builder, node.loc, imaginary, size);
  return buildReshape(node.builder, node.loc, buildConcat(node, {real, imaginary}, 4), shape);
}

/// Inputs: X, cosines, sines, position ids. X is `B x H x S x D`, or `B x S x H*D`.
static LogicalResult convertRotaryEmbedding(Node &node) {
  if (failed(node.expectInputs(3, 4)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)))
    return failure();
  Shape shape = node.input(0).shape;
  int64_t rank = shape.size(), heads = node.intAttribute("num_heads", 0);
  bool packed = rank == 3;
  if (rank != 3 && rank != 4)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have 3 or 4 dimensions";
  if (packed && (heads < 1 || shape[2] % heads != 0))
    return node.unsupportedAttribute("num_heads", std::to_string(heads),
                                     "a divisor of the " + std::to_string(shape[2]) + " channels");
  int64_t positions = packed ? shape[1] : shape[2], depth = packed ? shape[2] / heads : shape[3];
  int64_t turned = node.intAttribute("rotary_embedding_dim", 0);
  turned = turned == 0 ? depth : turned;
  if (turned < 2 || turned > depth || turned % 2 != 0)
    return node.unsupportedAttribute("rotary_embedding_dim", std::to_string(turned),
                                     "an even number up to the " + std::to_string(depth) +
                                         " channels of a head");
  FailureOr<Value> cosine = cachedAngles(node, 1, shape[0], positions, turned / 2),
                   sine = cachedAngles(node, 2, shape[0], positions, turned / 2);
  if (failed(cosine) || failed(sine))
    return failure();
  // The same angles for all heads.
  Shape angles = {shape[0], packed ? positions : 1, packed ? 1 : positions, turned / 2};
  Value x = node.value(0);
  if (packed)
    x = buildReshape(node.builder, node.loc, x, {shape[0], positions, heads, depth});
  Shape part = shapeOf(x).vec(), begin(4, 0), rest = part;
  part[3] = turned;
  Value result = rotate(node, buildSlice(node.builder, node.loc, x, begin, part, {1, 1, 1, 1}),
                        buildReshape(node.builder, node.loc, *cosine, angles),
                        buildReshape(node.builder, node.loc, *sine, angles),
                        node.intAttribute("interleaved", 0) != 0);
  if (turned < depth) {
    begin[3] = turned;
    rest[3] = depth - turned;
    result = buildConcat(
        node, {result, buildSlice(node.builder, node.loc, x, begin, rest, {1, 1, 1, 1})}, 3);
  }
  return node.setResult(buildReshape(node.builder, node.loc, result, shape), ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Gated activation
//===--------------------------------------------------------------------------===//

/// a * sigmoid(alpha * a) * b.
static LogicalResult convertSwiGlu(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  float alpha = node.floatAttribute("alpha", 1);
  if (node.input(0).shape != node.input(1).shape)
    return node.error() << "its inputs have shapes " << printShape(node.input(0).shape) << " and "
                        << printShape(node.input(1).shape) << ", must be the same";
  Value result =
      buildFormula(node, {node.value(0), node.value(1)}, [&](const FloatScalars &s, ValueRange v) {
        Value scaled = alpha == 1 ? v[0] : s.mul(s.constant(alpha), v[0]);
        return s.mul(s.mul(v[0], s.sigmoid(scaled)), v[1]);
      });
  return node.setResult(result, ElementKind::F32);
}

ArrayRef<OpEntry> attentionOps() {
  static const OpEntry table[] = {{"", "Attention", 23, convertAttention},
                                  {"", "RotaryEmbedding", 23, convertRotaryEmbedding},
                                  {"", "SwiGLU", 27, convertSwiGlu}};
  return table;
}

} // namespace cimc::frontend
