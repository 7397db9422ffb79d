//===- Evaluator.cpp - Computes what a model means ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Preparation walks the function in order and asks the table of its op's part for a kernel. Then
// buffers are placed: by decreasing size, each at the lowest offset where no buffer that is live at
// the same time lies.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Reference/Evaluator.h"

#include "FloatLayers.h"
#include "Kernels.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <cstring>
#include <thread>

using namespace mlir;

namespace cimc::reference {

struct Plan {
  func::FuncOp function;
  Preparation prep;
  std::vector<Step> steps;
  SmallVector<Slot> arguments, results;
  SmallVector<int64_t> inputBytes, outputBytes;
  int64_t arenaBytes = 0;
};

//===--------------------------------------------------------------------------===//
// Preparation
//===--------------------------------------------------------------------------===//

int64_t elementBytes(Type type) {
  if (type.isF32() || type.isInteger(32))
    return 4;
  if (type.isInteger(8) || type.isInteger(1))
    return 1;
  if (type.isInteger(16))
    return 2;
  if (type.isInteger(64) || type.isIndex())
    return 8;
  return 0;
}

SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

namespace {

int64_t byteSize(Value value) { return countOf(value) * elementBytes(elementOf(value)); }

} // namespace

Slot Preparation::newSlot(int64_t bytes) {
  SlotInfo info;
  info.bytes = bytes;
  info.root = slots.size();
  info.first = info.last = current;
  slots.push_back(info);
  return info.root;
}

Slot Preparation::read(Value value) {
  Slot slot = values.lookup(value);
  slots[slots[slot].root].last = current;
  return slot;
}

Slot Preparation::write(Value value) { return values[value] = newSlot(byteSize(value)); }
Slot Preparation::scratch(int64_t bytes) { return newSlot(bytes); }

void Preparation::alias(Value result, Value source) {
  Slot slot = read(source);
  values[result] = slot;
}

const char *Preparation::constant(Value value) {
  auto it = values.find(value);
  return it == values.end() ? nullptr : slots[it->second].constant;
}

std::vector<char> &Preparation::keep(int64_t bytes) { return kept.emplace_back(bytes); }

void Preparation::addConstant(Value value, ArrayRef<char> bytes) {
  Slot slot = write(value);
  int64_t needed = byteSize(value);
  if (static_cast<int64_t>(bytes.size()) < needed) { // a splat
    std::vector<char> &all = keep(needed);
    for (int64_t at = 0; at < needed; at += bytes.size())
      std::memcpy(all.data() + at, bytes.data(), bytes.size());
    bytes = all;
  }
  slots[slot].constant = bytes.data();
  slots[slot].external = true;
}

void Preparation::extendTo(int first, Slot known) {
  for (Slot slot = 0; slot < known; ++slot)
    if (slots[slot].last >= first)
      slots[slot].last = current;
}

void Preparation::addArgument(Value value) { slots[write(value)].external = true; }

namespace {

/// Kernels by op name.
const llvm::StringMap<PrepareFn> &opTable() {
  static const llvm::StringMap<PrepareFn> table = [] {
    llvm::StringMap<PrepareFn> all;
    for (ArrayRef<OpEntry> part : {layerOps(), poolingOps(), movementOps(), elementwiseOps()})
      for (const OpEntry &entry : part)
        all[entry.name] = entry.prepare;
    return all;
  }();
  return table;
}

/// Constants, empty tensors and shapes need no kernel.
bool isKnownWithoutKernel(Operation &op, Plan &plan) {
  if (isa<func::ReturnOp, scf::YieldOp>(op))
    return true;
  if (op.getNumResults() != 1 || !isa<RankedTensorType>(op.getResult(0).getType()))
    return op.hasTrait<OpTrait::ConstantLike>() ||
           op.getName().getStringRef() == "tosa.const_shape";
  ElementsAttr elements = getConstantElements(op.getResult(0));
  if (!elements)
    return false;
  // Truth values are packed in an attribute; in memory each has a byte.
  if (auto bits = dyn_cast<DenseElementsAttr>(elements);
      bits && bits.getElementType().isInteger(1)) {
    std::vector<char> &all = plan.prep.keep(bits.getNumElements());
    llvm::copy(bits.getValues<bool>(), all.begin());
    plan.prep.addConstant(op.getResult(0), all);
    return true;
  }
  std::optional<ArrayRef<char>> bytes = getRawBytes(elements);
  if (!bytes || bytes->empty())
    return false;
  plan.prep.addConstant(op.getResult(0), *bytes);
  return true;
}

LogicalResult checkTypes(Operation &op) {
  for (Type type : llvm::concat<const Type>(llvm::to_vector(op.getOperandTypes()),
                                            llvm::to_vector(op.getResultTypes()))) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (isa<TensorType>(type) && (!tensor || !tensor.hasStaticShape()))
      return op.emitError("shapes must be static to evaluate the model, found ") << type;
    if (tensor && elementBytes(tensor.getElementType()) == 0)
      return op.emitError(
                 "element type must be f32, i1, i8, i32 or i64 to evaluate the model, found ")
             << tensor.getElementType();
  }
  return success();
}

LogicalResult prepareLoop(scf::ForOp loop, Plan &plan, std::vector<Step> &steps);

/// Whether an op's elements come from constants alone, such as weights behind a dequantise. An
/// empty tensor to write into does not count.
bool readsOnlyConstants(Operation &op, Preparation &prep) {
  bool any = false;
  for (Value operand : op.getOperands()) {
    if (!prep.values.count(operand) || operand.getDefiningOp<tensor::EmptyOp>())
      continue;
    if (!prep.constant(operand))
      return false;
    any = true;
  }
  return any && op.getNumResults() == 1 && !prep.constant(op.getResult(0));
}

/// Runs a kernel now, so that its result is a constant for those after it. `known` is the number of
/// slots before the kernel was made.
void foldKernel(const Kernel &kernel, Value result, Slot known, Preparation &prep) {
  Frame frame;
  for (Slot slot = 0; slot < static_cast<Slot>(prep.slots.size()); ++slot) {
    const SlotInfo &info = prep.slots[slot];
    frame.slots.push_back(const_cast<char *>(info.constant));
    if (slot >= known && !info.constant)
      frame.slots.back() = prep.keep(info.bytes).data();
  }
  SingleThreadScope scope;
  kernel(frame);
  Slot slot = prep.values.lookup(result);
  prep.slots[slot].constant = frame.slots[slot];
  prep.slots[slot].external = true;
}

LogicalResult prepareOp(Operation &op, Plan &plan, std::vector<Step> &steps) {
  if (failed(checkTypes(op)))
    return failure();
  if (isKnownWithoutKernel(op, plan))
    return success();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return prepareLoop(loop, plan, steps);
  auto entry = opTable().find(op.getName().getStringRef());
  if (entry == opTable().end())
    return op.emitError("op '") << op.getName() << "' has no evaluation";
  Slot known = plan.prep.slots.size();
  FailureOr<Kernel> kernel = entry->second(&op, plan.prep);
  if (failed(kernel))
    return failure();
  if (readsOnlyConstants(op, plan.prep)) {
    foldKernel(*kernel, op.getResult(0), known, plan.prep);
    kernel = Kernel([](Frame &) {}); // observers still see the value
  }
  steps.push_back({std::move(*kernel), SmallVector<Value, 1>(op.getResults()), {}});
  ++plan.prep.current;
  return success();
}

/// Copies that give the states their next values. A value that is another state's memory is taken
/// aside first, as that state may change before it is read.
std::vector<SlotCopy> nextStates(scf::ForOp loop, ArrayRef<Slot> states, Preparation &prep) {
  std::vector<SlotCopy> aside, copies;
  for (auto [state, yielded] : llvm::zip_equal(states, loop.getYieldedValues())) {
    Slot from = prep.read(yielded);
    int64_t bytes = byteSize(yielded);
    if (from == state)
      continue;
    if (llvm::is_contained(states, from)) {
      Slot copy = prep.scratch(bytes);
      aside.push_back({from, copy, bytes});
      from = copy;
    }
    copies.push_back({from, state, bytes});
  }
  aside.insert(aside.end(), copies.begin(), copies.end());
  return aside;
}

LogicalResult prepareLoop(scf::ForOp loop, Plan &plan, std::vector<Step> &steps) {
  Preparation &prep = plan.prep;
  std::optional<int64_t> trips = stepsOf(loop);
  if (!trips)
    return loop.emitError("must count from 0 by 1 to a constant to be evaluated");
  auto made = std::make_shared<LoopPlan>();
  made->trips = *trips;
  int first = prep.current;
  SmallVector<Slot> states;
  for (auto [init, argument] : llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs())) {
    Slot from = prep.read(init);
    states.push_back(prep.write(argument));
    made->enter.push_back({from, states.back(), byteSize(init)});
  }
  made->index = prep.scratch(sizeof(int64_t));
  prep.values[loop.getInductionVar()] = made->index;
  Slot known = prep.slots.size();
  ++prep.current;
  for (Operation &op : *loop.getBody())
    if (failed(prepareOp(op, plan, made->body)))
      return failure();
  made->next = nextStates(loop, states, prep);
  for (auto [argument, result] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults()))
    prep.alias(result, argument);
  for (Slot state : states)
    prep.slots[state].last = prep.current;
  prep.slots[made->index].last = prep.current;
  prep.extendTo(first, known);
  ++prep.current;
  steps.push_back({{}, SmallVector<Value, 1>(loop.getResults()), std::move(made)});
  return success();
}

