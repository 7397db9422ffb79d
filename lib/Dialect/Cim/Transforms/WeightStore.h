//===- WeightStore.h - Where the cores of a machine keep weights -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Crossbars and engines answer the same questions: how large is a place for weights, what does a
// tile take of it, how many places are there. An array is a rectangle of cells; the weight memory
// of an engine is one column of bytes, in which a tile stands from its first byte to its last.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTSTORE_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTSTORE_H

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Mapping/Packing.h"
#include "cimc/Target/Check.h"

#include <string>

namespace cimc::cim {

class WeightStore {
public:
  explicit WeightStore(const target::Target &target) : target(target) {}

  bool isEngine() const { return target.chip.core.kind == target::CoreKind::Engine; }

  /// Rows and columns of one place, and how many a core, a chip and the machine have.
  int64_t rows() const {
    return isEngine() ? target.chip.core.engine.weightBytes : target::weightRows(array());
  }
  int64_t cols() const { return isEngine() ? 1 : array().cols; }
  int64_t perCore() const { return isEngine() ? 1 : std::max<int64_t>(array().perCore, 1); }
  int64_t perChip() const { return perCore() * target.chip.cores; }
  int64_t count() const { return perChip() * target.chips; }
  /// Room for weights of a chip: cells, which are bytes in engines.
  int64_t chipCells() const { return perChip() * rows() * cols(); }

  /// Rows and columns that a tile takes. Groups stand on the diagonal of an array.
  int64_t rowsOf(TileAttr tile) const {
    return isEngine() ? tile.getGroups() * tile.getRows() * tile.getCols()
                      : tile.getGroups() * tile.getRows();
  }
  int64_t colsOf(TileAttr tile) const { return isEngine() ? 1 : tile.getGroups() * tile.getCols(); }

  /// What a message calls a place.
  std::string describe() const {
    return isEngine() ? "a weight memory of " + std::to_string(rows()) + " bytes"
                      : "an array of " + std::to_string(rows()) + " x " + std::to_string(cols());
  }

  /// Into how many equal parts a weight of `shape` (groups x rows x columns) may be cut along its
  /// outputs between chips: whole groups, strips of columns in arrays, or single columns in an
  /// engine.
  int64_t outputUnits(llvm::ArrayRef<int64_t> shape) const;

  /// Nanoseconds that `reads` products with a weight of `shape` take where it lies on one chip: an
  /// engine works on its parts one after the other, arrays work at the same time.
  double nsOf(llvm::ArrayRef<int64_t> shape, int64_t reads) const;

  /// Cuts matrices into tiles and packs them into the places of one chip.
  Result<mapping::Packing> pack(const mapping::PackingProblem &problem,
                                mapping::PackPolicy policy) const;

private:
  const target::Array &array() const { return target.chip.core.array; }

  const target::Target &target;
};

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTSTORE_H
