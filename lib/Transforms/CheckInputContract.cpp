//===- CheckInputContract.cpp - What a front end must produce ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks docs/input-contract.md line by line and reports everything that breaks it, each at its
// location. The rules for ops are a table of predicates by op name.
//
//===--------------------------------------------------------------------------===//

#include "LayoutUtils.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"
#include "cimc/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace cimc {
#define GEN_PASS_DEF_CHECKINPUTCONTRACT
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
using namespace layout;
namespace {

bool isAllowedElement(Type type) {
  return type.isF32() || type.isInteger(1) || type.isInteger(8) || type.isInteger(16) ||
         type.isInteger(32) || type.isInteger(64);
}

/// What is wrong with a type, or nothing.
std::optional<std::string> typeProblem(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return "must be a ranked static tensor";
  if (!isAllowedElement(tensor.getElementType()))
    return "must have elements of type f32, i8, i16, i32, i64 or i1";
  if (tensor.getNumElements() == 0)
    return "must not be empty";
  return std::nullopt;
}

using Problem = std::optional<std::string>;

Problem checkConstant(Operation *op) {
  auto attr = getConstantElements(op->getResult(0));
  if (!attr)
    return isa<RankedTensorType>(op->getResult(0).getType())
               ? Problem("must hold a dense or dense_resource tensor")
               : std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense && !dense.isSplat() && dense.getNumElements() > kInlineElements &&
      !dense.getElementType().isInteger(1))
    return "has " + std::to_string(dense.getNumElements()) + " elements inline, more than " +
           std::to_string(kInlineElements) + " must be a dense_resource";
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
      resource && !resource.getRawHandle().getBlob())
    return "names resource '" + resource.getRawHandle().getKey().str() +
           "', which the module does not hold";
  return std::nullopt;
}

Problem checkGeneric(Operation *op) {
  if (!isElementwise(cast<linalg::GenericOp>(op)))
    return "must be elementwise: parallel iterators, one result with identity map, inputs that "
           "project or repeat dimensions in ascending order";
  for (Operation &inner : op->getRegion(0).front())
    if (!isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) &&
        !isa<linalg::YieldOp>(inner))
      return "holds '" + inner.getName().getStringRef().str() +
             "', its body must be of arith and math ops";
  return std::nullopt;
}

Problem checkSlice(Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (loop && stepAxis(slice, slice.getSourceType(), loop))
    return std::nullopt;
  auto isStatic = [](ArrayRef<int64_t> values) { return !ShapedType::isDynamicShape(values); };
  if (!isStatic(slice.getStaticOffsets()) || !isStatic(slice.getStaticSizes()) ||
      !isStatic(slice.getStaticStrides()))
    return "must have static offsets, sizes and strides, or in a loop take one entry at the step "
           "that the loop counts and all of every other dimension";
  for (int64_t stride : slice.getStaticStrides())
    if (stride < 1)
      return "has stride " + std::to_string(stride) + ", must be positive";
  return std::nullopt;
}

/// Each iteration argument is a state or a sequence; this checks the loop alone, its body's ops
/// follow.
Problem checkLoop(Operation *op) {
  auto loop = cast<scf::ForOp>(op);
  if (!stepsOf(loop))
    return "must count from 0 by 1 to a constant, which is the number of steps";
  for (auto [index, init] : llvm::enumerate(loop.getInitArgs())) {
    if (std::optional<std::string> problem = typeProblem(init.getType()))
      return "iteration argument " + std::to_string(index) + " " + *problem;
    bool filled = isa_and_nonnull<tensor::EmptyOp>(init.getDefiningOp());
    tensor::InsertSliceOp insertion = sequenceInsertion(loop, index);
    if (filled && (!insertion || cast<RankedTensorType>(init.getType())
                                         .getDimSize(*stepAxis(insertion, insertion.getDestType(),
                                                               loop)) != *stepsOf(loop)))
      return "iteration argument " + std::to_string(index) +
             " starts empty, so every step must insert its entry and nothing else may read it";
  }
  return std::nullopt;
}

