//===- Einsum.cpp - Sums of products by index notation ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two operands at a time become one batched product: indices that only one of them has and nobody
// needs are summed first, those of both that are needed are batches, those of both that are not are
// contracted. One operand is a sum and a transpose.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"

using namespace mlir;

namespace cimc::frontend {

namespace {
/// A tensor whose dimensions are named; dimensions under an ellipsis are named by digits.
struct Term {
  TensorValue tensor;
  std::string indices;

  bool has(char index) const { return indices.find(index) != std::string::npos; }
  int64_t size(char index) const { return tensor.shape[indices.find(index)]; }
};
} // namespace

static Value valueOf(Node &node, Term &term) {
  return node.context.materialize(term.tensor, node.loc, "operand");
}

/// The term with its dimensions in the order of `indices`, which are the same ones.
static Term permuted(Node &node, Term &term, const std::string &indices) {
  std::vector<int64_t> perm;
  for (char index : indices)
    perm.push_back(term.indices.find(index));
  Term result{{}, indices};
  if (term.tensor.constant) {
    result.tensor = term.tensor;
    result.tensor.value = {};
    result.tensor.constant = term.tensor.constant->transposed(perm);
    result.tensor.shape = result.tensor.constant->shape();
    return result;
  }
  result.tensor = tensorOf(buildTranspose(node.builder, node.loc, valueOf(node, term), perm));
  return result;
}

/// The term summed over indices that `needed` does not hold.
static Term summed(Node &node, Term &term, const std::string &needed) {
  SmallVector<int64_t> axes;
  Term result;
  Shape shape;
  for (auto [d, index] : llvm::enumerate(term.indices)) {
    if (needed.find(index) == std::string::npos) {
      axes.push_back(d);
      continue;
    }
    result.indices += index;
    shape.push_back(term.tensor.shape[d]);
  }
  if (axes.empty())
    return term;
  Value sum = buildSum(node, valueOf(node, term), axes);
  result.tensor = tensorOf(buildReshape(node.builder, node.loc, sum, shape));
  return result;
}

static int64_t countOf(const Term &term, const std::string &indices) {
  int64_t count = 1;
  for (char index : indices)
    count *= term.size(index);
  return count;
}

/// The term as batches, then two dimensions.
static TensorValue asMatrices(Node &node, Term &term, const std::string &batch,
                              const std::string &rows, const std::string &columns) {
  Shape shape;
  for (char index : batch)
    shape.push_back(term.size(index));
  shape.push_back(countOf(term, rows));
  shape.push_back(countOf(term, columns));
  Term ordered = permuted(node, term, batch + rows + columns);
  TensorValue matrices = ordered.tensor;
  matrices.shape = shape;
  if (matrices.constant)
    matrices.constant = matrices.constant->reshaped(shape);
  else
    matrices.value = buildReshape(node.builder, node.loc, matrices.value, shape);
  return matrices;
}

/// The product of two terms with the indices in `needed`.
static FailureOr<Term> multiplied(Node &node, Term left, Term right, const std::string &needed) {
  left = summed(node, left, needed + right.indices);
  right = summed(node, right, needed + left.indices);
  std::string batch, inner, rows, columns;
  for (char index : left.indices) {
    bool isNeeded = needed.find(index) != std::string::npos;
    (!right.has(index) ? rows : isNeeded ? batch : inner) += index;
  }
  for (char index : right.indices)
    if (!left.has(index))
      columns += index;
  Shape shape;
  for (char index : batch + rows)
    shape.push_back(left.size(index));
  for (char index : columns)
    shape.push_back(right.size(index));
  TensorValue a = asMatrices(node, left, batch, rows, inner),
              b = asMatrices(node, right, batch, inner, columns);
  FailureOr<Value> product = buildMatMul(node, a, b, nullptr);
  if (failed(product))
    return failure();
  return Term{tensorOf(buildReshape(node.builder, node.loc, *product, shape)),
              batch + rows + columns};
}

//===--------------------------------------------------------------------------===//
// The equation
//===--------------------------------------------------------------------------===//

/// An ellipsis for `rank` dimensions becomes digits; the last dimension under it is '9'.
static FailureOr<std::string> expandEllipsis(Node &node, std::string indices, int64_t rank) {
  size_t dots = indices.find("...");
  if (dots != std::string::npos) {
    int64_t hidden = rank - (static_cast<int64_t>(indices.size()) - 3);
    if (hidden < 0 || hidden > 10)
      return node.error() << "its indices '" << indices << "' do not fit " << rank << " dimensions";
    std::string digits;
    for (int64_t d = 10 - hidden; d < 10; ++d)
      digits += static_cast<char>('0' + d);
    indices.replace(dots, 3, digits);
  }
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!std::isalnum(static_cast<unsigned char>(indices[i])))
      return node.error() << "its equation holds '" << indices[i] << "'";
    if (indices.find(indices[i], i + 1) != std::string::npos)
      return node.error() << "its indices '" << indices
                          << "' name one twice, which is not supported";
  }
  return indices;
}