/// Gives every slot that is its own root a place in the arena.
int64_t placeBuffers(std::vector<SlotInfo> &slots) {
  constexpr int64_t kAlign = 64;
  std::vector<Slot> order;
  for (Slot slot = 0; slot < static_cast<Slot>(slots.size()); ++slot)
    if (!slots[slot].external && slots[slot].root == slot)
      order.push_back(slot);
  llvm::stable_sort(order, [&](Slot a, Slot b) { return slots[a].bytes > slots[b].bytes; });
  std::vector<Slot> placed; // ordered by offset
  int64_t total = 0;
  for (Slot slot : order) {
    SlotInfo &info = slots[slot];
    int64_t offset = 0;
    for (Slot other : placed) {
      const SlotInfo &o = slots[other];
      if (o.last < info.first || info.last < o.first)
        continue;
      if (offset + info.bytes <= o.offset)
        break;
      offset = std::max<int64_t>(offset, llvm::alignTo(o.offset + o.bytes, kAlign));
    }
    info.offset = offset;
    total = std::max<int64_t>(total, llvm::alignTo(offset + info.bytes, kAlign));
    placed.insert(
        llvm::upper_bound(placed, slot,
                          [&](Slot a, Slot b) { return slots[a].offset < slots[b].offset; }),
        slot);
  }
  return total;
}

} // namespace

