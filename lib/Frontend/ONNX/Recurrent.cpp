//===- Recurrent.cpp - LSTM, GRU and RNN -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The input's products with its matrix, for all steps, are one layer before the loop; the loop
// (Steps.h) holds the product with the recurrent matrix and the gates (RecurrentCells.h). A layer
// that runs backwards reads and writes reversed sequences.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"
#include "Positions.h"
#include "RecurrentCells.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;

namespace cimc::frontend {

namespace {
/// What the three operators differ in. All have inputs X, W, R, B, sequence_lens, initial_h.
struct Kind {
  int64_t gates, states;
  SmallVector<llvm::StringRef, 3> activations;
  CellStep step;
};

constexpr size_t inputX = 0, inputW = 1, inputR = 2, inputB = 3, inputLengths = 4, inputState = 5,
                 inputPeepholes = 7;

/// One node's conversion.
class Recurrent {
public:
  Recurrent(Node &node, const Kind &kind) : node(node), kind(kind) {}
  LogicalResult convert();

private:
  LogicalResult readDirections();
  LogicalResult readShapes();
  LogicalResult expectShape(size_t input, llvm::StringRef name, const Shape &shape);
  LogicalResult readLengths();
  Cell cellOf(int64_t direction, ArrayRef<Activation> activations);
  /// Entry `direction` of input `index`, without the dimension of the directions.
  TensorValue ofDirection(size_t index, int64_t direction);
  Value initialState(size_t state, int64_t direction);
  /// `next` where the step lies within its sample's length, else `otherwise` (null: 0).
  Value withinLength(const CurrentStep &step, bool backwards, Value next, Value otherwise);
  Value number(const CurrentStep &step, bool backwards);
  LogicalResult convertDirection(int64_t direction, ArrayRef<Activation> activations);
  LogicalResult setResults();

  bool isReverse(int64_t direction) const { return reverseFirst || direction == 1; }

