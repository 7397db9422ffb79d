//===- LiveRows.cpp - Memory of streams before there are cores -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op is one stage of one core without limits; the rings that the scheduler lays out are the
// rows that live.
//
//===--------------------------------------------------------------------------===//

#include "LiveRows.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Mapping/Schedule.h"

using namespace mlir;

namespace cimc::cim {

namespace {

/// The schedule problem of a logical function.
class Translation {
public:
  explicit Translation(func::FuncOp function) {
    problem.cores = 1;
    problem.memoryBytesPerCore = mapping::kUnlimitedMemory;
    problem.useSpareMemory = false;
    function.walk([&](Operation *op) {
      if (isa<InputOp, StageOpInterface>(op) && isRowTensor(op->getResult(0).getType()))
        addStage(op);
    });
    function.walk([&](StageOpInterface op) { connect(op); });
  }

  mapping::ScheduleProblem problem;
  llvm::SmallVector<Value> values; ///< by stream

private:
  void addStage(Operation *op) {
    Value value = op->getResult(0);
    auto number = static_cast<int64_t>(values.size());
    numbers[value] = number;
    values.push_back(value);
    int64_t rows = getNumRows(value.getType());
    problem.streams.push_back({op->getName().getStringRef().str(), rows, 1});
    mapping::Stage stage;
    stage.firings = rows;
    stage.outputs = {number};
    problem.stages.push_back(std::move(stage));
  }

  void addInput(mapping::Stage &stage, Value operand, mapping::RowMap rows, bool feedback) {
    auto number = numbers.find(operand);
    if (number == numbers.end())
      return;
    mapping::StageInput input{number->second, rows, false};
    input.feedback = feedback;
    stage.inputs.push_back(input);
  }

  void connect(StageOpInterface op) {
    auto number = numbers.find(op->getResult(0));
    if (number == numbers.end())
      return;
    mapping::Stage &stage = problem.stages[static_cast<size_t>(number->second)];
    for (auto [index, operand] : llvm::enumerate(op->getOperands()))
      if (isRowTensor(operand.getType()))
        addInput(stage, operand, op.getRowMap(static_cast<unsigned>(index)), false);
    if (auto delay = dyn_cast<DelayOp>(op.getOperation()))
      if (FeedOp feed = delay.getFeed())
        addInput(stage, feed.getNext(), delay.getRowMap(1), true);
  }

  llvm::DenseMap<Value, int64_t> numbers;
};

} // namespace

llvm::DenseMap<Value, int64_t> countLiveRows(func::FuncOp function) {
  Translation translation(function);
  llvm::DenseMap<Value, int64_t> live;
  Result<mapping::Schedule> schedule = mapping::schedule(translation.problem);
  if (!schedule)
    return live;
  for (Value value : translation.values)
    live[value] = 1;
  for (const mapping::CoreSchedule &core : schedule->cores)
    for (const mapping::Region &region : core.regions)
      if (region.kind == mapping::Region::Kind::Rows)
        live[translation.values[static_cast<size_t>(region.stream)]] = region.rows;
  return live;
}

} // namespace cimc::cim
