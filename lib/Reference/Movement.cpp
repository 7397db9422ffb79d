//===- Movement.cpp - Evaluation of ops that move data --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reshapes are the same memory. Everything else is a strided copy: loops over a shape with one
// stride per dimension on either side, whose innermost run is a memcpy where both are dense. Only a
// gather chooses its source by data.
//
//===--------------------------------------------------------------------------===//

#include "Kernels.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cstring>

using namespace mlir;

namespace cimc::reference {
namespace {

/// Copies of `shape` elements of `size` bytes; strides and offsets in elements. Prepared so that
/// the last dimension is as long as it can be.
class StridedCopy {
public:
  StridedCopy(ArrayRef<int64_t> shape, ArrayRef<int64_t> from, ArrayRef<int64_t> to, int64_t size)
      : size(size) {
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 1)
        continue;
      // Merge with the dimension before if that one steps exactly over this one, on both sides.
      if (!dims.empty() && dims.back().from == shape[i] * from[i] &&
          dims.back().to == shape[i] * to[i])
        dims.back() = {dims.back().count * shape[i], from[i], to[i]};
      else
        dims.push_back({shape[i], from[i], to[i]});
    }
    if (dims.empty())
      dims.push_back({1, 1, 1});
  }

  void run(const char *from, char *to) const { level(0, from, to); }

private:
  struct Dim {
    int64_t count, from, to;
  };

  template <typename T> void elements(const Dim &dim, const char *from, char *to) const {
    const T *source = reinterpret_cast<const T *>(from);
    T *target = reinterpret_cast<T *>(to);
    for (int64_t i = 0; i < dim.count; ++i)
      target[i * dim.to] = source[i * dim.from];
  }

  void innermost(const Dim &dim, const char *from, char *to) const {
    if (dim.from == 1 && dim.to == 1)
      std::memcpy(to, from, dim.count * size);
    else if (size == 1)
      elements<int8_t>(dim, from, to);
    else if (size == 2)
      elements<int16_t>(dim, from, to);
    else if (size == 4)
      elements<int32_t>(dim, from, to);
    else
      elements<int64_t>(dim, from, to);
  }

  void level(size_t depth, const char *from, char *to) const {
    const Dim &dim = dims[depth];
    if (depth + 1 == dims.size())
      return innermost(dim, from, to);
    for (int64_t i = 0; i < dim.count; ++i)
      level(depth + 1, from + i * dim.from * size, to + i * dim.to * size);
  }

  SmallVector<Dim> dims;
  int64_t size;
};

int64_t sizeOf(Value value) { return elementBytes(elementOf(value)); }

FailureOr<Kernel> prepareAlias(Operation *op, Preparation &prep) {
  prep.alias(op->getResult(0), op->getOperand(0));
  return Kernel([](Frame &) {});
}

FailureOr<Kernel> prepareTranspose(Operation *op, Preparation &prep) {
  auto transpose = cast<tosa::TransposeOp>(op);
  Value input = transpose.getInput1(), output = transpose.getOutput();
  SmallVector<int64_t> inStrides = rowMajorStrides(shapeOf(input)), from;
  for (int32_t dim : transpose.getPerms())
    from.push_back(inStrides[dim]);
  StridedCopy copy(shapeOf(output), from, rowMajorStrides(shapeOf(output)), sizeOf(output));
  Slot in = prep.read(input), out = prep.write(output);
  return Kernel([=](Frame &f) { copy.run(f.slots[in], f.slots[out]); });
}

FailureOr<Kernel> prepareReverse(Operation *op, Preparation &prep) {
  auto reverse = cast<tosa::ReverseOp>(op);
  Value input = reverse.getInput1(), output = reverse.getOutput();
  SmallVector<int64_t> strides = rowMajorStrides(shapeOf(output)), from = strides;
  int64_t axis = reverse.getAxis(), size = sizeOf(output);
  from[axis] = -strides[axis];
  int64_t last = (shapeOf(output)[axis] - 1) * strides[axis] * size;
  StridedCopy copy(shapeOf(output), from, strides, size);
  Slot in = prep.read(input), out = prep.write(output);
  return Kernel([=](Frame &f) { copy.run(f.slots[in] + last, f.slots[out]); });
}

FailureOr<Kernel> prepareConcat(Operation *op, Preparation &prep) {
  auto concat = cast<tosa::ConcatOp>(op);
  Value output = concat.getOutput();
  SmallVector<int64_t> strides = rowMajorStrides(shapeOf(output));
  struct Part {
    Slot slot;
    int64_t offset;
    StridedCopy copy;
  };
  std::vector<Part> parts;
  int64_t offset = 0, axis = concat.getAxis(), size = sizeOf(output);
  for (Value input : concat.getInput1()) {
    parts.push_back({prep.read(input), offset * strides[axis] * size,
                     StridedCopy(shapeOf(input), rowMajorStrides(shapeOf(input)), strides, size)});
    offset += shapeOf(input)[axis];
  }
  Slot out = prep.write(output);
  return Kernel([=](Frame &f) {
    for (const Part &part : parts)
      part.copy.run(f.slots[part.slot], f.slots[out] + part.offset);
  });
}

