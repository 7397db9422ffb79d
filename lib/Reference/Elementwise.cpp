//===- Elementwise.cpp - Evaluation of elementwise generics ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The result is computed in blocks of a few hundred elements in C order. For that every input must
// lie like the result (linear) or repeat with a period that divides the block (a scalar, a value
// per channel). Inputs that do neither are spread to the result's shape first: constants once,
// others in every run.
//
//===--------------------------------------------------------------------------===//

#include "ElementwiseOps.h"
#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

#include <cstring>

using namespace mlir;

namespace cimc::reference {
namespace {

constexpr int64_t kBlock = 512, kLongestPeriod = 4096;

/// Where a block register's data is.
struct Register {
  RegisterType type;
  /// The block of a temporary in the kernel's scratch memory, in bytes; or
  int64_t scratch = -1;
  /// a constant block; or
  const char *constant = nullptr;
  /// the input whose elements are the register's own form.
  int input = -1;
};

struct Instruction {
  VectorFn fn;
  int operands[3] = {-1, -1, -1};
  int result;
};

struct Input {
  Slot slot;
  int64_t elementBytes;
  /// Index in registers for inputs that are loaded by conversion.
  VectorFn load = nullptr;
  int reg = -1;
  /// Elements after which the input repeats within a block; 0: linear.
  int64_t period = 0;
  /// For spreading: where it goes and how.
  Slot spread = -1;
  SmallVector<int64_t> strides;
};

struct Program {
  SmallVector<int64_t> shape;
  int64_t count, block = kBlock;
  std::vector<Input> inputs;
  std::vector<Register> registers;
  std::vector<Instruction> instructions;
  int result;
  VectorFn store;
  Slot out, scratch;
  int64_t outBytes, scratchBytes = 0;
};

/// Element strides of an input along the dimensions of the result; none if the map is outside the
/// contract.
std::optional<SmallVector<int64_t>> stridesAlong(AffineMap map, Value input) {
  SmallVector<int64_t> own = rowMajorStrides(shapeOf(input)), strides(map.getNumDims(), 0);
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      strides[dim.getPosition()] += own[i];
    else if (auto constant = dyn_cast<AffineConstantExpr>(expr);
             !constant || constant.getValue() != 0)
      return std::nullopt;
  }
  return strides;
}

/// 0 if the input is linear, its period if it repeats, -1 otherwise.
int64_t periodOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  int64_t expected = 1, period = 1;
  bool repeats = false;
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    if (shape[i] == 1)
      continue;
    if (strides[i] == 0) {
      repeats = true;
    } else {
      if (repeats || strides[i] != expected)
        return -1;
      period *= shape[i];
    }
    expected *= shape[i];
  }
  return repeats ? period : 0;
}

/// Writes the input, `bytes` wide, in the order of the result.
template <typename T>
void spreadAs(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, const T *from, T *&to,
              size_t depth) {
  if (depth == shape.size()) {
    *to++ = *from;
    return;
  }
  for (int64_t i = 0; i < shape[depth]; ++i)
    spreadAs(shape, strides, from + i * strides[depth], to, depth + 1);
}

void spreadInput(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, int64_t bytes,
                 const char *from, char *to) {
  auto typed = [&]<typename T>(T) {
    T *target = reinterpret_cast<T *>(to);
    spreadAs(shape, strides, reinterpret_cast<const T *>(from), target, 0);
  };
  if (bytes == 1)
    typed(int8_t());
  else if (bytes == 2)
    typed(int16_t());
  else if (bytes == 4)
    typed(int32_t());
  else
    typed(int64_t());
}

/// Makes a Program from a generic.
class Compiler {
public:
  Compiler(linalg::GenericOp op, Preparation &prep) : op(op), prep(prep) {}

  FailureOr<Program> compile() {
    Value result = op.getResult(0);
    program.shape.assign(shapeOf(result).begin(), shapeOf(result).end());
    program.count = countOf(result);
    if (failed(addInputs()) || failed(addBody()))
      return failure();
    program.out = prep.write(result);
    program.outBytes = elementBytes(elementOf(result));
    program.store = storeFunction(elementOf(result));
    program.scratch = prep.scratch(program.scratchBytes);
    return std::move(program);
  }

private:
  int newRegister(Type type) {
    Register reg;
    reg.type = *registerType(type);
    reg.scratch = program.scratchBytes;
    program.scratchBytes += llvm::alignTo(program.block * registerBytes(reg.type), 64);
    program.registers.push_back(reg);
    return program.registers.size() - 1;
  }

