//===- Samples.cpp - Calibration from arrays ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds each argument's array, checks it against the argument, and hands the bytes on.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Quantize/Calibrate.h"
#include "cimc/Support/DataSet.h"

using namespace mlir;

namespace cimc::quantize {
namespace {

/// The array element type that holds an argument's elements as they are.
std::optional<ElementType> elementTypeOf(Type type) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isInteger(8))
    return ElementType::I8;
  if (type.isInteger(32))
    return ElementType::I32;
  if (type.isInteger(64))
    return ElementType::I64;
  if (type.isInteger(1))
    return ElementType::Bool;
  return std::nullopt;
}

/// Samples of one argument.
struct Feed {
  const char *data;
  int64_t samples;
};

FailureOr<Feed> findFeed(func::FuncOp function, unsigned index,
                         const std::vector<TensorData> &samples) {
  auto type = cast<RankedTensorType>(function.getArgument(index).getType());
  auto nameAttr = function.getArgAttrOfType<StringAttr>(index, "cim.name");
  std::string name = nameAttr ? nameAttr.str() : std::to_string(index);
  const TensorData *array = findTensor(samples, name, index);
  if (!array)
    return function.emitError() << "input '" << name << "' has no samples, give --calibrate "
                                << name << "=SAMPLES.npy";
  std::optional<ElementType> needed = elementTypeOf(type.getElementType());
  if (!needed || *needed != array->type)
    return function.emitError() << "samples of input '" << name << "' must have elements of type "
                                << (needed ? toString(*needed) : "?") << ", have "
                                << toString(array->type);
  int64_t elements = array->elements(), perSample = type.getNumElements();
  if (perSample == 0 || elements == 0 || elements % perSample != 0)
    return function.emitError() << "samples of input '" << name
                                << "' must be whole arrays of shape "
                                << shapeString(type.getShape()) << ", have shape "
                                << shapeString(array->shape);
  return Feed{reinterpret_cast<const char *>(array->bytes.data()), elements / perSample};
}

} // namespace

LogicalResult calibrate(ModuleOp module, const std::vector<TensorData> &samples, Method method) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no function @main to calibrate");
  SmallVector<const char *> inputs;
  int64_t count = -1;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    FailureOr<Feed> feed = findFeed(function, i, samples);
    if (failed(feed))
      return failure();
    if (count >= 0 && feed->samples != count)
      return function.emitError() << "all inputs must have the same number of samples, have "
                                  << count << " and " << feed->samples;
    count = feed->samples;
    inputs.push_back(feed->data);
  }
  Options options;
  options.method = method;
  FailureOr<RangeTable> table = measureRanges(function, count, inputs, options);
  if (failed(table))
    return failure();
  attachRanges(*table);
  return success();
}

} // namespace cimc::quantize
