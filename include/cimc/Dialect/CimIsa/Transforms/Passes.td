//===- Passes.td - Passes on dialect cimisa -----------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_DIALECT_CIMISA_TRANSFORMS_PASSES_TD
#define CIMC_DIALECT_CIMISA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SetConverterRanges : Pass<"cim-set-converter-ranges", "::mlir::ModuleOp"> {
  let summary = "give the tiles of a program converter ranges that never clip";
  let description = [{
    Post-condition: every tile of a crossbar has `steps`, which mode `converters` of the executor needs. A tile that has some keeps them. A step is the
    smallest at which the largest sum that the tile's weights allow for 8-bit inputs has a code, and at least 1; the largest sum follows from the sums of
    a column's weights of either sign, the phases of a read and the input converter. Engines are digital, so their tiles get none.

    `per-column` gives each column a step of its own. Ranges from samples are finer: `cimc --calibrate` (docs/numerics.md).

    ```
    cimc-opt --cim-set-converter-ranges program.mlir
    ```
  }];
  let options = [
    Option<"perColumn", "per-column", "bool", "false", "one step per column instead of one per tile">];
  let statistics = [
    Statistic<"numTiles", "tiles", "tiles that got steps">,
    Statistic<"numExact", "exact tiles", "tiles whose steps are 1, so that converters change no sum">];
}

#endif