Evaluator::Evaluator(std::unique_ptr<Plan> plan) : plan(std::move(plan)) {}
Evaluator::~Evaluator() = default;

FailureOr<std::unique_ptr<Evaluator>> Evaluator::create(func::FuncOp function) {
  auto plan = std::make_unique<Plan>();
  plan->function = function;
  if (!function.getBody().hasOneBlock())
    return function.emitError("must have one block to be evaluated");
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape() || elementBytes(type.getElementType()) == 0)
      return function.emitError("arguments must be static tensors to evaluate the model, found ")
             << argument.getType();
    plan->prep.addArgument(argument);
    plan->arguments.push_back(plan->prep.read(argument));
    plan->inputBytes.push_back(byteSize(argument));
  }
  bool ok = true;
  for (Operation &op : function.front()) {
    ok = succeeded(prepareOp(op, *plan, plan->steps)) && ok;
    if (!ok) // values that later ops read are missing
      return failure();
  }
  for (Value result : function.front().getTerminator()->getOperands()) {
    plan->results.push_back(plan->prep.read(result));
    plan->outputBytes.push_back(byteSize(result));
  }
  plan->arenaBytes = placeBuffers(plan->prep.slots);
  return std::unique_ptr<Evaluator>(new Evaluator(std::move(plan)));
}

FailureOr<std::unique_ptr<Evaluator>> Evaluator::create(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no function @main to evaluate");
  return create(function);
}

func::FuncOp Evaluator::function() const { return plan->function; }
int64_t Evaluator::inputBytes(unsigned i) const { return plan->inputBytes[i]; }
int64_t Evaluator::outputBytes(unsigned i) const { return plan->outputBytes[i]; }
int64_t Evaluator::bufferBytes() const { return plan->arenaBytes; }

