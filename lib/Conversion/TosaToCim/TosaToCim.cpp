//===- TosaToCim.cpp - From the quantised level to dialect cim ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass, its two walks over a function, and the ends of the network. The categories of ops have
// files of their own; see TosaToCim.h for how they work together.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Conversion/Passes.h"
#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace cimc {
#define GEN_PASS_DEF_CONVERTFROMQUANTIZED
#include "cimc/Conversion/Passes.h.inc"
} // namespace cimc

namespace cimc::conversion {

Converter::Handler Converter::handlerOf(Operation *op) {
  static const llvm::StringMap<Handler> handlers = {
      {"tosa.conv2d", &Converter::convertLayer},
      {"tosa.depthwise_conv2d", &Converter::convertLayer},
      {"tosa.matmul", &Converter::convertMatMul},
      {"tosa.gather", &Converter::convertGather},
      {"linalg.conv_2d_nhwgc_gfhwc_q", &Converter::convertLayer},
      {"linalg.conv_2d_nhwgc_gfhwc", &Converter::convertLayer},
      {"linalg.generic", &Converter::convertGeneric},
      {"tosa.max_pool2d", &Converter::convertMaxPool},
      {"tosa.avg_pool2d", &Converter::convertAvgPool},
      {"linalg.pooling_nhwc_sum", &Converter::convertSumPool},
      {"tosa.reduce_sum", &Converter::convertReduce},
      {"tosa.reduce_max", &Converter::convertReduce},
      {"tosa.reduce_min", &Converter::convertReduce},
      {"tosa.reduce_product", &Converter::convertReduce},
      {"tosa.reshape", &Converter::convertReshape},
      {"tensor.collapse_shape", &Converter::convertReshape},
      {"tensor.expand_shape", &Converter::convertReshape},
      {"tosa.transpose", &Converter::convertTranspose},
      {"tosa.reverse", &Converter::convertReverse},
      {"tosa.custom", &Converter::convertRandom},
      {"cim.delay", &Converter::convertDelay},
      {"tosa.concat", &Converter::convertConcat},
      {"tosa.pad", &Converter::convertPad},
      {"tensor.extract_slice", &Converter::convertSlice},
  };
  auto found = handlers.find(op->getName().getStringRef());
  return found == handlers.end() ? nullptr : found->second;
}

bool isConstantLike(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         llvm::isa<tosa::ConstShapeOp, tensor::EmptyOp, linalg::FillOp>(op);
}

//===--------------------------------------------------------------------------===//
// Planning
//===--------------------------------------------------------------------------===//

void Converter::need(Value value, Operation *user) {
  if (!llvm::isa<RankedTensorType>(value.getType()))
    return;
  Operation *producer = value.getDefiningOp();
  if (producer && isConstantLike(producer))
    return;
  users[value].push_back(user);
  if (producer)
    plans.try_emplace(producer);
}

/// What a result of the function is before the transpose at the network's end.
static Value beforeTranspose(Value value) {
  auto transpose = value.getDefiningOp<tosa::TransposeOp>();
  return transpose ? transpose.getInput1() : value;
}

void Converter::planAll() {
  for (Operation &op : llvm::reverse(func.getBody().front())) {
    if (llvm::isa<func::ReturnOp>(op)) {
      for (Value value : op.getOperands())
        need(beforeTranspose(value), &op);
      continue;
    }
    if (auto feed = dyn_cast<cim::FeedOp>(op))
      need(feed.getNext(), &op);
    auto plan = plans.find(&op);
    if (plan == plans.end())
      continue;
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      std::optional<Plan> group = planLayer(generic);
      if (!group)
        group = planTable(generic);
      if (!group)
        group = planAdd(generic);
      if (group)
        plan->second = std::move(*group);
    }
    SmallVector<Value> inputs(plan->second.inputs.begin(), plan->second.inputs.end());
    if (plan->second.kind == Plan::Default)
      inputs.assign(op.operand_begin(), op.operand_end());
    for (Value value : inputs)
      need(value, &op); // may move the plans
  }
}

//===--------------------------------------------------------------------------===//
// Streams
//===--------------------------------------------------------------------------===//

