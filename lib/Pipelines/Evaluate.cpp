//===- Evaluate.cpp - The model itself on a data set ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs lib/Reference over user's arrays: gives the results the model's own shape, with the data set
// along a leading axis.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Compile.h"

#include "cimc/Reference/Evaluator.h"
#include "cimc/Reference/Feed.h"

using namespace mlir;

namespace cimc {

FailureOr<std::vector<TensorData>> evaluate(ModuleOp module,
                                            const std::vector<TensorData> &inputs) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError() << "the module has no function 'main'", failure();
  FailureOr<std::unique_ptr<reference::Evaluator>> evaluator =
      reference::Evaluator::create(function);
  if (failed(evaluator))
    return failure();

  FailureOr<reference::Feeds> feeds = reference::feedArguments(function, inputs, "--input");
  if (failed(feeds))
    return failure();

  std::vector<TensorData> results(function.getNumResults());
  llvm::SmallVector<char *> outputs;
  for (auto [i, result] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    auto name = function.getResultAttrOfType<StringAttr>(static_cast<unsigned>(i), "cim.name");
    bool shift =
        static_cast<bool>(function.getResultAttr(static_cast<unsigned>(i), "cim.signed_shift"));
    std::optional<ElementType> element = reference::elementTypeOf(type.getElementType(), shift);
    if (!element)
      return function.emitError() << "result " << i << " has elements of type "
                                  << type.getElementType() << ", which no array file holds",
             failure();
    result.name = name ? name.str() : std::to_string(i);
    result.type = *element;
    result.shape.assign({feeds->samples});
    // A leading dimension of 1 stands for the data set, as in cimc-run.
    bool merged = type.getRank() > 0 && type.getDimSize(0) == 1;
    llvm::append_range(result.shape, type.getShape().drop_front(merged ? 1 : 0));
    result.bytes.resize(
        static_cast<size_t>(feeds->samples * (*evaluator)->outputBytes(static_cast<unsigned>(i))));
    outputs.push_back(reinterpret_cast<char *>(result.bytes.data()));
  }
  reference::runSamples(**evaluator, feeds->samples, feeds->pointers, outputs);
  for (TensorData &result : results)
    if (result.type == ElementType::U8)
      reference::shiftSign(result.bytes);
  return results;
}

} // namespace cimc
