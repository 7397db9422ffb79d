//===- CimOps.td - The mapping dialect ----------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Networks as stages over streams of rows, with weights as symbols.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_IR_CIMOPS_TD
#define CIMC_DIALECT_CIM_IR_CIMOPS_TD

include "cimc/Dialect/Cim/IR/CimBase.td"

//===--------------------------------------------------------------------------===//
// Interface of stages
//===--------------------------------------------------------------------------===//

def Cim_StageOpInterface : OpInterface<"StageOpInterface"> {
  let cppNamespace = "::cimc::cim";
  let description = [{
    An op that fires once per row of its result. `getRowMap` says which rows of an input one firing needs
    (docs/architecture.md, "stages"). Every stage may carry the attribute `core`, the number of the core that computes it.
  }];
  let methods = [
    InterfaceMethod<"rows of operand `operand` that firing r needs; operands without rows have no map",
      "::cimc::mapping::RowMap", "getRowMap", (ins "unsigned":$operand)>,
    InterfaceMethod<"firings per inference", "int64_t", "getFirings", (ins), [{}],
      [{ return ::cimc::cim::getNumRows($_op->getResult(0).getType()); }]>,
  ];
}

//===--------------------------------------------------------------------------===//
// Weights
//===--------------------------------------------------------------------------===//

