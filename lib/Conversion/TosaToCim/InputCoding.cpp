//===- InputCoding.cpp - Values that arrays cannot take -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sign-magnitude converter of 8 bits has no -128. Where a layer's input may have that value (its
// producers' clamps, tables and padding tell), the array is read twice, or the value is made -127
// if the user prefers that.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace cimc::conversion {

namespace {

constexpr int32_t kLowest = -128;

/// Whether elements of i8 streams may be -128.
class LowestValue {
public:
  bool mayHold(Value value) {
    auto [found, isNew] = known.try_emplace(value, true);
    if (!isNew)
      return found->second;
    bool result = ask(value); // may grow the map
    known[value] = result;
    return result;
  }

private:
  static bool isLowest(Attribute attr) {
    auto integer = dyn_cast<IntegerAttr>(attr);
    return integer && integer.getInt() <= kLowest;
  }

  static bool tableHoldsLowest(cim::LookupOp op) {
    FailureOr<std::vector<int8_t>> table = cim::readElements<int8_t>(op.getTable());
    return failed(table) || llvm::is_contained(*table, static_cast<int8_t>(kLowest));
  }

  bool ask(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return true;
    auto anyOperand = [&] {
      return llvm::any_of(op->getOperands(), [&](Value operand) { return mayHold(operand); });
    };
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case<cim::ForwardOp, cim::RequantizeOp, cim::QuantizeOp, cim::AddOp>(
            [](auto stage) { return stage.getClamp()[0] <= kLowest; })
        .Case<cim::LookupOp>([](auto lookup) { return tableHoldsLowest(lookup); })
        .Case<cim::PadOp>([&](auto pad) { return isLowest(pad.getValue()) || anyOperand(); })
        .Case<cim::PoolOp, cim::ConcatOp, cim::SliceOp, cim::RelayoutOp, cim::ReverseOp>(
            [&](auto) { return anyOperand(); })
        .Default([](Operation *) { return true; });
  }

  DenseMap<Value, bool> known;
};

/// Makes -128 read as -127 by `op`.
void saturateInput(cim::ForwardOp op) {
  OpBuilder builder(op);
  SmallVector<int8_t> table = llvm::map_to_vector(
      llvm::seq(-128, 128), [](int x) { return static_cast<int8_t>(std::max(x, kLowest + 1)); });
  auto type = RankedTensorType::get({256}, builder.getI8Type());
  auto lookup = cim::LookupOp::create(builder, op.getLoc(), op.getInput().getType(), op.getInput(),
                                      cim::makeElements(type, ArrayRef<int8_t>(table), "saturate"),
                                      IntegerAttr());
  op.getInputMutable().assign(lookup);
  if (static_cast<int32_t>(op.getPadValue()) == kLowest)
    op.setPadValue(kLowest + 1);
}

} // namespace

unsigned applyInputCoding(ModuleOp module, bool saturate) {
  auto attr = module->getAttrOfType<cim::TargetAttr>(cim::kTargetAttrName);
  if (!attr)
    return 0;
  const target::Target machine = attr.getTarget();
  const target::Array &array = machine.chip.core.array;
  if (machine.chip.core.kind == target::CoreKind::Engine ||
      array.inputCoding == target::InputCoding::TwosComplement)
    return 0;
  LowestValue lowest;
  unsigned twice = 0;
  module.walk([&](cim::ForwardOp op) {
    if (cast<RankedTensorType>(op.getInput().getType()).getElementType().isF32())
      return;
    bool padded = llvm::any_of(op.getPad(), [](int64_t amount) { return amount != 0; });
    bool needed = lowest.mayHold(op.getInput()) ||
                  (padded && static_cast<int32_t>(op.getPadValue()) == kLowest);
    if (!needed)
      return;
    if (saturate)
      return saturateInput(op);
    op.setPasses(2);
    ++twice;
  });
  return twice;
}

} // namespace cimc::conversion