  /// A register whose block never changes: `period` elements of `type`, over and over.
  int constantRegister(Type type, const char *data, int64_t period) {
    Register reg;
    reg.type = *registerType(type);
    int64_t size = elementBytes(type), wide = registerBytes(reg.type);
    std::vector<char> memory(program.block * size), &block = prep.keep(program.block * wide);
    for (int64_t i = 0; i < program.block; ++i)
      std::memcpy(memory.data() + i * size, data + i % period * size, size);
    if (VectorFn load = loadFunction(type)) {
      const void *in[3] = {memory.data(), nullptr, nullptr};
      load(program.block, in, block.data());
    } else {
      std::memcpy(block.data(), memory.data(), memory.size());
    }
    reg.constant = block.data();
    program.registers.push_back(reg);
    return program.registers.size() - 1;
  }

  /// Chooses the block's length so that the periods divide it; the rest is spread.
  void choosePeriods(MutableArrayRef<int64_t> periods) {
    int64_t common = 1;
    for (int64_t &period : periods) {
      if (period <= 0)
        continue;
      int64_t both = std::lcm(common, period);
      if (both > kLongestPeriod)
        period = -1;
      else
        common = both;
    }
    program.block = common * std::max<int64_t>(1, kBlock / common);
  }

  LogicalResult addInputs() {
    SmallVector<int64_t> periods;
    SmallVector<SmallVector<int64_t>> strides;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      std::optional<SmallVector<int64_t>> along;
      if (isa<RankedTensorType>(operand->get().getType()))
        along = stridesAlong(op.getMatchingIndexingMap(operand), operand->get());
      if (!along)
        return op.emitError("indexing maps must be projected permutations to evaluate the model");
      periods.push_back(periodOf(program.shape, *along));
      strides.push_back(*along);
    }
    choosePeriods(periods);
    for (OpOperand *operand : op.getDpsInputOperands())
      addInput(*operand, periods[operand->getOperandNumber()],
               strides[operand->getOperandNumber()]);
    return success();
  }

  void addInput(OpOperand &operand, int64_t period, ArrayRef<int64_t> strides) {
    Value value = operand.get();
    Type type = elementOf(value);
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    const char *constant = prep.constant(value);
    if (constant && period > 0) {
      registers[argument] = constantRegister(type, constant, period);
      return;
    }
    Input input;
    input.elementBytes = elementBytes(type);
    input.slot = prep.read(value);
    input.load = loadFunction(type);
    if (period != 0) {
      input.strides.assign(strides.begin(), strides.end());
      if (constant) {
        std::vector<char> &all = prep.keep(program.count * input.elementBytes);
        spreadInput(program.shape, strides, input.elementBytes, constant, all.data());
        input.slot = prep.scratch(0);
        prep.slots[input.slot].constant = all.data();
        prep.slots[input.slot].external = true;
      } else {
        input.spread = prep.scratch(program.count * input.elementBytes);
      }
    }
    if (input.load) {
      input.reg = newRegister(type);
    } else {
      Register reg;
      reg.type = *registerType(type);
      reg.input = program.inputs.size();
      program.registers.push_back(reg);
      input.reg = program.registers.size() - 1;
    }
    registers[argument] = input.reg;
    program.inputs.push_back(std::move(input));
  }

  FailureOr<int> literal(Value value) {
    Attribute attr;
    if (!matchPattern(value, m_Constant(&attr)) || !registerType(value.getType()))
      return failure();
    auto type = RankedTensorType::get({1}, value.getType());
    if (value.getType().isInteger(1)) { // packed in an attribute
      char bit = cast<IntegerAttr>(attr).getValue().getBoolValue();
      return constantRegister(value.getType(), &bit, 1);
    }
    return constantRegister(
        value.getType(),
        DenseElementsAttr::get(type, ArrayRef<Attribute>(attr)).getRawData().data(), 1);
  }

  LogicalResult addBody() {
    for (Operation &inner : op.getBody()->without_terminator()) {
      if (inner.hasTrait<OpTrait::ConstantLike>()) {
        FailureOr<int> reg = literal(inner.getResult(0));
        if (failed(reg))
          return inner.emitError("constant of this type has no evaluation");
        registers[inner.getResult(0)] = *reg;
        continue;
      }
      VectorFn fn = vectorFunction(&inner);
      if (!fn)
        return inner.emitError("op '") << inner.getName() << "' has no evaluation";
      Instruction instruction{fn, {-1, -1, -1}, -1};
      for (auto [i, operand] : llvm::enumerate(inner.getOperands())) {
        FailureOr<int> reg = registerOf(operand);
        if (failed(reg))
          return inner.emitError("operand must come from the body or its inputs to be evaluated");
        instruction.operands[i] = *reg;
      }
      Type type = inner.getResult(0).getType();
      instruction.result = registers[inner.getResult(0)] = newRegister(type);
      program.instructions.push_back(instruction);
      if (VectorFn wrap = wrapFunction(type))
        program.instructions.push_back({wrap, {instruction.result, -1, -1}, instruction.result});
    }
    FailureOr<int> result = registerOf(op.getBody()->getTerminator()->getOperand(0));
    if (failed(result))
      return op.emitError(
          "the result of the body must come from the body or its inputs to be evaluated");
    program.result = *result;
    return success();
  }

  FailureOr<int> registerOf(Value value) {
    auto it = registers.find(value);
    if (it != registers.end())
      return it->second;
    FailureOr<int> reg = literal(value); // a literal from outside the body
    if (succeeded(reg))
      registers[value] = *reg;
    return reg;
  }

  linalg::GenericOp op;
  Preparation &prep;
  Program program;
  DenseMap<Value, int> registers;
};

