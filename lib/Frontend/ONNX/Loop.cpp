//===- Loop.cpp - Scan and Loop --------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both become loops over a known number of steps (Steps.h). A Loop whose body looks at the number
// of its iteration is written out step by step, so that what depends on the number is known at
// import.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"
#include "Positions.h"
#include "Steps.h"

using namespace mlir;

namespace cimc::frontend {

/// A loop that must be written out step by step may have this many steps.
static constexpr int64_t kMaxWrittenSteps = 1024;

static FailureOr<const Graph *> bodyOf(Node &node) {
  const AttributeValue *body = node.attribute("body");
  if (!body)
    return node.error() << "has no attribute 'body'";
  return body->graph.get();
}

/// Converts `graph` at the builder's place with `inputs` and returns its outputs. Its names are
/// unknown afterwards.
static FailureOr<SmallVector<TensorValue>> convertBody(Node &node, const Graph &graph,
                                                       ArrayRef<TensorValue> inputs) {
  ImportContext &context = node.context;
  for (auto [input, value] : llvm::zip_equal(graph.inputs, inputs))
    context.define(input.name, value);
  if (failed(context.convertGraph(graph)))
    return failure();
  SmallVector<TensorValue> outputs;
  for (const ValueInfo &output : graph.outputs) {
    TensorValue *value = context.lookup(output.name);
    if (!value)
      return node.error() << "output '" << output.name
                          << "' of its body is not defined by any node";
    outputs.push_back(*value);
  }
  for (const ValueInfo &input : graph.inputs)
    context.forget(input.name);
  for (const NodeInfo &inner : graph.nodes)
    for (const std::string &output : inner.outputs)
      context.forget(output);
  return outputs;
}

static TensorValue valueOf(Value value, ElementKind kind) {
  TensorValue tensor;
  tensor.kind = kind;
  tensor.shape = shapeOf(value).vec();
  tensor.value = value;
  return tensor;
}

/// Takes the outputs of a body apart: as many states as `initial` has, then the entries of
/// sequences. Fails if a state changes its type.
static FailureOr<StepResults> splitOutputs(Node &node, MutableArrayRef<TensorValue> outputs,
                                           ArrayRef<TensorValue> initial) {
  StepResults results;
  for (auto [index, output] : llvm::enumerate(outputs)) {
    if (index >= initial.size()) {
      results.entries.push_back(node.context.materialize(output, node.loc, "entry"));
      continue;
    }
    if (output.shape != initial[index].shape || output.kind != initial[index].kind)
      return node.error() << "state " << index << " is " << elementName(initial[index].kind)
                          << " of shape " << printShape(initial[index].shape)
                          << ", its body makes it " << elementName(output.kind) << " of shape "
                          << printShape(output.shape) << ", must be the same";
    results.states.push_back(node.context.materialize(output, node.loc, "state"));
  }
  return results;
}

/// Sets the node's results: states first, then sequences.
static LogicalResult setResults(Node &node, const StepResults &results,
                                ArrayRef<ElementKind> kinds) {
  SmallVector<Value> values = results.states;
  llvm::append_range(values, results.entries);
  for (auto [index, value] : llvm::enumerate(values))
    if (failed(node.setResult(value, kinds[index], index)))
      return failure();
  return success();
}

static SmallVector<ElementKind> kindsOf(ArrayRef<TensorValue> values) {
  SmallVector<ElementKind> kinds;
  for (const TensorValue &value : values)
    kinds.push_back(value.kind);
  return kinds;
}

//===--------------------------------------------------------------------------===//
// Scan
//===--------------------------------------------------------------------------===//

namespace {
/// Where the sequences of a Scan have their steps, and which of them run backwards.
struct ScanSequences {
  std::vector<int64_t> axes, backwards;
};
} // namespace

static FailureOr<ScanSequences> readSequences(Node &node, const std::string &kind, size_t count) {
  ScanSequences sequences;
  sequences.axes = node.intsAttribute("scan_" + kind + "_axes", std::vector<int64_t>(count, 0));
  sequences.backwards =
      node.intsAttribute("scan_" + kind + "_directions", std::vector<int64_t>(count, 0));
  if (sequences.axes.size() != count || sequences.backwards.size() != count)
    return node.error() << "has " << count << " scan " << kind << "s, but names "
                        << sequences.axes.size() << " axes and " << sequences.backwards.size()
                        << " directions of them";
  return sequences;
}

/// The input sequences in the order of their steps, and the number of these.
static FailureOr<int64_t> readScanInputs(Node &node, size_t first, ScanSequences &sequences,
                                         SmallVector<Value> &values) {
  std::optional<int64_t> steps;
  for (size_t i = 0; i < sequences.axes.size(); ++i) {
    TensorValue &input = node.input(first + i);
    FailureOr<int64_t> axis = node.normalizeAxis(sequences.axes[i], input.rank());
    if (failed(axis))
      return failure();
    int64_t length = input.shape[*axis];
    if (steps.value_or(length) != length || length < 1)
      return node.error() << "its sequences have " << steps.value_or(length) << " and " << length
                          << " steps, must have the same number, at least one";
    steps = length;
    sequences.axes[i] = *axis;
    Value value = node.value(first + i);
    values.push_back(sequences.backwards[i] ? buildReverse(node.builder, node.loc, value, *axis)
                                            : value);
  }
  return *steps;
}

/// Checks the axes of a Scan's output sequences, which count the dimension of the steps.
static LogicalResult checkOutputAxes(Node &node, ArrayRef<int64_t> axes,
                                     ArrayRef<TensorValue> entries) {
  for (auto [axis, entry] : llvm::zip_equal(axes, entries))
    if (axis < 0 || axis > entry.rank())
      return node.unsupportedAttribute("scan_output_axes", std::to_string(axis),
                                       "0 to " + std::to_string(entry.rank()));
  return success();
}

static LogicalResult convertScan(Node &node) {
  FailureOr<const Graph *> body = bodyOf(node);
  if (failed(body))
    return failure();
  int64_t scanned = node.intAttribute("num_scan_inputs", 0);
  size_t count = node.inputCount();
  if (failed(node.expectInputs(count, count)))
    return failure();
  if (scanned < 1 || scanned > static_cast<int64_t>(count) || (*body)->inputs.size() != count ||
      (*body)->outputs.size() + scanned < count)
    return node.error() << "has " << count << " inputs, " << scanned
                        << " of them sequences, its body has " << (*body)->inputs.size()
                        << " inputs and " << (*body)->outputs.size() << " outputs";
  size_t states = count - scanned;
  FailureOr<ScanSequences> in = readSequences(node, "input", scanned),
                           out = readSequences(node, "output", (*body)->outputs.size() - states);
  SmallVector<Value> sequences, initial;
  if (failed(in) || failed(out))
    return failure();
  FailureOr<int64_t> steps = readScanInputs(node, states, *in, sequences);
  if (failed(steps))
    return failure();
  SmallVector<TensorValue> start;
  for (size_t i = 0; i < states; ++i) {
    initial.push_back(node.value(i));
    start.push_back(node.input(i));
  }
  SmallVector<ElementKind> kinds;
  auto step = [&](const CurrentStep &current, ValueRange now) -> FailureOr<StepResults> {
    SmallVector<TensorValue> inputs;
    for (auto [value, state] : llvm::zip_equal(now, start))
      inputs.push_back(valueOf(value, state.kind));
    for (auto [index, sequence] : llvm::enumerate(sequences))
      inputs.push_back(
          valueOf(current.slice(sequence, in->axes[index]), node.input(states + index).kind));
    FailureOr<SmallVector<TensorValue>> outputs = convertBody(node, **body, inputs);
    if (failed(outputs) ||
        failed(checkOutputAxes(node, out->axes, ArrayRef(*outputs).drop_front(states))))
      return failure();
    kinds = kindsOf(*outputs);
    return splitOutputs(node, *outputs, start);
  };
  FailureOr<StepResults> results =
      buildSteps(node.builder, node.loc, *steps, initial, out->axes, step);
  if (failed(results))
    return failure();
  for (auto [index, sequence] : llvm::enumerate(results->entries))
    if (out->backwards[index])
      sequence = buildReverse(node.builder, node.loc, sequence, out->axes[index]);
  return setResults(node, *results, kinds);
}

//===--------------------------------------------------------------------------===//
// Loop
//===--------------------------------------------------------------------------===//

/// Whether a node of the graph, or of one inside of it, reads `name`.
static bool reads(const Graph &graph, const std::string &name) {
  for (const NodeInfo &node : graph.nodes) {
    if (llvm::is_contained(node.inputs, name))
      return true;
    for (const auto &[attribute, value] : node.attributes)
      if (value.graph && reads(*value.graph, name))
        return true;
  }
  return llvm::any_of(graph.outputs, [&](const ValueInfo &out) { return out.name == name; });
}

/// The body's outputs behind the condition, which must stay true.
static FailureOr<SmallVector<TensorValue>> loopOutputs(Node &node, const Graph &body, int64_t step,
                                                       ArrayRef<TensorValue> states) {
  TensorValue number, truth;
  number.kind = ElementKind::I64;
  number.constant = HostTensor::fromInts(ElementKind::I64, {}, {step});
  truth.kind = ElementKind::Bool;
  truth.constant = HostTensor::splat(ElementKind::Bool, {}, 1);
  SmallVector<TensorValue> inputs = {number, truth};
  llvm::append_range(inputs, states);
  FailureOr<SmallVector<TensorValue>> outputs = convertBody(node, body, inputs);
  if (failed(outputs))
    return failure();
  const TensorValue &condition = outputs->front();
  if (!condition.constant || condition.constant->asInt(0) == 0)
    return node.error() << "its condition must stay true until the number of steps that is known "
                           "at import; an end that depends on data is not supported";
  outputs->erase(outputs->begin());
  return outputs;
}

/// Steps one after the other, each with its number.
static LogicalResult writeOut(Node &node, const Graph &body, int64_t steps,
                              SmallVector<TensorValue> states) {
  if (steps > kMaxWrittenSteps)
    return node.error() << "has " << steps << " steps and a body that reads their number; such a "
                        << "loop may have " << kMaxWrittenSteps;
  size_t count = states.size();
  SmallVector<TensorValue> start = states;
  SmallVector<SmallVector<Value>> sequences(body.outputs.size() - count - 1);
  SmallVector<ElementKind> kinds;
  for (int64_t step = 0; step < steps; ++step) {
    FailureOr<SmallVector<TensorValue>> outputs = loopOutputs(node, body, step, states);
    FailureOr<StepResults> made =
        failed(outputs) ? FailureOr<StepResults>() : splitOutputs(node, *outputs, start);
    if (failed(made))
      return failure();
    kinds = kindsOf(*outputs);
    states.assign(outputs->begin(), outputs->begin() + count);
    for (auto [sequence, entry] : llvm::zip_equal(sequences, made->entries)) {
      Shape row = shapeOf(entry).vec();
      row.insert(row.begin(), 1);
      sequence.push_back(buildReshape(node.builder, node.loc, entry, row));
      if (shapeOf(sequence.front()) != shapeOf(sequence.back()))
        return node.error() << "its sequence has entries of shapes "
                            << printShape(shapeOf(sequence.front()).vec()) << " and "
                            << printShape(row) << ", must be the same";
    }
  }
  for (auto [index, state] : llvm::enumerate(states))
    if (failed(node.setResult(state, index)))
      return failure();
  for (auto [index, sequence] : llvm::enumerate(sequences))
    if (failed(node.setResult(buildConcat(node, sequence, 0), kinds[count + index], count + index)))
      return failure();
  return success();
}

/// The results of a loop that makes no step are its initial states.
static LogicalResult setInitial(Node &node, ArrayRef<TensorValue> states) {
  for (size_t i = states.size(); i < node.outputCount(); ++i)
    if (node.wantsOutput(i))
      return node.error() << "makes no step, so that its sequence '" << node.info.outputs[i]
                          << "' would be empty";
  for (auto [index, state] : llvm::enumerate(states))
    if (failed(node.setResult(state, index)))
      return failure();
  return success();
}

static LogicalResult buildLoop(Node &node, const Graph &body, int64_t steps,
                               ArrayRef<TensorValue> states) {
  SmallVector<Value> initial;
  for (size_t i = 0; i < states.size(); ++i)
    initial.push_back(node.value(i + 2));
  SmallVector<ElementKind> kinds;
  SmallVector<int64_t> axes(body.outputs.size() - states.size() - 1, 0);
  FailureOr<StepResults> results =
      buildSteps(node.builder, node.loc, steps, initial, axes,
                 [&](const CurrentStep &, ValueRange now) -> FailureOr<StepResults> {
                   SmallVector<TensorValue> inputs;
                   for (auto [value, state] : llvm::zip_equal(now, states))
                     inputs.push_back(valueOf(value, state.kind));
                   FailureOr<SmallVector<TensorValue>> outputs =
                       loopOutputs(node, body, /*step=*/0, inputs); // the number is not read
                   if (failed(outputs))
                     return failure();
                   kinds = kindsOf(*outputs);
                   return splitOutputs(node, *outputs, states);
                 });
  return failed(results) ? failure() : setResults(node, *results, kinds);
}

static LogicalResult convertLoop(Node &node) {
  FailureOr<const Graph *> body = bodyOf(node);
  if (failed(body))
    return failure();
  const HostTensor *trips = node.constant(0), *condition = node.constant(1);
  if (!trips || trips->count() != 1)
    return node.error() << "its number of steps must be known at import";
  if (node.hasInput(1) && !condition)
    return node.error() << "its condition must be known at import";
  SmallVector<TensorValue> states;
  for (size_t i = 2; i < node.inputCount(); ++i) {
    if (!node.hasInput(i))
      return node.error() << "its input " << i << " is missing";
    states.push_back(node.input(i));
  }
  size_t count = states.size();
  if ((*body)->inputs.size() != count + 2 || (*body)->outputs.size() < count + 1)
    return node.error() << "has " << count << " states, its body has " << (*body)->inputs.size()
                        << " inputs and " << (*body)->outputs.size() << " outputs";
  int64_t steps = condition && condition->asInt(0) == 0 ? 0 : trips->asInt(0);
  if (steps < 1)
    return setInitial(node, states);
  if (reads(**body, (*body)->inputs[0].name))
    return writeOut(node, **body, steps, std::move(states));
  return buildLoop(node, **body, steps, states);
}

ArrayRef<OpEntry> loopOps() {
  static const OpEntry table[] = {{"", "Loop", 1, convertLoop}, {"", "Scan", 9, convertScan}};
  return table;
}

} // namespace cimc::frontend
