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
  TensorData converted; ///< holds the data if they were of another number format
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
  TensorData converted;
  if (needed == ElementType::F32 && array->type != ElementType::F32) {
    converted = *array;
    convertToFloat(converted);
    array = &converted;
  }
  if (!needed || *needed != array->type)
    return function.emitError() << "samples of input '" << name << "' must have elements of type "
                                << (needed ? toString(*needed) : "?") << ", have "
                                << toString(array->type);
  std::optional<SetPlacement> placement = placeSamples(array->shape, type.getShape());
  if (!placement || placement->samples == 0)
    return function.emitError() << "samples of input '" << name << "' must have shape "
                                << neededShape(type.getShape()) << " for N samples, have "
                                << shapeString(array->shape);
  const char *data = reinterpret_cast<const char *>(array->bytes.data());
  return Feed{data, static_cast<int64_t>(placement->samples), std::move(converted)};
}

} // namespace

LogicalResult calibrate(ModuleOp module, const std::vector<TensorData> &samples, Method method) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no function @main to calibrate");
  SmallVector<const char *> inputs;
  std::vector<Feed> feeds;
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
    feeds.push_back(std::move(*feed));
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