void fillElements(char *target, int64_t count, const char *value, int64_t size) {
  if (size == 1)
    return static_cast<void>(std::memset(target, *value, count));
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(target + i * size, value, size);
}

/// A pad with amounts below zero cuts.
FailureOr<Kernel> preparePad(Operation *op, Preparation &prep) {
  auto pad = cast<tosa::PadOp>(op);
  Value input = pad.getInput1(), output = pad.getOutput();
  std::optional<SmallVector<int64_t>> amounts = getShapeValues(pad.getPadding());
  if (!amounts)
    return op->emitError("amounts of padding must be constant to evaluate the model");
  SmallVector<int64_t> inStrides = rowMajorStrides(shapeOf(input)),
                       outStrides = rowMajorStrides(shapeOf(output)), shape;
  int64_t from = 0, to = 0, size = sizeOf(output);
  for (size_t i = 0; i < inStrides.size(); ++i) {
    int64_t before = (*amounts)[2 * i], after = (*amounts)[2 * i + 1];
    shape.push_back(std::max<int64_t>(0, shapeOf(input)[i] + std::min<int64_t>(before, 0) +
                                             std::min<int64_t>(after, 0)));
    from += std::max<int64_t>(-before, 0) * inStrides[i] * size;
    to += std::max<int64_t>(before, 0) * outStrides[i] * size;
  }
  StridedCopy copy(shape, inStrides, outStrides, size);
  Slot in = prep.read(input), value = prep.read(pad.getPadConst()), out = prep.write(output);
  int64_t count = countOf(output);
  bool empty = llvm::is_contained(shape, 0);
  return Kernel([=](Frame &f) {
    fillElements(f.slots[out], count, f.slots[value], size);
    if (!empty)
      copy.run(f.slots[in] + from, f.slots[out] + to);
  });
}

/// Bytes between the entries of a sequence that a loop visits step by step, and the slot of the
/// step; none if `slice` does not lie at the step.
struct StepOffset {
  int64_t bytes = 0;
  std::optional<Slot> index;

  int64_t at(Frame &f) const { return index ? *f.at<int64_t>(*index) * bytes : 0; }
};

std::optional<StepOffset> stepOffset(OffsetSizeAndStrideOpInterface slice, Value whole,
                                     Preparation &prep) {
  auto loop = dyn_cast<scf::ForOp>(slice->getParentOp());
  std::optional<int64_t> axis =
      loop ? stepAxis(slice, cast<RankedTensorType>(whole.getType()), loop) : std::nullopt;
  if (!axis)
    return std::nullopt;
  return StepOffset{rowMajorStrides(shapeOf(whole))[*axis] * sizeOf(whole),
                    prep.read(loop.getInductionVar())};
}

FailureOr<Kernel> prepareSlice(Operation *op, Preparation &prep) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  Value input = slice.getSource(), output = slice.getResult();
  std::optional<StepOffset> step = stepOffset(slice, input, prep);
  if (!step && (llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic) ||
                llvm::any_of(slice.getStaticStrides(), ShapedType::isDynamic)))
    return op->emitError("offsets and strides must be constant to evaluate the model");
  SmallVector<int64_t> from = rowMajorStrides(shapeOf(input));
  int64_t offset = 0, size = sizeOf(output);
  for (size_t i = 0; i < from.size() && !step; ++i) {
    offset += slice.getStaticOffsets()[i] * from[i] * size;
    from[i] *= slice.getStaticStrides()[i];
  }
  StepOffset moving = step.value_or(StepOffset());
  // Dimensions that the result drops have size 1, so the copy runs over the slice's own shape.
  StridedCopy copy(slice.getStaticSizes(), from, rowMajorStrides(slice.getStaticSizes()), size);
  Slot in = prep.read(input), out = prep.write(output);
  return Kernel([=](Frame &f) { copy.run(f.slots[in] + offset + moving.at(f), f.slots[out]); });
}

/// Fills one entry of a loop's sequence in its place.
FailureOr<Kernel> prepareInsertion(Operation *op, Preparation &prep) {
  auto insertion = cast<tensor::InsertSliceOp>(op);
  Value entry = insertion.getSource(), whole = insertion.getDest();
  std::optional<StepOffset> step = stepOffset(insertion, whole, prep);
  if (!step || !isa<BlockArgument>(whole) || !whole.hasOneUse())
    return op->emitError("must fill a sequence at the step of its loop to be evaluated");
  StridedCopy copy(insertion.getStaticSizes(), rowMajorStrides(insertion.getStaticSizes()),
                   rowMajorStrides(shapeOf(whole)), sizeOf(entry));
  Slot in = prep.read(entry), out = prep.read(whole);
  prep.alias(insertion.getResult(), whole);
  StepOffset moving = *step;
  return Kernel([=](Frame &f) { copy.run(f.slots[in], f.slots[out] + moving.at(f)); });
}