/// Without an arrow the result has the ellipsis, then all indices that occur once, sorted.
static std::string impliedResult(ArrayRef<Term> terms) {
  std::string all, once;
  for (const Term &term : terms)
    all += term.indices;
  llvm::sort(all);
  for (char index : all)
    if (once.find(index) == std::string::npos &&
        (std::isdigit(static_cast<unsigned char>(index)) || llvm::count(all, index) == 1))
      once += index;
  return once;
}

/// Reads the operands by the equation's left side.
static FailureOr<std::vector<Term>> readTerms(Node &node, llvm::StringRef left) {
  SmallVector<llvm::StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.inputCount())
    return node.error() << "has " << node.inputCount() << " inputs, its equation names "
                        << parts.size();
  std::vector<Term> terms;
  std::map<char, int64_t> sizes;
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (failed(node.expectFloat(i)) || failed(expectElements(node, i)))
      return failure();
    TensorValue &input = node.input(i);
    FailureOr<std::string> indices = expandEllipsis(node, part.str(), input.rank());
    if (failed(indices))
      return failure();
    if (static_cast<int64_t>(indices->size()) != input.rank())
      return node.error() << "its indices '" << part << "' do not fit " << printShape(input.shape);
    for (auto [d, index] : llvm::enumerate(*indices)) {
      auto [known, fresh] = sizes.try_emplace(index, input.shape[d]);
      if (!fresh && known->second != input.shape[d])
        return node.error() << "index '" << std::string(1, index) << "' has sizes " << known->second
                            << " and " << input.shape[d];
    }
    terms.push_back({input, *indices});
  }
  return terms;
}

static LogicalResult convertEinsum(Node &node) {
  if (failed(node.expectInputs(1, SIZE_MAX)))
    return failure();
  std::string equation;
  for (char letter : node.stringAttribute("equation", ""))
    if (letter != ' ')
      equation += letter;
  auto [left, right] = llvm::StringRef(equation).split("->");
  FailureOr<std::vector<Term>> terms = readTerms(node, left);
  if (failed(terms))
    return failure();
  int64_t hidden = 0;
  std::string all;
  for (const Term &term : *terms) {
    all += term.indices;
    hidden = std::max<int64_t>(hidden, llvm::count_if(term.indices, [](char c) {
                                 return std::isdigit(static_cast<unsigned char>(c));
                               }));
  }
  std::string result = impliedResult(*terms);
  if (llvm::StringRef(equation).contains("->")) {
    int64_t letters = right.size() - (right.contains("...") ? 3 : 0);
    FailureOr<std::string> named =
        expandEllipsis(node, right.str(), right.contains("...") ? hidden + letters : letters);
    if (failed(named))
      return failure();
    result = *named;
  }
  for (char index : result)
    if (all.find(index) == std::string::npos)
      return node.error() << "its result has index '" << std::string(1, index)
                          << "', which no input has";
  Term term = terms->front();
  for (size_t i = 1; i < terms->size(); ++i) {
    std::string needed = result;
    for (const Term &later : llvm::drop_begin(*terms, i + 1))
      needed += later.indices;
    FailureOr<Term> next = multiplied(node, term, (*terms)[i], needed);
    if (failed(next))
      return failure();
    term = *next;
  }
  term = summed(node, term, result);
  term = permuted(node, term, result);
  return node.setResult(valueOf(node, term), ElementKind::F32);
}

ArrayRef<OpEntry> einsumOps() {
  static const OpEntry table[] = {{"", "Einsum", 12, convertEinsum}};
  return table;
}

} // namespace cimc::frontend