void runProgram(const Program &p, Frame &frame) {
  char *scratch = frame.slots[p.scratch];
  SmallVector<const char *, 4> sources;
  for (const Input &input : p.inputs) {
    if (input.spread >= 0)
      spreadInput(p.shape, input.strides, input.elementBytes, frame.slots[input.slot],
                  frame.slots[input.spread]);
    sources.push_back(frame.slots[input.spread >= 0 ? input.spread : input.slot]);
  }
  for (int64_t start = 0; start < p.count; start += p.block) {
    int64_t n = std::min(p.block, p.count - start);
    auto pointer = [&](int reg) -> const void * {
      if (reg < 0)
        return nullptr;
      const Register &r = p.registers[reg];
      return r.constant     ? r.constant
             : r.input >= 0 ? sources[r.input] + start * p.inputs[r.input].elementBytes
                            : scratch + r.scratch;
    };
    for (auto [i, input] : llvm::enumerate(p.inputs)) {
      const void *in[3] = {sources[i] + start * input.elementBytes, nullptr, nullptr};
      if (input.load)
        input.load(n, in, scratch + p.registers[input.reg].scratch);
    }
    for (const Instruction &instruction : p.instructions) {
      const void *in[3] = {pointer(instruction.operands[0]), pointer(instruction.operands[1]),
                           pointer(instruction.operands[2])};
      instruction.fn(n, in, scratch + p.registers[instruction.result].scratch);
    }
    const void *result[3] = {pointer(p.result), nullptr, nullptr};
    char *target = frame.slots[p.out] + start * p.outBytes;
    if (p.store)
      p.store(n, result, target);
    else
      std::memcpy(target, result[0], n * p.outBytes);
  }
}

FailureOr<Kernel> prepareGeneric(Operation *op, Preparation &prep) {
  auto generic = cast<linalg::GenericOp>(op);
  if (generic.getNumParallelLoops() != generic.getNumLoops() || generic.getNumDpsInits() != 1 ||
      op->getNumResults() != 1 ||
      !generic.getMatchingIndexingMap(generic.getDpsInitOperand(0)).isIdentity() ||
      generic.payloadUsesValueFromOperand(generic.getDpsInitOperand(0)))
    return op->emitError("generic must be elementwise with one result to evaluate the model");
  FailureOr<Program> program = Compiler(generic, prep).compile();
  if (failed(program))
    return failure();
  auto shared = std::make_shared<Program>(std::move(*program));
  return Kernel([shared](Frame &f) { runProgram(*shared, f); });
}

constexpr OpEntry kOps[] = {{"linalg.generic", prepareGeneric}};

} // namespace

ArrayRef<OpEntry> elementwiseOps() { return kOps; }

} // namespace cimc::reference
