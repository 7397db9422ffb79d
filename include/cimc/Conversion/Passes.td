//===- Passes.td - Passes between dialects ------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_CONVERSION_PASSES_TD
#define CIMC_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertFromQuantized : Pass<"cim-convert-from-quantized", "::mlir::ModuleOp"> {
  let summary = "turn a quantised network into stages of dialect cim";
  let description = [{
    Pre-condition: the quantised level of docs/input-contract.md. Post-condition: functions hold `cim` ops only; every weight is a `cim.weight` of the module; epilogues (bias,
    requantisation, clamps) are fused into `cim.forward`, 8-bit functions of one operand are tables, and layout changes at the network's ends are part of `cim.input` and `cim.output`.

    A loop over T time steps becomes streams of T rows, its states become pairs of `cim.delay` and `cim.feed`; nothing is unrolled.

    What cannot be converted is reported, all of it, each at the location of its op.

    With `share-directions` a matrix that is the transpose of one that is there already becomes a `cim.forward` with `transposed` on the same weight.

    Arrays of targets with sign-magnitude inputs cannot take -128. Where an input may have that value, the layer is read in two passes; with `saturate` it is
    read as -127 instead. Without the module attribute `cim.target` every value is taken as representable.

    ```mlir
    func.func @main(%x: tensor<1x2xi8> {cim.name = "x"}) -> (tensor<1x2xi8> {cim.name = "y"}) {
      return %x : tensor<1x2xi8>
    }
    ```
    becomes
    ```mlir
    func.func @main(%x: tensor<1x2xi8> {cim.name = "x"}) -> (tensor<1x2xi8> {cim.name = "y"}) {
      %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x2xi8> -> tensor<1x1x1x2xi8, #cim.rows<1>>
      %1 = cim.output %0, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x2xi8, #cim.rows<1>> -> tensor<1x2xi8>
      return %1 : tensor<1x2xi8>
    }
    ```
  }];
  let options = [
    Option<"saturate", "saturate", "bool", "false", "read -128 as -127 where the target's input coding has no -128, instead of reading twice">,
    Option<"sharesDirections", "share-directions", "bool", "false", "where integer weights are the transpose of others, read the arrays of these transposed instead of storing both. Example: `share-directions=true`">];
  let statistics = [
    Statistic<"numLayers", "weighted layers", "weighted layers converted">,
    Statistic<"numFused", "fused epilogues", "requantisations that became part of a weighted layer">,
    Statistic<"numTables", "tables", "8-bit functions that became tables">,
    Statistic<"numTwoPasses", "layers read twice", "layers whose input may be -128">];
  let dependentDialects = ["::cimc::cim::CimDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::tosa::TosaDialect"];
}

def ConvertCimToCimIsa : Pass<"cim-convert-cim-to-cimisa", "::mlir::ModuleOp"> {
  let summary = "turn a scheduled network into a program of dialect cimisa";
  let description = [{
    Before: a placed function, its weights, its `cim.schedule`, and a target. After: one `cimisa.program` and nothing else. Every decision has been taken before; the
    pass numbers tiles, channels and buffers, lays out constants, and writes one block per stage.

    ```
    cimc-opt --cim-convert-cim-to-cimisa scheduled.mlir
    ```
  }];
  let dependentDialects = ["::cimc::isa::CimIsaDialect"];
}

#endif
