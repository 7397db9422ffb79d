//===- CimDialect.cpp - Attributes and types of dialect cim ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect, its attributes, and the questions about a stream's type.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Support/ElementsBytes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;

#include "cimc/Dialect/Cim/IR/CimDialect.cpp.inc"
#include "cimc/Dialect/Cim/IR/CimEnums.cpp.inc"
#include "cimc/Dialect/Cim/IR/CimInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "cimc/Dialect/Cim/IR/CimAttributes.cpp.inc"

namespace {
/// Keeps constants in the bodies of elementwise stages, which are copied to a core as they are.
struct CimFoldInterface : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *region) const final {
    return isa<ElementwiseOp>(region->getParentOp());
  }
};
} // namespace

void CimDialect::initialize() {
  addInterfaces<CimFoldInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "cimc/Dialect/Cim/IR/CimAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "cimc/Dialect/Cim/IR/CimOps.cpp.inc"
      >();
}

TileAttr TileAttr::inArray(int64_t array, int64_t copy) const {
  return get(getContext(), getGroup(), getGroups(), getRow(), getRows(), getCol(), getCols(), array,
             getAtRow(), getAtCol(), getSlice(), copy, getInstance());
}

TileAttr TileAttr::transposed() const {
  return get(getContext(), getGroup(), getGroups(), getCol(), getCols(), getRow(), getRows(),
             getArray(), getAtCol(), getAtRow(), getSlice(), getCopy(), getInstance());
}

//===--------------------------------------------------------------------------===//
// Streams
//===--------------------------------------------------------------------------===//

static RowsAttr getRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<RowsAttr>(tensor.getEncoding()) : RowsAttr();
}

bool cim::isRowTensor(Type type) {
  return getRows(type) && cast<RankedTensorType>(type).hasStaticShape();
}

bool cim::isPlainTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && !tensor.getEncoding();
}

int64_t cim::getRowAxis(Type type) { return getRows(type).getAxis(); }

int64_t cim::getNumRows(Type type) {
  return cast<RankedTensorType>(type).getDimSize(getRowAxis(type));
}

ArrayRef<int64_t> cim::getRowShape(Type type) {
  return cast<RankedTensorType>(type).getShape().drop_front(getRowAxis(type) + 1);
}

int64_t cim::getRowElements(Type type) { return ShapedType::getNumElements(getRowShape(type)); }

bool cim::isDigitalFloat(Type elementType) { return elementType.isF32() || elementType.isF16(); }

int64_t cim::getRowPositions(Type type) {
  llvm::ArrayRef<int64_t> shape = getRowShape(type);
  return shape.empty() ? 1 : ShapedType::getNumElements(shape.drop_back());
}

Positions cim::getShare(int64_t positions, int64_t copy, int64_t copies) {
  int64_t first = copy * positions / copies;
  return {first, (copy + 1) * positions / copies - first};
}

int64_t cim::getElementBytes(Type elementType) {
  return (elementType.getIntOrFloatBitWidth() + 7) / 8;
}

int64_t cim::getRowBytes(Type type) {
  return getRowElements(type) * getElementBytes(cast<RankedTensorType>(type).getElementType());
}

RankedTensorType cim::getRowTensorType(ArrayRef<int64_t> shape, Type elementType, int64_t axis) {
  return RankedTensorType::get(shape, elementType, RowsAttr::get(elementType.getContext(), axis));
}

/// Element numbers and strides of instructions have 31 bits.
constexpr int64_t kMaxElements = (int64_t(1) << 31) - 1;

LogicalResult RowsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  int64_t axis = getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return emitError() << "row axis must be a dimension of the tensor, 0 to "
                       << static_cast<int64_t>(shape.size()) - 1 << ", is " << axis;
  for (int64_t dim = 0; dim < axis; ++dim)
    if (shape[dim] != 1)
      return emitError() << "dimensions before the row axis must be 1, dimension " << dim << " is "
                         << shape[dim];
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 1)
      return emitError() << "a stream must not be empty, a dimension is " << size;
    if (size > kMaxElements / elements)
      return emitError() << "a stream must have at most " << kMaxElements << " elements";
    elements *= size;
  }
  if (!isDigitalFloat(elementType) && !elementType.isSignlessInteger(8) &&
      !elementType.isSignlessInteger(32) && !elementType.isSignlessInteger(64) &&
      !elementType.isSignlessInteger(1))
    return emitError() << "elements of a stream must be i8, i32, i64, i1, f32 or f16, are "
                       << elementType;
  return success();
}

//===--------------------------------------------------------------------------===//
// Constant data
//===--------------------------------------------------------------------------===//

template <typename T> static Type getElementType(MLIRContext *context) {
  if constexpr (std::is_same_v<T, float>)
    return Float32Type::get(context);
  else
    return IntegerType::get(context, 8 * sizeof(T));
}

template <typename T> FailureOr<std::vector<T>> cim::readElements(ElementsAttr attr) {
  if (attr.getElementType() != getElementType<T>(attr.getContext()))
    return failure();
  std::vector<T> values(attr.getNumElements());
  llvm::SmallVector<char> storage;
  ArrayRef<char> bytes = elementsBytes(attr, storage);
  if (bytes.size() != values.size() * sizeof(T))
    return failure();
  if (!bytes.empty())
    std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

template FailureOr<std::vector<int8_t>> cim::readElements<int8_t>(ElementsAttr);
template FailureOr<std::vector<int32_t>> cim::readElements<int32_t>(ElementsAttr);
template FailureOr<std::vector<float>> cim::readElements<float>(ElementsAttr);

template <typename T>
ElementsAttr cim::makeElements(RankedTensorType type, ArrayRef<T> values, StringRef name) {
  constexpr size_t kInlineElements = 16;
  if (values.size() <= kInlineElements)
    return DenseElementsAttr::get(type, values);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyInferAlign<T>(values);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

template ElementsAttr cim::makeElements<int8_t>(RankedTensorType, ArrayRef<int8_t>, StringRef);
template ElementsAttr cim::makeElements<int32_t>(RankedTensorType, ArrayRef<int32_t>, StringRef);
template ElementsAttr cim::makeElements<float>(RankedTensorType, ArrayRef<float>, StringRef);