//===--------------------------------------------------------------------------===//
// Running
//===--------------------------------------------------------------------------===//

struct Session::Buffers {
  std::unique_ptr<char, void (*)(char *)> arena{
      nullptr, [](char *p) { ::operator delete(p, std::align_val_t(64)); }};
  Frame frame;
};

Session::Session(const Evaluator &evaluator)
    : evaluator(evaluator), buffers(std::make_unique<Buffers>()) {
  const Plan &plan = *evaluator.plan;
  buffers->arena.reset(static_cast<char *>(
      ::operator new(std::max<int64_t>(plan.arenaBytes, 64), std::align_val_t(64))));
  buffers->frame.slots.resize(plan.prep.slots.size());
  for (auto [pointer, info] : llvm::zip_equal(buffers->frame.slots, plan.prep.slots)) {
    if (info.constant)
      pointer = const_cast<char *>(info.constant);
    else if (!info.external)
      pointer = buffers->arena.get() + info.offset;
  }
}

Session::~Session() = default;

static void copySlots(Frame &frame, ArrayRef<SlotCopy> copies) {
  for (const SlotCopy &copy : copies)
    std::memcpy(frame.slots[copy.to], frame.slots[copy.from], copy.bytes);
}

static void runSteps(const Plan &plan, ArrayRef<Step> steps, Frame &frame, Observer observer) {
  for (const Step &step : steps) {
    if (step.loop) {
      copySlots(frame, step.loop->enter);
      for (int64_t trip = 0; trip < step.loop->trips; ++trip) {
        *frame.at<int64_t>(step.loop->index) = trip;
        runSteps(plan, step.loop->body, frame, observer);
        copySlots(frame, step.loop->next);
      }
    } else {
      step.kernel(frame);
    }
    for (Value result : step.results)
      if (auto it = plan.prep.values.find(result); it != plan.prep.values.end())
        observer(result, ArrayRef<char>(frame.slots[it->second], byteSize(result)));
  }
}

void Session::run(ArrayRef<const char *> inputs, ArrayRef<char *> outputs, Observer observer) {
  Plan &plan = *evaluator.plan;
  Frame &frame = buffers->frame;
  frame.draws = 0;
  SingleThreadScope scope;
  for (auto [i, slot] : llvm::enumerate(plan.arguments)) {
    frame.slots[slot] = const_cast<char *>(inputs[i]);
    observer(plan.function.front().getArgument(i), ArrayRef<char>(inputs[i], plan.inputBytes[i]));
  }
  runSteps(plan, plan.steps, frame, observer);
  for (auto [i, slot] : llvm::enumerate(plan.results))
    if (outputs[i])
      std::memcpy(outputs[i], frame.slots[slot], plan.outputBytes[i]);
}

unsigned defaultThreads() { return std::max(1u, std::thread::hardware_concurrency()); }

void runSamples(const Evaluator &evaluator, int64_t samples, ArrayRef<const char *> inputs,
                ArrayRef<char *> outputs, unsigned threads, const SampleObserver &observer) {
  if (threads == 0)
    threads = defaultThreads();
  threads = std::max<int64_t>(1, std::min<int64_t>(threads, samples));
  auto work = [&](unsigned thread) {
    Session session(evaluator);
    SmallVector<const char *> in(inputs.size());
    SmallVector<char *> out(outputs.size());
    for (int64_t sample = thread; sample < samples; sample += threads) {
      for (unsigned i = 0; i < inputs.size(); ++i)
        in[i] = inputs[i] + sample * evaluator.inputBytes(i);
      for (unsigned i = 0; i < outputs.size(); ++i)
        out[i] = outputs[i] ? outputs[i] + sample * evaluator.outputBytes(i) : nullptr;
      session.run(in, out, [&](Value value, ArrayRef<char> data) {
        if (observer)
          observer(thread, sample, value, data);
      });
    }
  };
  std::vector<std::thread> pool;
  for (unsigned thread = 1; thread < threads; ++thread)
    pool.emplace_back(work, thread);
  work(0);
  for (std::thread &thread : pool)
    thread.join();
}

} // namespace cimc::reference