/// An index outside the table reads its nearest row: evaluation has no traps.
FailureOr<Kernel> prepareGather(Operation *op, Preparation &prep) {
  auto gather = cast<tosa::GatherOp>(op);
  Value values = gather.getValues(), indices = gather.getIndices(), output = gather.getOutput();
  int64_t batches = shapeOf(values)[0], rows = shapeOf(values)[1],
          rowBytes = shapeOf(values)[2] * sizeOf(values), count = shapeOf(indices)[1];
  bool wide = sizeOf(indices) == 8;
  Slot table = prep.read(values), index = prep.read(indices), out = prep.write(output);
  return Kernel([=](Frame &f) {
    for (int64_t i = 0; i < batches * count; ++i) {
      int64_t row = wide ? f.at<int64_t>(index)[i] : f.at<int32_t>(index)[i];
      row = std::clamp<int64_t>(row, 0, rows - 1) + i / count * rows;
      std::memcpy(f.slots[out] + i * rowBytes, f.slots[table] + row * rowBytes, rowBytes);
    }
  });
}

FailureOr<Kernel> prepareEmpty(Operation *op, Preparation &prep) {
  // Contents do not matter, yet a reader must see the same bytes in every run.
  Slot out = prep.write(op->getResult(0));
  bool read =
      llvm::any_of(op->getUsers(), [](Operation *user) { return !isa<linalg::LinalgOp>(user); });
  int64_t bytes = read ? prep.slots[out].bytes : 0;
  if (!read)
    prep.slots[out].bytes = 0;
  return Kernel([=](Frame &f) { std::memset(f.slots[out], 0, bytes); });
}

FailureOr<Kernel> prepareFill(Operation *op, Preparation &prep) {
  auto fill = cast<linalg::FillOp>(op);
  Value output = op->getResult(0);
  auto constant = fill.getInputs()[0].getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return op->emitError("the value of a fill must be constant to evaluate the model");
  DenseElementsAttr splat = DenseElementsAttr::get(RankedTensorType::get({1}, elementOf(output)),
                                                   ArrayRef<Attribute>(constant.getValue()));
  std::vector<char> &value = prep.keep(sizeOf(output));
  std::memcpy(value.data(), splat.getRawData().data(), sizeOf(output));
  const char *bytes = value.data();
  int64_t count = countOf(output), size = sizeOf(output);
  Slot out = prep.write(output);
  return Kernel([=](Frame &f) { fillElements(f.slots[out], count, bytes, size); });
}

/// Steele, Lea and Flood's splitmix64.
uint64_t mix(uint64_t state) {
  state += 0x9E3779B97F4A7C15u;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
  return state ^ (state >> 31);
}

/// Numbers that are a function of what they are drawn for and of how many were drawn before, since
/// samples have no number here. They are not those of a program's run.
FailureOr<Kernel> prepareRandom(Operation *op, Preparation &prep) {
  std::optional<uint32_t> number = randomStreamOf(op);
  if (!number)
    return op->emitError("is not known, only 'random_uniform' of domain 'cimc' is");
  Value input = op->getOperand(0), output = op->getResult(0);
  int64_t bytes = countOf(input) * sizeOf(input), count = countOf(output);
  Slot in = prep.read(input), out = prep.write(output);
  return Kernel([=](Frame &f) {
    uint64_t seed = mix(uint64_t{*number} << 32 | f.draws++);
    for (int64_t i = 0; i < bytes; ++i)
      seed = mix(seed ^ static_cast<unsigned char>(f.slots[in][i]));
    for (int64_t i = 0; i < count; ++i)
      f.at<float>(out)[i] =
          static_cast<float>(mix(seed + static_cast<uint64_t>(i)) >> 40) * 0x1p-24f;
  });
}

constexpr OpEntry kOps[] = {
    {"tosa.reshape", prepareAlias},         {"tensor.collapse_shape", prepareAlias},
    {"tensor.expand_shape", prepareAlias},  {"tosa.identity", prepareAlias},
    {"tosa.transpose", prepareTranspose},   {"tosa.reverse", prepareReverse},
    {"tosa.concat", prepareConcat},         {"tosa.pad", preparePad},
    {"tensor.extract_slice", prepareSlice}, {"tensor.insert_slice", prepareInsertion},
    {"tosa.gather", prepareGather},         {"tensor.empty", prepareEmpty},
    {"linalg.fill", prepareFill},           {"tosa.custom", prepareRandom},
};

} // namespace

ArrayRef<OpEntry> movementOps() { return kOps; }

} // namespace cimc::reference
