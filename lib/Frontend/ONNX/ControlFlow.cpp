//===- ControlFlow.cpp - Branches -------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A branch whose condition is known at import takes the place of its If. Otherwise both branches
// are computed and every result is selected, since chips have no control flow that depends on data.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace cimc::frontend {

/// Converts the branch in attribute `name` and returns what it yields.
static FailureOr<std::vector<TensorValue>> convertBranch(Node &node, const char *name) {
  const AttributeValue *branch = node.attribute(name);
  if (!branch)
    return node.error() << "has no attribute '" << name << "'";
  if (failed(node.context.convertGraph(*branch->graph)))
    return failure();
  std::vector<TensorValue> results;
  for (const ValueInfo &output : branch->graph->outputs) {
    TensorValue *value = node.context.lookup(output.name);
    if (!value)
      return node.error() << "output '" << output.name << "' of its " << name
                          << " is not defined by any node";
    results.push_back(*value);
  }
  if (results.size() < node.outputCount())
    return node.error() << "has " << node.outputCount() << " outputs, its " << name << " has "
                        << results.size();
  return results;
}

/// Result `index` of both branches, chosen by the condition while the network runs.
static LogicalResult setSelected(Node &node, TensorValue &yes, TensorValue &no, size_t index) {
  if (yes.shape != no.shape || yes.kind != no.kind)
    return node.error() << "its condition ('" << node.info.inputs[0]
                        << "') is not known at import, and its branches yield "
                        << elementName(yes.kind) << " of shape " << printShape(yes.shape) << " and "
                        << elementName(no.kind) << " of shape " << printShape(no.shape)
                        << ", must be the same";
  Value condition =
      buildReshape(node.builder, node.loc, node.value(0), yes.shape.empty() ? Shape() : Shape{1});
  Value values[] = {condition, node.context.materialize(yes, node.loc, "then"),
                    node.context.materialize(no, node.loc, "else")};
  Value result = buildElementwise(
      node.builder, node.loc, values, yes.shape, elementType(node.builder.getContext(), yes.kind),
      [](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return arith::SelectOp::create(b, loc, args[0], args[1], args[2]);
      });
  return node.setResult(result, yes.kind, index);
}

static LogicalResult convertIf(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  TensorValue condition = node.input(0);
  if (condition.kind != ElementKind::Bool || elementCount(condition.shape) != 1)
    return node.error() << "its condition is " << elementName(condition.kind) << " of shape "
                        << printShape(condition.shape) << ", must be one bool";
  if (condition.constant) {
    FailureOr<std::vector<TensorValue>> results =
        convertBranch(node, condition.constant->asInt(0) ? "then_branch" : "else_branch");
    for (size_t i = 0; succeeded(results) && i < node.outputCount(); ++i)
      if (failed(node.setResult((*results)[i], i)))
        return failure();
    return success(succeeded(results));
  }
  FailureOr<std::vector<TensorValue>> yes = convertBranch(node, "then_branch"),
                                      no = convertBranch(node, "else_branch");
  if (failed(yes) || failed(no))
    return failure();
  for (size_t i = 0; i < node.outputCount(); ++i)
    if (node.wantsOutput(i) && failed(setSelected(node, (*yes)[i], (*no)[i], i)))
      return failure();
  return success();
}

ArrayRef<OpEntry> controlFlowOps() {
  static const OpEntry table[] = {{"", "If", 1, convertIf}};
  return table;
}

} // namespace cimc::frontend
