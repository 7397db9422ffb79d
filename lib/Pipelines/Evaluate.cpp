//===- Evaluate.cpp - The model itself on a data set ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs lib/Reference over user's arrays: checks names, types and shapes, finds the number of
// samples, and gives the results the model's own shape behind a leading data-set axis.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Compile.h"

#include "cimc/Reference/Evaluator.h"
#include "cimc/Support/DataSet.h"

using namespace mlir;

namespace cimc {

namespace {

std::optional<ElementType> elementTypeOf(Type type, bool shifted) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isInteger(8))
    return shifted ? ElementType::U8 : ElementType::I8;
  if (type.isInteger(32))
    return ElementType::I32;
  if (type.isInteger(64))
    return ElementType::I64;
  if (type.isInteger(1))
    return ElementType::Bool;
  return std::nullopt;
}

/// uint8 data x stand for x - 128 in the IR.
std::vector<std::byte> shiftSign(std::vector<std::byte> bytes) {
  for (std::byte &value : bytes)
    value ^= std::byte{0x80};
  return bytes;
}

/// Inputs checked and brought into the IR's form.
struct Feeds {
  std::vector<std::vector<std::byte>> changed; ///< data that had to be shifted or converted
  llvm::SmallVector<const char *> pointers;
  int64_t samples = -1;
};

LogicalResult feed(func::FuncOp function, unsigned index, const std::vector<TensorData> &inputs,
                   Feeds &feeds) {
  auto type = cast<RankedTensorType>(function.getArgument(index).getType());
  auto nameAttr = function.getArgAttrOfType<StringAttr>(index, "cim.name");
  std::string name = nameAttr ? nameAttr.str() : std::to_string(index);
  bool shift = static_cast<bool>(function.getArgAttr(index, "cim.signed_shift"));
  const TensorData *data = findTensor(inputs, name, index);
  if (!data)
    return function.emitError() << "input '" << name << "' has no data, give --input " << name
                                << "=FILE.npy";
  std::optional<ElementType> needed = elementTypeOf(type.getElementType(), shift);
  TensorData converted;
  if (needed == ElementType::F32 && data->type != ElementType::F32) {
    converted = *data;
    convertToFloat(converted);
    data = &converted;
  }
  if (!needed || *needed != data->type)
    return function.emitError() << "input '" << name << "' needs elements of type "
                                << (needed ? toString(*needed) : "?") << ", the array has "
                                << toString(data->type);
  std::optional<SetPlacement> placement = placeSamples(data->shape, type.getShape());
  if (!placement || placement->samples == 0)
    return function.emitError() << "input '" << name << "' needs shape "
                                << neededShape(type.getShape())
                                << " for N samples, the array has shape "
                                << shapeString(data->shape);
  auto samples = static_cast<int64_t>(placement->samples);
  if (feeds.samples >= 0 && feeds.samples != samples)
    return function.emitError() << "input '" << name << "' holds " << samples
                                << " samples, another input " << feeds.samples;
  feeds.samples = samples;
  const std::byte *start = data->bytes.data();
  if (shift || data == &converted) {
    feeds.changed.push_back(shift ? shiftSign(data->bytes) : std::move(converted.bytes));
    start = feeds.changed.back().data();
  }
  feeds.pointers.push_back(reinterpret_cast<const char *>(start));
  return success();
}

} // namespace

FailureOr<std::vector<TensorData>> evaluate(ModuleOp module,
                                            const std::vector<TensorData> &inputs) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError() << "the module has no function 'main'", failure();
  FailureOr<std::unique_ptr<reference::Evaluator>> evaluator =
      reference::Evaluator::create(function);
  if (failed(evaluator))
    return failure();

  Feeds feeds;
  feeds.changed.reserve(function.getNumArguments());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (failed(feed(function, i, inputs, feeds)))
      return failure();
  if (feeds.samples < 0)
    feeds.samples = 1;

  std::vector<TensorData> results(function.getNumResults());
  llvm::SmallVector<char *> outputs;
  for (auto [i, result] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    auto name = function.getResultAttrOfType<StringAttr>(static_cast<unsigned>(i), "cim.name");
    bool shift =
        static_cast<bool>(function.getResultAttr(static_cast<unsigned>(i), "cim.signed_shift"));
    std::optional<ElementType> element = elementTypeOf(type.getElementType(), shift);
    if (!element)
      return function.emitError() << "result " << i << " has elements of type "
                                  << type.getElementType() << ", which no array file holds",
             failure();
    result.name = name ? name.str() : std::to_string(i);
    result.type = *element;
    result.shape.assign({feeds.samples});
    result.shape.insert(result.shape.end(), type.getShape().begin(), type.getShape().end());
    result.bytes.resize(
        static_cast<size_t>(feeds.samples * (*evaluator)->outputBytes(static_cast<unsigned>(i))));
    outputs.push_back(reinterpret_cast<char *>(result.bytes.data()));
  }
  reference::runSamples(**evaluator, feeds.samples, feeds.pointers, outputs);
  for (TensorData &result : results)
    if (result.type == ElementType::U8)
      result.bytes = shiftSign(std::move(result.bytes));
  return results;
}

} // namespace cimc