Problem checkInsertion(Operation *op) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  for (unsigned i = 0; loop && i < loop.getNumRegionIterArgs(); ++i)
    if (sequenceInsertion(loop, i) == op)
      return std::nullopt;
  return "must fill a sequence of a loop: one entry at the step that the loop counts, into an "
         "iteration argument that nothing else reads";
}

Problem checkPad(Operation *op) {
  auto pad = cast<tosa::PadOp>(op);
  if (!getShapeValues(pad.getPadding()) || !isConstantTensor(pad.getPadConst()))
    return "must have constant paddings and a constant value";
  return std::nullopt;
}

Problem checkGather(Operation *op) {
  auto gather = cast<tosa::GatherOp>(op);
  if (int64_t tables = shapeOf(gather.getValues())[0]; tables != 1)
    return "reads from " + std::to_string(tables) + " tables, must be one";
  if (!cast<RankedTensorType>(gather.getIndices().getType()).getElementType().isInteger(32))
    return "must have indices of type i32";
  return std::nullopt;
}

Problem checkReshape(Operation *op) {
  if (!getShapeValues(cast<tosa::ReshapeOp>(op).getShape()))
    return "must have a constant shape";
  return std::nullopt;
}

Problem checkZeroPoints(Operation *op) {
  // The zero points are the operands behind input, weight and bias.
  for (Value operand : op->getOperands().drop_front(3))
    if (!isConstantTensor(operand))
      return "must have constant zero points";
  return std::nullopt;
}

/// The weights of a convolution, before the reshape that splits channels with a scale each.
Value weightsOf(Operation *op) {
  Value weight = op->getOperand(1);
  auto reshape = weight.getDefiningOp<tosa::ReshapeOp>();
  return reshape ? reshape.getInput1() : weight;
}

Problem checkWeights(Operation *op) {
  if (!isWeightValue(weightsOf(op)))
    return "must have constant weights, or constant weights behind a dequantise";
  return checkZeroPoints(op);
}

Problem checkGrouped(Operation *op) {
  if (!isWeightValue(weightsOf(op)))
    return "must have constant weights, or constant weights behind a dequantise";
  return std::nullopt;
}

Problem checkCustom(Operation *op) {
  if (isRandom(op))
    return std::nullopt;
  return "must be 'random_uniform' of domain 'cimc': one operand, one f32 result of its shape, and "
         "the number of its stream, below 2^32, as 'implementation_attrs'";
}

Problem allowed(Operation *) { return std::nullopt; }

using Check = Problem (*)(Operation *);

/// The ops of both levels and what must hold for each beyond its own verifier.
const llvm::StringMap<Check> &opTable() {
  static const llvm::StringMap<Check> table = [] {
    llvm::StringMap<Check> rows = {{"func.return", allowed},
                                   {"arith.constant", checkConstant},
                                   {"tosa.const", checkConstant},
                                   {"tosa.const_shape", allowed},
                                   {"tosa.conv2d", checkWeights},
                                   {"tosa.depthwise_conv2d", checkWeights},
                                   {"linalg.conv_2d_nhwgc_gfhwc", checkGrouped},
                                   {"linalg.conv_2d_nhwgc_gfhwc_q", checkGrouped},
                                   {"linalg.pooling_nhwc_sum", allowed},
                                   {"linalg.fill", allowed},
                                   {"linalg.generic", checkGeneric},
                                   {"tosa.matmul", allowed},
                                   {"tosa.max_pool2d", allowed},
                                   {"tosa.avg_pool2d", allowed},
                                   {"tosa.reshape", checkReshape},
                                   {"tosa.transpose", allowed},
                                   {"tosa.gather", checkGather},
                                   {"tosa.custom", checkCustom},
                                   {"tosa.concat", allowed},
                                   {"tosa.pad", checkPad},
                                   {"tensor.empty", allowed},
                                   {"tensor.extract_slice", checkSlice},
                                   {"tensor.insert_slice", checkInsertion},
                                   {"tosa.reverse", allowed},
                                   {"scf.for", checkLoop},
                                   {"scf.yield", allowed}};
    for (const char *op :
         {"reduce_sum", "reduce_max",    "reduce_min",  "reduce_product", "add",         "sub",
          "mul",        "clamp",         "sigmoid",     "tanh",           "erf",         "maximum",
          "minimum",    "pow",           "abs",         "ceil",           "floor",       "exp",
          "log",        "negate",        "reciprocal",  "rsqrt",          "select",      "equal",
          "greater",    "greater_equal", "logical_and", "logical_or",     "logical_not", "cast"})
      rows.insert({("tosa." + llvm::StringRef(op)).str(), allowed});
    return rows;
  }();
  return table;
}