Value Converter::coerce(Location loc, Value stream, RankedTensorType type) {
  while (stream.getType() != type) {
    auto before = stream.getDefiningOp<cim::RelayoutOp>();
    if (!before || !before.keepsOrder())
      break;
    stream = before.getInput();
  }
  if (stream.getType() == type)
    return stream;
  Value &relayout = relayouts[{stream, type}];
  if (!relayout)
    relayout = cim::RelayoutOp::create(
        builder, loc, type, stream,
        identityPermutation(cast<RankedTensorType>(stream.getType()).getRank()));
  return relayout;
}

Value Converter::streamAs(Operation *user, Value value, RankedTensorType type) {
  if (Value stream = streams.lookup(value))
    return coerce(user->getLoc(), stream, type);
  Operation *producer = value.getDefiningOp();
  if (producer && isConstantLike(producer)) {
    user->emitError() << "'" << user->getName()
                      << "' of a constant is not supported; fold constants first";
    failed = true;
  }
  return {};
}

StreamLayout Converter::layoutFor(ValueRange inputs, Type type) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  StreamLayout map = StreamLayout::of(shape);
  for (Value input : inputs) {
    Value stream = streams.lookup(input);
    auto inputType = cast<RankedTensorType>(input.getType());
    if (stream && inputType.getShape() == shape &&
        stream.getType() == map.typeOf(shape, inputType.getElementType()))
      return map;
  }
  return StreamLayout::ofElements(shape);
}

//===--------------------------------------------------------------------------===//
// Ends of the network
//===--------------------------------------------------------------------------===//

/// The model's name of an argument or result.
static StringAttr nameOf(Builder &builder, Attribute attr, StringRef fallback, unsigned index) {
  auto name = dyn_cast_or_null<StringAttr>(attr);
  return name ? name : builder.getStringAttr(fallback + Twine(index));
}

/// The permutation that all `users` of a value apply to it, if they all transpose it alike.
/// Whether `from` and `to` are the same but for dimensions of size 1, which the host leaves out.
static bool sameButUnits(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  auto isUnit = [](int64_t size) { return size == 1; };
  SmallVector<int64_t> a(from), b(to);
  llvm::erase_if(a, isUnit);
  llvm::erase_if(b, isUnit);
  return a == b && from.size() == to.size();
}

/// The change of layout with which all `users` read `arg`, as a permutation and the type they see;
/// the host does it while it sends. None if one of them reads it otherwise.
static std::optional<std::pair<SmallVector<int64_t>, RankedTensorType>>
commonLayout(BlockArgument arg, ArrayRef<Operation *> users) {
  std::optional<std::pair<SmallVector<int64_t>, RankedTensorType>> common;
  auto type = cast<RankedTensorType>(arg.getType());
  for (Operation *user : users) {
    SmallVector<int64_t> permutation = identityPermutation(type.getRank());
    if (auto transpose = dyn_cast<tosa::TransposeOp>(user))
      llvm::copy(transpose.getPerms(), permutation.begin());
    else if (!mlir::isa<tosa::ReshapeOp>(user) ||
             !sameButUnits(type.getShape(),
                           cast<ShapedType>(user->getResult(0).getType()).getShape()))
      return std::nullopt;
    std::pair layout(permutation, cast<RankedTensorType>(user->getResult(0).getType()));
    if (common && *common != layout)
      return std::nullopt;
    common = layout;
  }
  return common;
}

void Converter::convertInput(BlockArgument arg) {
  auto type = dyn_cast<RankedTensorType>(arg.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat()) {
    func.emitError() << "argument " << arg.getArgNumber() << " must be a static tensor, is "
                     << arg.getType();
    failed = true;
    return;
  }
  unsigned index = arg.getArgNumber();
  StringAttr name = nameOf(builder, func.getArgAttr(index, "cim.name"), "input", index);
  SmallVector<Operation *, 2> readers = users.lookup(arg);
  auto layout = commonLayout(arg, readers);
  SmallVector<int64_t> permutation = layout ? layout->first : identityPermutation(type.getRank());
  Value stream = cim::InputOp::create(
      builder, arg.getLoc(), streamTypeOf(layout ? layout->second : type), arg, name, permutation);
  if (!layout)
    streams[arg] = stream;
  else
    for (Operation *reader : readers)
      streams[reader->getResult(0)] = stream;
}

void Converter::convertInputs() {
  builder.setInsertionPointToStart(&func.getBody().front());
  for (BlockArgument arg : func.getArguments())
    if (users.contains(arg))
      convertInput(arg);
}

