//===- Passes.td - Passes from the entry to the quantised level ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One file in lib/Transforms and one test in test/Transforms for each.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_PASSES_TD
#define CIMC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===--------------------------------------------------------------------------===//
// Clean-up of imported models
//===--------------------------------------------------------------------------===//

def EliminateTransposes : Pass<"cim-eliminate-transposes", "::mlir::func::FuncOp"> {
  let summary = "move transposes towards the results until they cancel";
  let description = [{
    Models whose tensors have channels first arrive with a transpose before and after each convolution and pool. The pass moves transposes down
    through elementwise ops, concatenations, pads, slices, reductions and reshapes; two that meet become one or none, and constants absorb theirs.
    Transposes near the inputs then move up to the arguments. Transposes that move only dimensions of size 1 become reshapes, and reshapes of reshapes merge.

    Pre-condition: entry level. Post-condition: in a network of convolutions, transposes are left only at arguments and results, and before a
    flatten. The values are the same bits.

    ```mlir
    %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>}
    %1 = linalg.generic ins(%0) { maximumf }
    %2 = tosa.transpose %1 {perms = array<i32: 0, 2, 3, 1>}
    // becomes
    %2 = linalg.generic ins(%x) { maximumf }
    ```
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLeft", "left", "transposes left">];
}

def FoldFlatten : Pass<"cim-fold-flatten", "::mlir::func::FuncOp"> {
  let summary = "read a flattened map by a convolution over the whole map";
  let description = [{
    A dense layer that reads a flattened map becomes a convolution whose kernel covers the map, with its weights permuted once, so that no transpose and
    no change of the row axis is left; elementwise ops between the map and the layer move before the flatten. A `tosa.matmul` with a constant right operand
    becomes a 1x1 convolution. Reshapes that add or remove dimensions of size 1 move behind elementwise ops, so that these follow their layer directly.

    Pre-condition: entry level, after `cim-eliminate-transposes`. Post-condition: every layer with constant weights is a convolution; none reads a flattened
    map. The float sums may be in another order.

    ```mlir
    %0 = tosa.transpose %map {perms = array<i32: 0, 3, 1, 2>}   // 1x4x4x16 -> 1x16x4x4
    %1 = tosa.reshape %0                                        // 1x1x1x256
    %2 = tosa.conv2d %1, %w                                     // w: 10x1x1x256
    // becomes
    %2 = tosa.conv2d %map, %permuted                            // permuted: 10x4x4x16
    ```
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFolded", "folded", "dense layers that read a map">];
}

def CheckInputContract : Pass<"cim-check-input-contract", "::mlir::ModuleOp"> {
  let summary = "report everything in a module that docs/input-contract.md does not allow";
  let description = [{
    Checks the module, its one public function `main`, every type, and every op of the entry and the quantised level. Each violation is one error at the
    location of the op, which for an ONNX model is the node's name. The module is not changed.

    ```mlir
    func.func @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32>   // error: argument 0 has type 'tensor<?x4xf32>', must be a ranked static tensor
    ```

    With `any-batch` the rule that dimension 0 of an argument is 1 is left out: `cim-check-input-contract{any-batch=true}`.
  }];
  let options = [
    Option<"anyBatch", "any-batch", "bool", "false", "accept arguments whose dimension 0 is not 1">
  ];
}

//===--------------------------------------------------------------------------===//
// Quantisation
//===--------------------------------------------------------------------------===//

def FoldAffine : Pass<"cim-fold-affine", "::mlir::func::FuncOp"> {
  let summary = "fold multiplications and additions per channel into the weights before them";
  let description = [{
    A batch normalisation, a bias, or a scale after a convolution or matrix product with constant weights becomes part of the layer's weights and
    bias. Chains of elementwise ops are folded whole if their result is `a * x + b` with constants `a` and `b` per output channel. The same before a layer is
    folded where that is exact: one `a` and `b` for all channels or per input channel, and no padding if `b` is not zero.

    The float result changes by rounding only. A layer in QDQ form is left alone, because its scales were chosen for the
    weights as they are.

    Pre-condition: entry level, channels last. Post-condition: no foldable op is left; running the pass again changes nothing.

    ```mlir
    %0 = tosa.conv2d %x, %w, %b, ...
    %1 = linalg.generic ... ins(%0, %gamma) { mulf }
    // becomes a tosa.conv2d of %x with weights w * gamma and bias b * gamma
    ```
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numFolded", "folded", "ops folded into weights">];
}

def Equalize : Pass<"cim-equalize", "::mlir::func::FuncOp"> {
  let summary = "even out the channels of layers' inputs, which share one scale when they are quantised";
  let description = [{
    Where every use of a tensor is the input of a float layer with constant weights, and `cim.largest` gives the largest magnitude of each of its channels, channel `k` is divided
    by `s[k]`, the fourth root of `a[k] / w[k]`, and the weights that read it are multiplied by `s[k]`, so that the float result stays (but for rounding). `a[k]` is the channel's share of the
    tensor's largest magnitude, `w[k]` the largest share that a weight of the channel has of the largest weight of its output channel; both are at least 1/1024. The division goes
    into the weights and bias of the layer before, if only bounds at 0, pools, padding with 0 and reshapes that keep the channels lie between; or behind an elementwise op of several tensors that is computed with floats anyway.
    Other tensors stay as they are.

    Pre-condition: entry level, after `cim-fold-affine`. Post-condition: no `cim.largest` is left; ranges and means have to be measured after this pass.

    ```mlir
    %0 = tosa.conv2d %x, %w, %b, ... {cim.largest = array<f32: 4.0, 0.25>}
    %1 = tosa.conv2d %0, %v, %c, ...
    // becomes: %w and %b divided, %v multiplied by [1, 0.5], if all weights in %v are equal
    ```
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numTensors", "tensors", "tensors whose channels were scaled">];
}

def Quantize : Pass<"cim-quantize", "::mlir::func::FuncOp"> {
  let summary = "bring a float model with known ranges into QDQ form";
  let description = [{
    Puts a quantise and a dequantise on every tensor that is to become 8 bits wide, and replaces the constant weights of float layers by
    quantised ones with a dequantise. Activations lie in [-127, 127] for 8 bits, symmetric unless `asymmetric` is set, one scale per tensor from `cim.range = [lo, hi]` on the op
    (or `cim.range` on the function's argument); weights are symmetric with one scale per output channel.

    A tensor becomes 8 bits wide if a weighted layer needs it, directly or through data movement, pooling and elementwise ops that work on bytes: tables (all comes from one tensor)
    and sums. Products of tensors, as of gates and masks, are computed with floats, so their factors stay float. What only reaches float ops
    (softmax) and the network's results stays float, also where another use of the same tensor is 8 bits wide. Chains of elementwise ops keep float values inside, so that they become one stage.
    Rounding weights shifts a layer's result on average; the shift is taken out of its bias where `cim.mean`, the mean of every channel of the layer's input, stands on the
    op (or argument) that makes the input.
    Data movement and maximum pools keep the scale of their input; all inputs of a concatenation share one.

    Pre-condition: entry level, canonical, after `cim-fold-affine`; ranges attached by calibration. A tensor without range is an error at its op. Post-condition:
    every weighted layer with constant weights is in QDQ form. Layers that are in QDQ form already stay as they are.

    ```mlir
    %0 = tosa.conv2d %x, %w, %b, ... {cim.range = [-3.0, 4.0]}
    // becomes: quantise and dequantise of %x, of %w per channel, and of the result (if an 8-bit tensor is wanted there)
    ```
  }];
  let options = [
    Option<"weightBits", "weight-bits", "unsigned", "8", "Bits of a weight, 1 to 8; the range is symmetric: 8 bits are [-127, 127], 1 bit is -1 and 1. Example: `weight-bits=4`">,
    Option<"activationBits", "activation-bits", "unsigned", "8", "Bits of an activation, 2 to 8. Example: `activation-bits=8`">,
    Option<"asymmetric", "asymmetric", "bool", "false", "Give tensors whose range lies mostly on one side of 0 a zero point of their own, so that all 255 integers of [-127, 127] are used. Example: `asymmetric=true`">,
    Option<"sharesDirections", "share-directions", "bool", "false", "Give layers of which one has the transpose of the other's weights one scale each, the same for both, so that one array can serve both. Example: `share-directions=true`">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numTensors", "tensors", "activations made 8 bits wide">, Statistic<"numLayers", "layers", "layers whose weights were quantised">];
}

def LowerQdq : Pass<"cim-lower-qdq", "::mlir::func::FuncOp"> {
  let summary = "turn float layers between dequantise and quantise into integer layers";
  let description = [{
    A weighted layer whose input and weights are dequantised becomes an integer layer with i32 accumulators, followed by a requantise that holds the bias, the
    scale `float32(x_scale * w_scale) / y_scale` per channel and, as narrowed bounds, a following Relu or Clip; where no quantise follows, a requantise to float.
    Data movement and maximum pools move to the integer side. Average pools become exact integer sums. Elementwise ops between 8-bit tensors become one
    `linalg.generic` from integers to integers. Formulas: docs/numerics.md.

    Pre-condition: QDQ form (from `cim-quantize` or a quantised model). Post-condition: every weighted layer with constant weights is an integer
    layer; otherwise the pass fails with an error at each layer that is not.

    ```mlir
    %xf = dequantise %x          // forms of docs/input-contract.md
    %wf = dequantise %w
    %0 = tosa.conv2d %xf, %wf, %b, ... : f32
    %1 = quantise %0
    // becomes
    %0 = tosa.conv2d %x, %w, %bi, ... : (i8, i8, i32) -> i32
    %1 = requantise %0
    ```
  }];
  let options = [
    Option<"orderedMean", "ordered-mean", "bool", "false", "Compute means over a whole map, and those whose results can lie half-way between two integers, in float, in the order in "
           "which ONNX Runtime adds, so that they round as in the model's reference. Example: `ordered-mean=true`">,
    Option<"floatLayers", "float-layers", "bool", "false", "Leave layers float whose input is float, for the digital unit to compute, instead of refusing them. Example: `float-layers=true`">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numLayers", "layers", "layers made integer">];
}

#endif // CIMC_TRANSFORMS_PASSES_TD
