//===- Feed.cpp - Data sets as arguments of a network ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays are used where they lie unless their numbers must change.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Reference/Feed.h"

#include "cimc/Support/DataSet.h"

using namespace mlir;

namespace cimc::reference {

std::optional<ElementType> elementTypeOf(Type type, bool shifted) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isInteger(8))
    return shifted ? ElementType::U8 : ElementType::I8;
  if (type.isInteger(16))
    return ElementType::I16;
  if (type.isInteger(32))
    return ElementType::I32;
  if (type.isInteger(64))
    return ElementType::I64;
  if (type.isInteger(1))
    return ElementType::Bool;
  return std::nullopt;
}

void shiftSign(std::vector<std::byte> &bytes) {
  for (std::byte &value : bytes)
    value ^= std::byte{0x80};
}

/// Adds argument `index` to `feeds`; gives its number of samples.
static FailureOr<int64_t> feedArgument(func::FuncOp function, unsigned index,
                                       const std::vector<TensorData> &arrays,
                                       llvm::StringRef option, Feeds &feeds) {
  auto type = cast<RankedTensorType>(function.getArgument(index).getType());
  auto nameAttr = function.getArgAttrOfType<StringAttr>(index, "cim.name");
  std::string name = nameAttr ? nameAttr.str() : std::to_string(index);
  bool shift = static_cast<bool>(function.getArgAttr(index, "cim.signed_shift"));
  const TensorData *data = findTensor(arrays, name, index);
  if (!data)
    return function.emitError() << "input '" << name << "' has no data, give " << option << " "
                                << name << "=FILE.npy";
  std::optional<ElementType> needed = elementTypeOf(type.getElementType(), shift);
  TensorData converted;
  if (needed == ElementType::F32 && data->type != ElementType::F32) {
    converted = *data;
    convertToFloat(converted);
    data = &converted;
  }
  if (!needed || *needed != data->type)
    return function.emitError() << "samples of input '" << name << "' must have elements of type "
                                << (needed ? toString(*needed) : "?") << ", have "
                                << toString(data->type);
  std::optional<SetPlacement> placement = placeSamples(data->shape, type.getShape());
  if (!placement || placement->samples == 0)
    return function.emitError() << "samples of input '" << name << "' must have shape "
                                << neededShape(type.getShape()) << " for N samples, have "
                                << shapeString(data->shape);
  const std::byte *start = data->bytes.data();
  if (shift || data == &converted) {
    feeds.changed.push_back(data->bytes);
    if (shift)
      shiftSign(feeds.changed.back());
    start = feeds.changed.back().data();
  }
  feeds.pointers.push_back(reinterpret_cast<const char *>(start));
  return static_cast<int64_t>(placement->samples);
}

FailureOr<Feeds> feedArguments(func::FuncOp function, const std::vector<TensorData> &arrays,
                               llvm::StringRef option) {
  Feeds feeds;
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    FailureOr<int64_t> samples = feedArgument(function, index, arrays, option, feeds);
    if (failed(samples))
      return failure();
    if (index > 0 && *samples != feeds.samples)
      return function.emitError() << "all inputs must have the same number of samples, have "
                                  << feeds.samples << " and " << *samples;
    feeds.samples = *samples;
  }
  return feeds;
}

} // namespace cimc::reference