void Converter::convertOutputs(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned index = operand.getOperandNumber();
    Value value = operand.get(), source = beforeTranspose(value);
    auto type = cast<RankedTensorType>(source.getType());
    StreamLayout layout = layoutFor(source, type);
    Value stream = streamAs(op, source, layout.typeOf(type.getShape(), type.getElementType()));
    if (!stream)
      continue;
    SmallVector<int64_t> permutation = identityPermutation(layout.rank);
    if (source != value)
      permutation = layout.spreadPermutation(value.getDefiningOp<tosa::TransposeOp>().getPerms());
    StringAttr name = nameOf(builder, func.getResultAttr(index, "cim.name"), "output", index);
    operand.set(
        cim::OutputOp::create(builder, op.getLoc(), value.getType(), stream, name, permutation));
  }
}

//===--------------------------------------------------------------------------===//
// Making stages
//===--------------------------------------------------------------------------===//

void Converter::convertOp(Operation *op) {
  auto found = plans.find(op);
  if (found == plans.end() || streams.contains(op->getResult(0)))
    return;
  builder.setInsertionPoint(op);
  const Plan &plan = found->second;
  Value stream;
  switch (plan.kind) {
  case Plan::Table:
    stream = convertTable(op, plan);
    break;
  case Plan::Add:
    stream = convertAdd(op, plan);
    break;
  case Plan::Layer:
    stream = convertFusedLayer(op, plan);
    break;
  case Plan::Default:
    if (Handler handler = handlerOf(op)) {
      stream = (this->*handler)(op);
      break;
    }
    op->emitError() << "'" << op->getName() << "' is not an op of the quantised level";
    failed = true;
    break;
  }
  if (stream)
    streams[op->getResult(0)] = stream;
}

void Converter::eraseOld() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.getBody().front()))) {
    if (llvm::isa<func::ReturnOp>(op))
      continue;
    bool old = !llvm::isa_and_nonnull<cim::CimDialect>(op.getDialect());
    if (op.use_empty() && (old || llvm::isa<cim::StageOpInterface, cim::ConstantOp>(op)))
      op.erase();
  }
}

LogicalResult Converter::run() {
  if (!func.getBody().hasOneBlock())
    return func.emitError() << "function must have one block, has "
                            << func.getBody().getBlocks().size();
  auto terminator = dyn_cast<func::ReturnOp>(func.getBody().front().getTerminator());
  if (!terminator)
    return func.emitError() << "function must end with func.return";
  for (Operation &op : func.getBody().front())
    if (op.getNumResults() > 1)
      return op.emitError() << "'" << op.getName() << "' must have one result, has "
                            << op.getNumResults();
  planAll();
  convertInputs();
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front().without_terminator()))
    if (auto feed = dyn_cast<cim::FeedOp>(op))
      convertFeed(feed);
    else
      convertOp(&op);
  builder.setInsertionPoint(terminator);
  convertOutputs(terminator);
  if (failed)
    return failure();
  eraseOld();
  return success();
}

} // namespace cimc::conversion

//===--------------------------------------------------------------------------===//
// The pass
//===--------------------------------------------------------------------------===//

namespace {

struct ConvertFromQuantizedPass : cimc::impl::ConvertFromQuantizedBase<ConvertFromQuantizedPass> {
  using Base::Base;

  /// Checks the post-condition: nothing but `cim` ops is left in functions.
  LogicalResult check() {
    auto result = getOperation().walk([&](func::FuncOp func) {
      for (Operation &op : func.getBody().front())
        if (!llvm::isa_and_nonnull<cimc::cim::CimDialect>(op.getDialect()) &&
            !llvm::isa<func::ReturnOp>(op)) {
          op.emitError() << "'" << op.getName() << "' is left after the conversion to cim";
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    return success(!result.wasInterrupted());
  }

  void runOnOperation() override {
    cimc::conversion::WeightTable weights(getOperation(), sharesDirections);
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || llvm::any_of(func.getOps(), [](Operation &op) {
            return llvm::isa<cimc::cim::InputOp>(op);
          }))
        continue; // running the pass twice changes nothing
      cimc::conversion::Converter converter(func, weights);
      if (failed(cimc::conversion::streamLoops(func)) || failed(converter.run()))
        return signalPassFailure();
      numLayers += converter.getCounts().layers;
      numFused += converter.getCounts().fused;
      numTables += converter.getCounts().tables;
    }
    numTwoPasses += cimc::conversion::applyInputCoding(getOperation(), saturate);
    if (failed(check()))
      signalPassFailure();
  }
};

} // namespace
