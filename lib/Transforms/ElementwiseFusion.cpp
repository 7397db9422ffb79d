//===- ElementwiseFusion.cpp - One generic from a chain of them -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "ElementwiseFusion.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace cimc {
namespace {

/// The inputs of the fused op; gives for each block argument of the old ops its input here, or a
/// literal.
struct FusedInputs {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;

  unsigned add(Value value, AffineMap map) {
    for (unsigned i = 0; i < values.size(); ++i)
      if (values[i] == value && maps[i] == map)
        return i;
    values.push_back(value);
    maps.push_back(map);
    return values.size() - 1;
  }
};

/// What a block argument becomes.
struct Source {
  BlockArgument argument;
  std::optional<unsigned> input;
  std::optional<float> literal;
};

Source sourceOf(linalg::GenericOp op, OpOperand *operand, AffineMap map, FusedInputs &inputs) {
  Source source{op.getMatchingBlockArgument(operand), {}, {}};
  if (std::optional<float> splat = getSplatFloat(operand->get()))
    source.literal = splat;
  else
    source.input = inputs.add(operand->get(), map);
  return source;
}

void mapSources(OpBuilder &b, Location loc, ArrayRef<Source> sources, ValueRange args,
                IRMapping &mapping) {
  for (const Source &source : sources)
    mapping.map(source.argument, source.input ? args[*source.input]
                                              : arith::ConstantOp::create(
                                                    b, loc, b.getF32FloatAttr(*source.literal)));
}

/// Clones a body and gives the value it yields.
Value cloneBody(OpBuilder &b, linalg::GenericOp op, IRMapping &mapping) {
  for (Operation &inner : op.getBody()->without_terminator())
    b.clone(inner, mapping);
  return mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0));
}

} // namespace

linalg::GenericOp fuseProducer(linalg::GenericOp consumer, OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  AffineMap window = consumer.getMatchingIndexingMap(operand);
  FusedInputs inputs;
  SmallVector<Source> fromProducer, fromConsumer;
  for (OpOperand *input : producer.getDpsInputOperands())
    fromProducer.push_back(
        sourceOf(producer, input, producer.getMatchingIndexingMap(input).compose(window), inputs));
  for (OpOperand *input : consumer.getDpsInputOperands())
    if (input != operand)
      fromConsumer.push_back(
          sourceOf(consumer, input, consumer.getMatchingIndexingMap(input), inputs));

  OpBuilder builder(consumer);
  SmallVector<AffineMap> maps = inputs.maps;
  maps.push_back(consumer.getMatchingIndexingMap(consumer.getDpsInitOperand(0)));
  auto body = [&](OpBuilder &b, Location loc, ValueRange args) {
    IRMapping mapping;
    mapSources(b, loc, fromProducer, args, mapping);
    Value inner = cloneBody(b, producer, mapping);
    IRMapping outer;
    mapSources(b, loc, fromConsumer, args, outer);
    outer.map(consumer.getMatchingBlockArgument(operand), inner);
    linalg::YieldOp::create(b, loc, cloneBody(b, consumer, outer));
  };
  auto fused = linalg::GenericOp::create(builder, consumer.getLoc(), consumer->getResultTypes(),
                                         inputs.values, consumer.getDpsInits(), maps,
                                         consumer.getIteratorTypesArray(), body);
  consumer.getResult(0).replaceAllUsesWith(fused.getResult(0));
  consumer.erase();
  if (producer->use_empty())
    producer.erase();
  return fused;
}

} // namespace cimc