def Cim_WeightOp : Cim_Op<"weight", [Symbol]> {
  let summary = "a weight matrix that stays in arrays";
  let description = [{
    `value` is i8, `groups x rows x cols` (one group unless the layer is grouped; depthwise layers have one group per channel). Rows are ordered as the flattened window of the layer
    (kernel row, kernel column, channel of the group). `pieces` says which chip holds which part, on a machine of several chips. `tiles` holds its cuts once tiled, and their places once placed; `unit` says whether arrays or a digital unit compute with it.
    `slices` says into how many slices its values are cut where they have more bits than a cell; then the tiles cover every slice.
    A weight of f32 or f16 stays float: its unit is `digital`, and it lies in the memory of the cores that compute with it.
    `redundancy`, a power of two up to 8, is how many times arrays hold the weight for reads to be averaged, which makes deviations of cells that are independent of each other smaller by its square root. Sums of all
    instances are added; bias and scale of the layer take that into account without changing a bit of exact results. Layers without `scale` have no place for it. The digital unit ignores it.
    `max_rows` is how many rows of a group a tile may hold, where fewer than an array has add up better: their sums are converted with finer steps, and currents lose less voltage on the way. Engines, which add in integers, ignore it.

    ```mlir
    cim.weight @averaged {value = dense<1> : tensor<1x9x8xi8>, redundancy = 2 : i64, tiles = [
      #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
      #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, instance = 1>]}
    cim.weight @short {value = dense<1> : tensor<1x9x8xi8>, max_rows = 5 : i64, tiles = [
      #cim.tile<group = 0, groups = 1, row = 0, rows = 5, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
      #cim.tile<group = 0, groups = 1, row = 5, rows = 4, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0>]}
    cim.weight @conv1 {value = dense<1> : tensor<1x9x8xi8>}
    cim.weight @sliced {value = dense<100> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 4>, tiles = [
      #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
      #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, slice = 1>]}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$value,
                       DefaultValuedAttr<Cim_UnitAttr, "::cimc::cim::Unit::Array">:$unit, OptionalAttr<Cim_SlicesAttr>:$slices,
                       DefaultValuedAttr<I64Attr, "1">:$redundancy, OptionalAttr<I64Attr>:$max_rows, OptionalAttr<Cim_TileArrayAttr>:$tiles, OptionalAttr<Cim_PieceArrayAttr>:$pieces);
  let assemblyFormat = "$sym_name attr-dict";
  let extraClassDeclaration = [{
    /// Slices of the values, 1 where they are not cut.
    int64_t getSliceCount() { return getSlices() ? getSlices()->getCount() : 1; }
    /// How many sums of each column are added that stand for one; 1 in the digital unit.
    int64_t getInstances() { return getUnit() == Unit::Array ? static_cast<int64_t>(getRedundancy()) : 1; }
    /// How many copies of the weight lie in arrays; 1 before tiling.
    int64_t getCopies();
  }];
  let hasVerifier = 1;
}

//===--------------------------------------------------------------------------===//
// Ends of the network
//===--------------------------------------------------------------------------===//

def Cim_InputOp : Cim_Op<"input", [Pure]> {
  let summary = "a network input as a stream of rows from the host";
  let description = [{
    The result is the model's tensor with its dimensions permuted by `permutation` (as `tosa.transpose`), sent row by row. `shape` of source and result may differ by
    dimensions of size 1.

    ```mlir
    %0 = cim.input %x, "x" {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x8x6x4xi8> -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_Constant:$source, StrAttr:$name, DenseI64ArrayAttr:$permutation);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$source `,` $name attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}
def Cim_OutputOp : Cim_Op<"output", [Pure]> {
  let summary = "a network output as a stream of rows to the host";
  let description = [{
    The result is the stream's tensor with its dimensions permuted by `permutation` (as `tosa.transpose`). The shapes of source and result may differ by
    dimensions of size 1. `name` is the model's name of the output.

    ```mlir
    %y = cim.output %0, "y" {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x6x4x8xi8, #cim.rows<1>> -> tensor<1x8x6x4xi8>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$source, StrAttr:$name, DenseI64ArrayAttr:$permutation);
  let results = (outs Cim_Constant:$result);
  let hasVerifier = 1;
  let assemblyFormat = "$source `,` $name attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}
def Cim_ConstantOp : Cim_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "constant operand of digital ops, held in the memory of each core that uses it";
  let description = [{
    A constant has no row axis: every firing of a stage that uses it sees all of it.

    ```mlir
    %k = cim.constant dense<2.0> : tensor<1x1x1x8xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Cim_Constant:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

//===--------------------------------------------------------------------------===//
// Stages
//===--------------------------------------------------------------------------===//

class Cim_Stage<string mnemonic, list<Trait> traits = []>
    : Cim_Op<mnemonic, !listconcat([Pure, DeclareOpInterfaceMethods<Cim_StageOpInterface, ["getRowMap"]>], traits)> {
  let hasVerifier = 1;
}

def Cim_ForwardOp : Cim_Stage<"forward", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "multiply each window of the input by a weight matrix; convolution and dense layers";
  let description = [{
    `input` is NHWC (N = 1) i8, row axis 1; a dense layer is a window over the whole map or a 1x1 kernel. `kernel`, `stride`, `dilation` are [h, w], `pad` is [top, bottom, left, right];
    padding reads as `pad_value`. The window must fit exactly: `(H + top + bottom - (kh - 1) * dh - 1) mod sh = 0`.
    Groups come from the weight. Per output channel `c`: `acc = bias[c] + sum(input * weight)` in i32. Without `scale` the result is i32; with it, f32 and f16 results are `f32(acc) * scale[c]`
    and i8 results `clamp(round_half_even(f32(acc) * scale[c]) + zero_point, clamp[0], clamp[1])`.
    `bias` and `scale` have one element per output channel. The input's zero point is already in `bias`.

    With `transposed` the layer multiplies by the transpose of a weight of one group: the window drives the weight's columns, and there is one output channel per row,
    `acc[r] = bias[r] + sum over c of weight[r, c] * input[c]`. Cuts and places are those of the weight, so both directions read the same cells.

    A layer that stays float is not transposed and has input, weight, bias and result of f32, or all of f16, no `scale`, and is computed by the digital unit: the sum starts with the bias and takes the
    products in the order of the weight's rows.

    ```mlir
    %0 = cim.forward %x, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32,
      bias = dense<1> : tensor<8xi32>, scale = dense<0.5> : tensor<8xf32>, zero_point = 3 : i32, clamp = array<i32: 3, 127>}
      : (tensor<1x6x4x1xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
    ```mlir
    %0 = cim.forward %x, @conv {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
      : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, FlatSymbolRefAttr:$weight, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride,
      DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$pad, I32Attr:$pad_value, OptionalAttr<ElementsAttr>:$bias, OptionalAttr<ElementsAttr>:$scale,
      DefaultValuedAttr<I32Attr, "0">:$zero_point, DefaultValuedAttr<DenseI32ArrayAttr, "{-128, 127}">:$clamp,
      DefaultValuedAttr<I32Attr, "1">:$passes, UnitAttr:$transposed, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// A tile of the weight as this op sees it: rows are what is driven, columns what is read. Of a transposed op that is the tile with both exchanged.
    TileAttr orient(TileAttr tile);
  }];
}
def Cim_UpdateOp : Cim_Op<"update", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "add the outer product of two vectors to a weight matrix in its arrays";
  let description = [{
    `weight[r, c] += rate * lhs[r] * rhs[c]` for every position of the two streams, in order. `lhs` is i8 with one channel per row of the weight, `rhs` i8
    with one per column. The weight has one group. This version checks the op and refuses to map it: `cim-tile-to-arrays` reports it.

    ```mlir
    cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
    func.func @main(%x: tensor<1x1x1x9xi8, #cim.rows<1>>, %d: tensor<1x1x1x8xi8, #cim.rows<1>>) {
      cim.update @w, %x, %d {rate = 1.000000e-02 : f32} : tensor<1x1x1x9xi8, #cim.rows<1>>, tensor<1x1x1x8xi8, #cim.rows<1>>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight, Cim_RowTensor:$lhs, Cim_RowTensor:$rhs, F32Attr:$rate);
  let assemblyFormat = "$weight `,` $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}
def Cim_PoolOp : Cim_Stage<"pool"> {
  let summary = "maximum or sum over windows, per channel";
  let description = [{
    NHWC, row axis 1. max: i8 to i8 or a float to the same, padding takes no part. sum: i8 to i32 or a float to the same, padding adds `pad_value`.

    ```mlir
    %0 = cim.pool max %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, Cim_PoolKindAttr:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride,
      DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$pad, DefaultValuedAttr<I32Attr, "0">:$pad_value, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}
def Cim_RequantizeOp : Cim_Stage<"requantize"> {
  let summary = "i32 to i8, f32 or f16 per channel (last dimension), as the epilogue of cim.forward";
  let description = [{
    Per channel `c`: `f = f32(x + bias[c]) * scale[c]`. An f32 or f16 result is `f`, an i8 result `clamp(round_half_even(f) + zero_point, clamp[0], clamp[1])`. It stands alone
    where the sums come from something other than a weighted layer, such as a pool.

    ```mlir
    %0 = cim.requantize %x {scale = dense<0.5> : tensor<8xf32>, zero_point = -128 : i32}
      : (tensor<1x6x4x8xi32, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, OptionalAttr<ElementsAttr>:$bias, ElementsAttr:$scale, DefaultValuedAttr<I32Attr, "0">:$zero_point,
      DefaultValuedAttr<DenseI32ArrayAttr, "{-128, 127}">:$clamp, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_QuantizeOp : Cim_Stage<"quantize"> {
  let summary = "f32 or f16 to i8: clamp(round_half_even(x / scale) + zero_point)";
  let description = [{
    Input and result have the same shape and row axis. The bounds of `clamp` are applied after the zero point is added; a fused Relu narrows them.

    ```mlir
    %0 = cim.quantize %x {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x6x4x8xf32, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, F32Attr:$scale, I32Attr:$zero_point, DefaultValuedAttr<DenseI32ArrayAttr, "{-128, 127}">:$clamp, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_DequantizeOp : Cim_Stage<"dequantize"> {
  let summary = "i8 to f32 or f16: f32(q - zero_point) * scale";
  let description = [{
    Input and result have the same shape and row axis. The difference is exact; the product is rounded to f32, and to f16 if that is the result.

    ```mlir
    %0 = cim.dequantize %x {scale = 0.5 : f32, zero_point = -128 : i32} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, F32Attr:$scale, I32Attr:$zero_point, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_RandomOp : Cim_Stage<"random"> {
  let summary = "uniform random numbers in [0, 1), one for each element of the input";
  let description = [{
    The input's values do not matter; a row of numbers is drawn for each of its rows. A number is a multiple of 2^-24 and a function of the run's seed, of `number`, which tells
    the streams of a network apart, of the row, the element and the inference (docs/numerics.md).

    ```mlir
    %0 = cim.random %x {number = 0 : i64} : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x1x1x8xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, I64Attr:$number, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_ConvertOp : Cim_Stage<"convert"> {
  let summary = "change the number format of floats: f32 to f16 or f16 to f32";
  let description = [{
    To f16 each element is rounded to nearest, ties to even, and from 65520 on becomes infinity; to f32 it stays what it is. Stands at the borders of what is computed in f16
    (`cim-narrow-digital-floats`). A conversion to f32 and back is folded.

    ```mlir
    %0 = cim.convert %x : (tensor<1x6x4x8xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf16, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}
def Cim_AddOp : Cim_Stage<"add"> {
  let summary = "sum of two i8 tensors of their own scales; formula of cimisa.add_quantized";
  let description = [{
    `clamp(round_half_even((f32(lhs - lhs_zero_point) * lhs_scale + f32(rhs - rhs_zero_point) * rhs_scale) / scale) + zero_point, clamp[0], clamp[1])`: the sum that joins the
    branches of a residual network. All three have the same shape.

    ```mlir
    %0 = cim.add %x, %s {lhs_scale = 0.5 : f32, lhs_zero_point = 3 : i32, rhs_scale = 0.25 : f32, rhs_zero_point = 0 : i32,
      scale = 0.5 : f32, zero_point = -128 : i32} : (tensor<1x6x4x8xi8, #cim.rows<1>>, tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$lhs, Cim_RowTensor:$rhs, F32Attr:$lhs_scale, I32Attr:$lhs_zero_point, F32Attr:$rhs_scale, I32Attr:$rhs_zero_point,
      F32Attr:$scale, I32Attr:$zero_point, DefaultValuedAttr<DenseI32ArrayAttr, "{-128, 127}">:$clamp, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}
def Cim_LookupOp : Cim_Stage<"lookup"> {
  let summary = "8-bit function as a table of 256 entries: result = table[x + 128]";
  let description = [{
    Any function of one 8-bit operand, computed once by the compiler: sigmoid, tanh, a change of scale.

    ```mlir
    %0 = cim.lookup %x {table = dense<7> : tensor<256xi8>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, ElementsAttr:$table, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_ElementwiseOp : Cim_Stage<"elementwise", [SingleBlock, IsolatedFromAbove]> {
  let summary = "scalar function of its operands, element by element";
  let description = [{
    Operands have the result's rank; a dimension of size 1 repeats (a stream of one row is read by every firing). The body takes one scalar per operand and
    holds `arith` and `math` ops only. f32 arithmetic is IEEE single, no contraction; f16 arithmetic is the same, each result rounded to f16.

    ```mlir
    %y = cim.elementwise %x, %k : (tensor<1x4x8xf32, #cim.rows<1>>, tensor<1x1x8xf32>) -> tensor<1x4x8xf32, #cim.rows<1>> {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      cim.yield %s : f32
    }
    ```
  }];
  let arguments = (ins Variadic<Cim_AnyTensor>:$inputs, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results) $body";
  let hasVerifier = 0;
  let hasRegionVerifier = 1;
}
def Cim_YieldOp : Cim_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"ElementwiseOp">]> {
  let summary = "result of the body of cim.elementwise";
  let description = [{
    The value has the element type of the stage's result.

    ```mlir
    %y = cim.elementwise %x : (tensor<1x6x4x8xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>> {
    ^bb0(%a: f32):
      cim.yield %a : f32
    }
    ```
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}
def Cim_MatmulOp : Cim_Stage<"matmul"> {
  let summary = "product of two matrices of which at least one is an activation; f32, f16, or i8 to i32 sums";
  let description = [{
    `lhs` is `1 x R x M x K`: row r holds a matrix `M x K`. `rhs` is `1 x R x K x N`, row r of which is multiplied by row r of `lhs`, or `1 x K x 1 x N`, one matrix for all rows, of which every
    firing needs all rows. Either may be a constant. The result is `1 x R x M x N`. Products are added in the order of K, from 0; i8 operands have their zero points subtracted first.

    ```mlir
    %0 = cim.matmul %q, %k : (tensor<1x8x32x4xf32, #cim.rows<1>>, tensor<1x8x4x32xf32, #cim.rows<1>>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_AnyTensor:$lhs, Cim_AnyTensor:$rhs, DefaultValuedAttr<I32Attr, "0">:$lhs_zero_point,
      DefaultValuedAttr<I32Attr, "0">:$rhs_zero_point, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// Whether every firing multiplies by the whole of `rhs`, not by its row of that number.
    bool readsWholeRhs();
  }];
}
def Cim_GatherOp : Cim_Stage<"gather"> {
  let summary = "entries of a table, chosen by data: the embedding of a token";
  let description = [{
    `table` has `E` entries of `C` elements: a constant `E x C`, or a stream `1 x E x 1 x C`, of which every firing needs all rows. `indices` is `1 x R x P x 1` of i32 or i64, a stream or a
    constant. Element `(r, p)` of the result, `1 x R x P x C`, is entry `indices[r, p]`. An index outside 0 to E - 1 stops the run with a message.

    ```mlir
    %0 = cim.gather %e, %t : (tensor<512x64xf32>, tensor<1x32x1x1xi32, #cim.rows<1>>) -> tensor<1x32x1x64xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_AnyTensor:$table, Cim_AnyTensor:$indices, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$table `,` $indices attr-dict `:` functional-type(operands, results)";
}
def Cim_ReduceOp : Cim_Stage<"reduce"> {
  let summary = "reduce one axis, keeping it with size 1; f32, f16 or i32";
  let description = [{
    Along the row axis the stage needs all rows and adds them one after the other.

    ```mlir
    %0 = cim.reduce sum %x {axis = 3 : i64} : (tensor<1x6x4x8xf32, #cim.rows<1>>) -> tensor<1x6x4x1xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, Cim_ReduceKindAttr:$kind, I64Attr:$axis, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}
def Cim_ConcatOp : Cim_Stage<"concat"> {
  let summary = "concatenate along an axis";
  let description = [{
    Operands agree in every dimension but `axis`. Along the row axis the rows of one operand follow those of the one before.

    ```mlir
    %0 = cim.concat %x, %s {axis = 3 : i64} : (tensor<1x6x4x8xi8, #cim.rows<1>>, tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x16xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Variadic<Cim_RowTensor>:$inputs, I64Attr:$axis, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}
def Cim_DelayOp : Cim_Op<"delay", [DeclareOpInterfaceMethods<Cim_StageOpInterface, ["getRowMap"]>]> {
  let summary = "a state before each time step: the rows that the step before fed back";
  let description = [{
    Row 0 is `initial`, a stream of one row or a constant; row r is row r - 1 of what the `cim.feed` with the same `state` is given. The pair makes an edge that runs against the order of the function,
    so no value is used before it is made. For the scheduler the fed stream is operand 1.

    ```mlir
    func.func @main() {
      %start = cim.constant dense<0.0> : tensor<1x1x1x8xf32>
      %before = cim.delay "h", %start : (tensor<1x1x1x8xf32>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
      %after = cim.elementwise %before : (tensor<1x5x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
      ^bb0(%a: f32):
        %t = math.tanh %a : f32
        cim.yield %t : f32
      }
      cim.feed "h", %after : tensor<1x5x1x8xf32, #cim.rows<1>>
      return
    }
    ```
  }];
  let arguments = (ins StrAttr:$state, Cim_AnyTensor:$initial, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$state `,` $initial attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The one `cim.feed` of this state; null if there is none.
    FeedOp getFeed();
  }];
}
def Cim_FeedOp : Cim_Op<"feed"> {
  let summary = "a state after each time step";
  let description = [{
    Gives the rows of `next` to the `cim.delay` with the same `state`, which stands before it in the function and has the same type. Each state has one of both.

    ```mlir
    func.func @main(%start: tensor<1x1x1x8xf32, #cim.rows<1>>) {
      %same = cim.delay "c", %start : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
      cim.feed "c", %same : tensor<1x5x1x8xf32, #cim.rows<1>>
      return
    }
    ```
  }];
  let arguments = (ins StrAttr:$state, Cim_RowTensor:$next);
  let assemblyFormat = "$state `,` $next attr-dict `:` type($next)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The one `cim.delay` of this state; null if there is none.
    DelayOp getDelay();
  }];
}
def Cim_SliceOp : Cim_Stage<"slice"> {
  let summary = "every stride-th element from offsets; strides are positive";
  let description = [{
    One offset and one stride per dimension; the sizes are those of the result. Rows that no firing needs are received and dropped.

    ```mlir
    %0 = cim.slice %x {offsets = array<i64: 0, 0, 1, 0>, strides = array<i64: 1, 2, 1, 1>}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$strides, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_PadOp : Cim_Stage<"pad"> {
  let summary = "add `low` and `high` elements of `value` in every dimension";
  let description = [{
    `value` is a scalar attribute of the element type.

    ```mlir
    %0 = cim.pad %x {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 1, 0, 0>, value = 0 : i8}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x8x4x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, TypedAttrInterface:$value, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Cim_RelayoutOp : Cim_Stage<"relayout"> {
  let summary = "change the row axis or the order of elements, and repeat them: reshape, repeat, transpose, reshape";
  let description = [{
    Reads the input in C order as a tensor of shape `view` (its own shape without it), repeats dimension `d` of it `repeat[d]` times (only dimensions of size 1; once without it),
    permutes the dimensions by `permutation`, and reads the outcome in C order as the result's shape.

    Where a row of the result lies in few rows of the input that move on with it, only those are kept: a firing of a pixel shuffle by `s` reads input row `floor(r / s)`.
    Otherwise the whole input is collected, and the memory cost is its size. A `relayout` between equal types that keeps the order of elements is folded.

    ```mlir
    %0 = cim.relayout %x {permutation = array<i64: 0, 3, 1, 2>}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x1x1x192xi8, #cim.rows<1>>
    %shuffled = cim.relayout %x {view = array<i64: 1, 6, 4, 2, 2, 2>, permutation = array<i64: 0, 1, 3, 2, 4, 5>}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x12x8x2xi8, #cim.rows<1>>
    %doubled = cim.relayout %x {view = array<i64: 1, 6, 1, 4, 1, 8>, repeat = array<i64: 1, 1, 2, 1, 2, 1>, permutation = array<i64: 0, 1, 2, 3, 4, 5>}
      : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x12x8x8xi8, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, OptionalAttr<DenseI64ArrayAttr>:$view, OptionalAttr<DenseI64ArrayAttr>:$repeat,
      DenseI64ArrayAttr:$permutation, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::llvm::ArrayRef<int64_t>":$permutation), [{
    build($_builder, $_state, result, input, {}, {}, $_builder.getDenseI64ArrayAttr(permutation), {});
  }]>];
  let extraClassDeclaration = [{
    /// The shape in which the input is read: `view`, or its own.
    ::llvm::ArrayRef<int64_t> getViewShape();
    /// Whether the result has the elements of the input in the same order (only dimensions of size 1 move, and none repeats).
    bool keepsOrder();
    /// Whether, moreover, each row holds what the input's row of that number holds. Then firing r needs row r only.
    bool keepsRows();
  }];
}

def Cim_ReverseOp : Cim_Stage<"reverse"> {
  let summary = "reverse the order along an axis";
  let description = [{
    Along the row axis the whole input is collected, since the first row of the result is the last of the input.

    ```mlir
    %0 = cim.reverse %x {axis = 1 : i64} : (tensor<1x6x4x8xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
    ```
  }];
  let arguments = (ins Cim_RowTensor:$input, I64Attr:$axis, OptionalAttr<I64Attr>:$core);
  let results = (outs Cim_RowTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

//===--------------------------------------------------------------------------===//
// Scheduled level
//===--------------------------------------------------------------------------===//

def Cim_ScheduleOp : Cim_Op<"schedule", [NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the scheduled network: memory and firing order of every core, depth of every FIFO";
  let description = [{
    Stands after the function whose stages it schedules. Stages are numbered as the stage graph of the placed function numbers them
    (lib/Dialect/Cim/Transforms/StageGraph.cpp), which also gives each a name, printed here for the reader and checked. `host_wakes` lists the chips that the host wakes at
    the beginning of an inference; see `cim.wake`.

    ```mlir
    cim.schedule @main {
      cim.fifo {stream = 1 : i64, receiver = 2 : i64, depth = 3 : i64}
      cim.core_program attributes {core = 0 : i64, memory_bytes = 1024 : i64} {
        cim.region "rows" {owner = 1 : i64, address = 0 : i64, bytes = 96 : i64, rows = 3 : i64}
        cim.loop 4 {
          cim.fire "conv" {stage = 1 : i64, times = 2 : i64}
        }
      }
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, OptionalAttr<DenseI64ArrayAttr>:$host_wakes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$function attr-dict-with-keyword $body";
}
def Cim_FifoOp : Cim_Op<"fifo", [HasParent<"ScheduleOp">]> {
  let summary = "depth, in rows, of the channel that brings stream `stream` to stage `receiver`";
  let description = [{
    Streams and stages go by their numbers in the stage graph. Only streams that cross from one core to another, or from the host, have a channel.

    ```mlir
    cim.fifo {stream = 1 : i64, receiver = 2 : i64, depth = 3 : i64}
    ```
  }];
  let arguments = (ins I64Attr:$stream, I64Attr:$receiver, I64Attr:$depth);
  let hasVerifier = 1;
  let assemblyFormat = "attr-dict";
}
def Cim_CoreProgramOp : Cim_Op<"core_program", [HasParent<"ScheduleOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "memory regions and firing order of one core";
  let description = [{
    Holds `region` ops, then the firing order as `fire` and `loop` ops. `memory_bytes` is what the regions need together; they lie inside it.

    ```mlir
    cim.core_program attributes {core = 0 : i64, memory_bytes = 1024 : i64} {
      cim.region "scratch" {owner = 0 : i64, address = 0 : i64, bytes = 64 : i64}
      cim.fire "conv" {stage = 0 : i64, times = 28 : i64}
    }
    ```
  }];
  let arguments = (ins I64Attr:$core, I64Attr:$memory_bytes);
  let regions = (region SizedRegion<1>:$body);
  let hasRegionVerifier = 1;
  let assemblyFormat = "attr-dict-with-keyword $body";
}
def Cim_RegionOp : Cim_Op<"region", [HasParent<"CoreProgramOp">]> {
  let summary = "a region of a core's memory";
  let description = [{
    `kind` is `rows` (the ring buffer of stream `owner`, with `rows` slots), `fifo` (messages of stream `owner` that wait to be received), or `scratch`, `constant` or `accumulator` of
    stage `owner`. Scratch of `rows` slots is used in turns: firing r uses slot r mod rows.

    ```mlir
    cim.region "rows" {owner = 3 : i64, address = 0 : i64, bytes = 96 : i64, rows = 3 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$kind, I64Attr:$owner, I64Attr:$address, I64Attr:$bytes, DefaultValuedAttr<I64Attr, "0">:$rows);
  let hasVerifier = 1;
  let assemblyFormat = "$kind attr-dict";
}
def Cim_FireOp : Cim_Op<"fire", [ParentOneOf<["CoreProgramOp", "LoopOp"]>]> {
  let summary = "fire a stage `times` times in a row";
  let description = [{
    `stage` is the stage's number, `name` what the stage graph calls it. The n-th firing of a stage in an inference makes row n of its result.

    ```mlir
    cim.fire "conv" {stage = 1 : i64, times = 2 : i64}
    ```
  }];
  let arguments = (ins I64Attr:$stage, StrAttr:$name, DefaultValuedAttr<I64Attr, "1">:$times);
  let hasVerifier = 1;
  let assemblyFormat = "$name attr-dict";
}
def Cim_WakeOp : Cim_Op<"wake", [ParentOneOf<["CoreProgramOp", "LoopOp"]>]> {
  let summary = "ask for a chip to be on";
  let description = [{
    Chip `chip` executes nothing in its epoch `epoch` of an inference before it has been woken for it, by a core of another chip or by the host. Several cores may ask; the first
    wakes it. Every message into the chip belongs to the epoch that its sender has asked for last.

    ```mlir
    cim.wake {chip = 2 : i64, epoch = 0 : i64}
    ```
  }];
  let arguments = (ins I64Attr:$chip, DefaultValuedAttr<I64Attr, "0">:$epoch);
  let hasVerifier = 1;
  let assemblyFormat = "attr-dict";
}
def Cim_ShutdownOp : Cim_Op<"shutdown", [ParentOneOf<["CoreProgramOp", "LoopOp"]>]> {
  let summary = "end the core's epoch";
  let description = [{
    When all cores of a chip that have a program have come here, the chip is shut down and its next epoch begins, for which it must be woken.

    ```mlir
    cim.shutdown
    ```
  }];
  let arguments = (ins);
  let assemblyFormat = "attr-dict";
}
def Cim_LoopOp : Cim_Op<"loop", [ParentOneOf<["CoreProgramOp", "LoopOp"]>, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "repeat the firings in the body";
  let description = [{
    Loops come from the periodic part of a core's firing order and may nest.

    ```mlir
    cim.loop 4 {
      cim.fire "conv" {stage = 1 : i64, times = 2 : i64}
      cim.fire "pool" {stage = 2 : i64}
    }
    ```
  }];
  let arguments = (ins I64Attr:$count);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let assemblyFormat = "$count attr-dict-with-keyword $body";
}

#endif