class CheckInputContract : public impl::CheckInputContractBase<CheckInputContract> {
public:
  using CheckInputContractBase::CheckInputContractBase;

  void runOnOperation() override {
    failures = 0;
    func::FuncOp main = checkModule(getOperation());
    if (main) {
      checkSignature(main);
      checkBody(main);
    }
    if (failures)
      signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  InFlightDiagnostic report(Operation *op) {
    ++failures;
    return op->emitError();
  }

  /// Returns `main`, or null if it is missing.
  func::FuncOp checkModule(ModuleOp module) {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal() || !main.isPublic()) {
      report(module) << "must hold one public function 'main' with a body";
      return {};
    }
    for (Operation &op : *module.getBody())
      if (&op != main)
        report(&op) << "'" << op.getName() << "' beside function 'main' is not allowed";
    return main;
  }

  /// Beside a batch of 1 other arguments may have any dimension 0.
  static bool hasBatchOfOne(func::FuncOp main) {
    return llvm::any_of(main.getArgumentTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.getRank() > 0 && tensor.getDimSize(0) == 1;
    });
  }

  void checkSignature(func::FuncOp main) {
    bool allowAny = anyBatch || hasBatchOfOne(main);
    for (auto [index, type] : llvm::enumerate(main.getArgumentTypes())) {
      if (std::optional<std::string> problem = typeProblem(type)) {
        report(main) << "argument " << index << " has type " << type << ", " << *problem;
        continue;
      }
      auto shape = cast<RankedTensorType>(type).getShape();
      if (!allowAny && !shape.empty() && shape[0] != 1)
        report(main) << "argument " << index << " has batch size " << shape[0] << ", must be 1";
      if (!main.getArgAttrOfType<StringAttr>(index, "cim.name"))
        report(main) << "argument " << index << " must have attribute 'cim.name'";
    }
    for (auto [index, type] : llvm::enumerate(main.getResultTypes())) {
      if (std::optional<std::string> problem = typeProblem(type))
        report(main) << "result " << index << " has type " << type << ", " << *problem;
      if (!main.getResultAttrOfType<StringAttr>(index, "cim.name"))
        report(main) << "result " << index << " must have attribute 'cim.name'";
    }
  }

  void checkBody(func::FuncOp main) {
    if (!main.getBody().hasOneBlock()) {
      report(main) << "must have one block; loops are the only control flow";
      return;
    }
    for (Operation *op : networkOps(main)) {
      auto row = opTable().find(op->getName().getStringRef());
      if (row == opTable().end()) {
        report(op) << "op '" << op->getName() << "' is not allowed at this level";
        continue;
      }
      if (checkTypes(*op))
        if (std::optional<std::string> problem = row->second(op))
          report(op) << "'" << op->getName() << "' " << *problem;
    }
  }

  /// False if a type was reported.
  bool checkTypes(Operation &op) {
    for (Value result : op.getResults()) {
      if (!isa<ShapedType>(result.getType()))
        continue; // scalars and tosa shapes
      if (std::optional<std::string> problem = typeProblem(result.getType())) {
        report(&op) << "'" << op.getName() << "' has result type " << result.getType() << ", "
                    << *problem;
        return false;
      }
    }
    return true;
  }

  unsigned failures = 0;
};

} // namespace
} // namespace cimc