  Node &node;
  const Kind &kind;
  int64_t directions = 1, steps = 0, batch = 0, width = 0, hidden = 0;
  bool reverseFirst = false, batchFirst = false;
  Value x;                                ///< steps x batch x width
  Value lengths;                          ///< f32, batch x 1; null if all steps count
  SmallVector<Value> sequences;           ///< by direction, steps x batch x hidden
  SmallVector<SmallVector<Value>> finals; ///< by state and direction, batch x hidden
};
} // namespace

LogicalResult Recurrent::readDirections() {
  std::string direction = node.stringAttribute("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return node.unsupportedAttribute("direction", "'" + direction + "'",
                                     "forward, reverse and bidirectional");
  directions = direction == "bidirectional" ? 2 : 1;
  reverseFirst = direction == "reverse";
  int64_t layout = node.intAttribute("layout", 0);
  if (layout != 0 && layout != 1)
    return node.unsupportedAttribute("layout", llvm::Twine(layout), "0 and 1");
  batchFirst = layout == 1;
  return success();
}

LogicalResult Recurrent::expectShape(size_t input, llvm::StringRef name, const Shape &shape) {
  if (!node.hasInput(input) || node.input(input).shape == shape)
    return success();
  return node.error() << "its " << name << " has shape " << printShape(node.input(input).shape)
                      << ", must be " << printShape(shape);
}

LogicalResult Recurrent::readShapes() {
  TensorValue &input = node.input(inputX), &weight = node.input(inputW), &r = node.input(inputR);
  if (input.rank() != 3 || weight.rank() != 3 || r.rank() != 3)
    return node.error() << "its inputs X, W and R have " << input.rank() << ", " << weight.rank()
                        << " and " << r.rank() << " dimensions, must have 3";
  steps = input.shape[batchFirst ? 1 : 0];
  batch = input.shape[batchFirst ? 0 : 1];
  width = input.shape[2];
  hidden = r.shape[2];
  if (hidden < 1 || steps < 1)
    return node.error() << "has " << steps << " steps of " << hidden
                        << " hidden values, must have at least one";
  if (node.intAttribute("hidden_size", hidden) != hidden)
    return node.error() << "attribute 'hidden_size' is " << node.intAttribute("hidden_size", 0)
                        << ", its recurrent matrix has " << hidden << " columns";
  Shape state = batchFirst ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  int64_t rows = kind.gates * hidden;
  return success(
      succeeded(expectShape(inputW, "W", {directions, rows, width})) &&
      succeeded(expectShape(inputR, "R", {directions, rows, hidden})) &&
      succeeded(expectShape(inputB, "B", {directions, 2 * rows})) &&
      succeeded(expectShape(inputLengths, "sequence_lens", {batch})) &&
      succeeded(expectShape(inputState, "initial_h", state)) &&
      (kind.states < 2 || (succeeded(expectShape(inputState + 1, "initial_c", state)) &&
                           succeeded(expectShape(inputPeepholes, "P", {directions, 3 * hidden})))));
}

LogicalResult Recurrent::readLengths() {
  if (!node.hasInput(inputLengths))
    return success();
  if (node.input(inputLengths).kind != ElementKind::I32)
    return node.error() << "its sequence_lens has element type "
                        << elementName(node.input(inputLengths).kind) << ", must be int32";
  const HostTensor *known = node.constant(inputLengths);
  if (known && llvm::all_of(known->ints(), [&](int64_t length) { return length == steps; }))
    return success();
  // Counted in floats, which the digital unit compares.
  Shape shape = {batch, 1};
  if (known) {
    lengths = makeConstant(node.builder, node.loc,
                           known->converted(ElementKind::F32).reshaped(shape), "lengths");
    return success();
  }
  Value given = buildReshape(node.builder, node.loc, node.value(inputLengths), shape);
  lengths = buildElementwise(node.builder, node.loc, given, shape, node.builder.getF32Type(),
                             [](OpBuilder &b, Location at, ValueRange args) -> Value {
                               return arith::SIToFPOp::create(b, at, b.getF32Type(), args[0]);
                             });
  return success();
}

TensorValue Recurrent::ofDirection(size_t index, int64_t direction) {
  TensorValue part = rowsOf(node, node.input(index), direction, 1);
  Shape shape(part.shape.begin() + 1, part.shape.end());
  part.shape = shape;
  if (part.constant)
    part.constant = part.constant->reshaped(shape);
  else if (part.dequantized)
    part.dequantized = part.dequantized->reshaped(shape, part.dequantized->axis - 1);
  else
    part.value = buildReshape(node.builder, node.loc, part.value, shape);
  return part;
}

Cell Recurrent::cellOf(int64_t direction, ArrayRef<Activation> activations) {
  Cell cell;
  cell.batch = batch;
  cell.hidden = hidden;
  cell.recurrent = ofDirection(inputR, direction);
  if (node.hasInput(inputB))
    cell.bias = ofDirection(inputB, direction);
  if (kind.states == 2 && node.hasInput(inputPeepholes))
    cell.peepholes = ofDirection(inputPeepholes, direction);
  cell.activations = activations;
  cell.clip = node.floatAttribute("clip", 0);
  cell.inputForget = node.intAttribute("input_forget", 0) != 0;
  cell.resetAfter = node.intAttribute("linear_before_reset", 0) != 0;
  return cell;
}

Value Recurrent::initialState(size_t state, int64_t direction) {
  Shape shape = {batch, hidden};
  if (!node.hasInput(inputState + state))
    return makeConstant(node.builder, node.loc, HostTensor::splat(ElementKind::F32, shape, 0.0),
                        "state");
  if (const HostTensor *known = node.constant(inputState + state)) {
    HostTensor all = batchFirst ? known->transposed({1, 0, 2}) : *known;
    HostTensor part = all.sliced({direction, 0, 0}, {1, batch, hidden}, {1, 1, 1});
    return makeConstant(node.builder, node.loc, part.reshaped(shape), "state");
  }
  Value all = node.value(inputState + state);
  if (batchFirst)
    all = buildTranspose(node.builder, node.loc, all, {1, 0, 2});
  Value part =
      buildSlice(node.builder, node.loc, all, {direction, 0, 0}, {1, batch, hidden}, {1, 1, 1});
  return buildReshape(node.builder, node.loc, part, shape);
}

/// The place in the sequence that a step works on, a float scalar tensor.
Value Recurrent::number(const CurrentStep &step, bool backwards) {
  std::vector<double> places(steps);
  std::iota(places.begin(), places.end(), 0.0);
  if (backwards)
    std::reverse(places.begin(), places.end());
  Shape shape = {steps};
  if (steps == 1)
    shape.clear();
  TensorValue all;
  all.constant = HostTensor::fromDoubles(ElementKind::F32, shape, places);
  Value constant = node.context.materialize(all, node.loc, "steps");
  return steps == 1 ? constant : step.slice(constant, 0);
}

Value Recurrent::withinLength(const CurrentStep &step, bool backwards, Value next,
                              Value otherwise) {
  if (!lengths)
    return next;
  SmallVector<Value> inputs = {lengths, number(step, backwards), next};
  if (otherwise)
    inputs.push_back(otherwise);
  return buildElementwise(
      node.builder, node.loc, inputs, {batch, hidden}, node.builder.getF32Type(),
      [&](OpBuilder &b, Location at, ValueRange args) -> Value {
        Value within = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT, args[1], args[0]);
        Value other = otherwise ? args[3] : scalarConstant(b, at, b.getF32Type(), 0.0);
        return arith::SelectOp::create(b, at, within, args[2], other);
      });
}

LogicalResult Recurrent::convertDirection(int64_t direction, ArrayRef<Activation> activations) {
  Cell cell = cellOf(direction, activations);
  bool backwards = isReverse(direction);
  TensorValue weight = ofDirection(inputW, direction);
  Value input = backwards ? buildReverse(node.builder, node.loc, x, 0) : x;
  input = buildReshape(node.builder, node.loc, input, {steps * batch, width});
  Value products = buildProduct(node, input, weight, inputBias(node, cell, kind.gates),
                                node.info.inputs[inputW]);
  products = buildReshape(node.builder, node.loc, products, {steps, batch, kind.gates * hidden});
  SmallVector<Value> initial;
  for (int64_t state = 0; state < kind.states; ++state)
    initial.push_back(initialState(state, direction));
  SmallVector<int64_t> wanted; // the axis of the sequence that is put out
  if (node.wantsOutput(0))
    wanted.push_back(0);
  FailureOr<StepResults> results =
      buildSteps(node.builder, node.loc, steps, initial, wanted,
                 [&](const CurrentStep &step, ValueRange states) -> FailureOr<StepResults> {
                   StepResults made;
                   SmallVector<Value> next = kind.step(node, cell, step.slice(products, 0), states);
                   for (auto [value, old] : llvm::zip_equal(next, states))
                     made.states.push_back(withinLength(step, backwards, value, old));
                   if (!wanted.empty())
                     made.entries.push_back(withinLength(step, backwards, next.front(), {}));
                   return made;
                 });
  if (failed(results))
    return failure();
  if (!wanted.empty()) {
    Value sequence = results->entries.front();
    sequences.push_back(backwards ? buildReverse(node.builder, node.loc, sequence, 0) : sequence);
  }
  for (auto [all, state] : llvm::zip_equal(finals, results->states))
    all.push_back(state);
  return success();
}

LogicalResult Recurrent::setResults() {
  if (node.wantsOutput(0)) {
    SmallVector<Value> parts;
    for (Value sequence : sequences)
      parts.push_back(buildReshape(node.builder, node.loc, sequence, {steps, 1, batch, hidden}));
    Value all = buildConcat(node, parts, 1);
    if (batchFirst)
      all = buildTranspose(node.builder, node.loc, all, {2, 0, 1, 3});
    if (failed(node.setResult(all, ElementKind::F32, 0)))
      return failure();
  }
  for (auto [state, values] : llvm::enumerate(finals)) {
    if (!node.wantsOutput(1 + state))
      continue;
    SmallVector<Value> parts;
    for (Value value : values)
      parts.push_back(buildReshape(node.builder, node.loc, value, {1, batch, hidden}));
    Value all = buildConcat(node, parts, 0);
    if (batchFirst)
      all = buildTranspose(node.builder, node.loc, all, {1, 0, 2});
    if (failed(node.setResult(all, ElementKind::F32, 1 + state)))
      return failure();
  }
  return success();
}

LogicalResult Recurrent::convert() {
  if (failed(node.expectInputs(3, kind.states == 2 ? 8 : 6)))
    return failure();
  for (size_t input : {inputX, inputW, inputR, inputB, inputState, inputState + 1, inputPeepholes})
    if (node.hasInput(input) && failed(node.expectFloat(input)))
      return failure();
  if (failed(readDirections()) || failed(readShapes()) || failed(readLengths()))
    return failure();
  float clip = node.floatAttribute("clip", 0);
  if (!(clip >= 0))
    return node.unsupportedAttribute("clip", std::to_string(clip), "0 or more");
  FailureOr<SmallVector<Activation>> activations =
      readActivations(node, kind.activations, directions);
  if (failed(activations))
    return failure();
  x = node.value(inputX);
  if (batchFirst)
    x = buildTranspose(node.builder, node.loc, x, {1, 0, 2});
  finals.resize(kind.states);
  size_t each = kind.activations.size();
  for (int64_t direction = 0; direction < directions; ++direction)
    if (failed(convertDirection(direction,
                                ArrayRef<Activation>(*activations).slice(direction * each, each))))
      return failure();
  return setResults();
}

static LogicalResult convertLstm(Node &node) {
  static const Kind kind{4, 2, {"Sigmoid", "Tanh", "Tanh"}, lstmStep};
  return Recurrent(node, kind).convert();
}

static LogicalResult convertGru(Node &node) {
  static const Kind kind{3, 1, {"Sigmoid", "Tanh"}, gruStep};
  return Recurrent(node, kind).convert();
}

static LogicalResult convertRnn(Node &node) {
  static const Kind kind{1, 1, {"Tanh"}, rnnStep};
  return Recurrent(node, kind).convert();
}

ArrayRef<OpEntry> recurrentOps() {
  static const OpEntry table[] = {
      {"", "LSTM", 7, convertLstm}, {"", "GRU", 7, convertGru}, {"", "RNN", 7, convertRnn}};
  return table;
}

} // namespace cimc::frontend
