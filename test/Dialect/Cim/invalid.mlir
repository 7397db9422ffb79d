// RUN: %cimc-opt --split-input-file --verify-diagnostics %s

// expected-error@+1 {{row axis must be a dimension of the tensor, 0 to 1, is 2}}
func.func private @axis(tensor<1x4xi8, #cim.rows<2>>)

// -----

// expected-error@+1 {{dimensions before the row axis must be 1, dimension 0 is 2}}
func.func private @batch(tensor<2x4xi8, #cim.rows<1>>)

// -----

// expected-error@+1 {{elements of a stream must be i8, i32, i64, i1, f32 or f16, are 'f64'}}
func.func private @element(tensor<1x4xf64, #cim.rows<1>>)

// -----

// expected-error@+1 {{value must be i8, f32 or f16 of groups x rows x columns, is 'tensor<9x8xi8>'}}
cim.weight @rank {value = dense<1> : tensor<9x8xi8>}

// -----

// expected-error@+1 {{tile 0 has rows 4 to 9, the weight has 9}}
cim.weight @tile {value = dense<1> : tensor<1x9x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 4, rows = 6, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}

// -----

// expected-error@+1 {{tile 0 has slice 1, the weight has 1}}
cim.weight @tile {value = dense<1> : tensor<1x9x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0, slice = 1>]}

// -----

// expected-error@+1 {{slices must have 1 to 7 bits, have 8}}
cim.weight @slices {value = dense<1> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 8>}

// -----

// expected-error@+1 {{weights of 8 bits have 2 to 3 slices of 3 bits, not 4}}
cim.weight @slices {value = dense<1> : tensor<1x9x8xi8>, slices = #cim.slices<count = 4, bits = 3>}

// -----

// expected-error@+1 {{slices need unit array, the unit is digital}}
cim.weight @slices {value = dense<1> : tensor<1x9x8xi8>, unit = #cim<unit digital>, slices = #cim.slices<count = 2, bits = 4>}

// -----

// expected-error@+1 {{tile 0 has 2 groups, so it must hold whole groups of 9 x 1, holds 3 x 1}}
cim.weight @groups {value = dense<1> : tensor<2x9x1xi8>, tiles = [#cim.tile<group = 0, groups = 2, row = 0, rows = 3, col = 0, cols = 1, array = 0, at_row = 0, at_col = 0>]}

// -----

func.func @permutation(%x: tensor<1x2x3xi8>) {
  // expected-error@+1 {{permutation must name each of 3 dimensions once, entry 1 does not}}
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 1>} : tensor<1x2x3xi8> -> tensor<1x2x1x3xi8, #cim.rows<1>>
  return
}

// -----

func.func @input(%x: tensor<1x2x3xi8>) {
  // expected-error@+1 {{result must have the permuted dimensions of the source up to dimensions of size 1}}
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 2, 1>} : tensor<1x2x3xi8> -> tensor<1x2x1x3xi8, #cim.rows<1>>
  return
}

// -----

func.func @no_weight(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{weight @conv is not a cim.weight of this module}}
  %0 = cim.forward %x, @conv {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x4x4x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @conv {value = dense<1> : tensor<1x8x8xi8>}
func.func @rows(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{weight @conv must have 9 rows (kernel height x width x channels of a group), has 8}}
  %0 = cim.forward %x, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32}
    : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x4x4x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}
func.func @stride(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{the window must fit exactly, stride 2 leaves over 1 of height}}
  %0 = cim.forward %x, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}
func.func @window(%x: tensor<1x2x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{the window must fit, height needs 3, has 2 with padding}}
  %0 = cim.forward %x, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x2x4x1xi8, #cim.rows<1>>) -> tensor<1x1x2x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @fc {value = dense<1> : tensor<1x4x8xi8>}
func.func @bias(%x: tensor<1x1x1x4xi8, #cim.rows<1>>) {
  // expected-error@+1 {{bias must be 8 values of 'i32', one per channel, is 'tensor<4xi32>'}}
  %0 = cim.forward %x, @fc {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, bias = dense<1> : tensor<4xi32>}
    : (tensor<1x1x1x4xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @fc {value = dense<1> : tensor<1x4x8xi8>}
func.func @unscaled(%x: tensor<1x1x1x4xi8, #cim.rows<1>>) {
  // expected-error@+1 {{result must have elements i32 without a scale, has 'i8'}}
  %0 = cim.forward %x, @fc {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x4xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @pool(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{elements must be f32 to f32, f16 to f16 or i8 to i32, are 'i8' to 'i8'}}
  %0 = cim.pool sum %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
    : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x2x2x1xi8, #cim.rows<1>>
  return
}

// -----

func.func @scale(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{scale must be positive and finite, is 0.0}}
  %0 = cim.quantize %x {scale = 0.0 : f32, zero_point = 0 : i32} : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xi8, #cim.rows<1>>
  return
}

// -----

func.func @clamp(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{clamp must be two ascending values in -128 to 127, is [5, 4]}}
  %0 = cim.quantize %x {scale = 1.0 : f32, zero_point = 0 : i32, clamp = array<i32: 5, 4>} : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xi8, #cim.rows<1>>
  return
}

// -----

func.func @table(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{table must be 256 values of i8, is 'tensor<16xi8>'}}
  %0 = cim.lookup %x {table = dense<0> : tensor<16xi8>} : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x4x4x1xi8, #cim.rows<1>>
  return
}

// -----

func.func @body(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  %0 = cim.elementwise %x : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xf32, #cim.rows<1>> {
  ^bb0(%a: f32):
    // expected-error@+1 {{is not an arith or math op}}
    %i = ub.poison : f32
    cim.yield %i : f32
  }
  return
}

// -----

func.func @broadcast(%x: tensor<1x4x4x1xf32, #cim.rows<1>>, %y: tensor<1x2x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{dimension 1 of operand 1 must be 1 or 4, is 2}}
  %0 = cim.elementwise %x, %y : (tensor<1x4x4x1xf32, #cim.rows<1>>, tensor<1x2x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32):
    cim.yield %a : f32
  }
  return
}

// -----

func.func @concat(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{result must have size 8 along axis 1, has 9}}
  %0 = cim.concat %x, %x {axis = 1 : i64} : (tensor<1x4x4x1xf32, #cim.rows<1>>, tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x9x4x1xf32, #cim.rows<1>>
  return
}

// -----

func.func @slice(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{dimension 1 has 4 elements, the slice takes 2 from 2 by 2}}
  %0 = cim.slice %x {offsets = array<i64: 0, 2, 0, 0>, strides = array<i64: 1, 2, 1, 1>} : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x2x4x1xf32, #cim.rows<1>>
  return
}

// -----

func.func @pad(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{dimension 1 of the result must be 5, is 6}}
  %0 = cim.pad %x {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 0, 0, 0>, value = 0.0 : f32} : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x6x4x1xf32, #cim.rows<1>>
  return
}

// -----

func.func @reduce(%x: tensor<1x4x4x1xf32, #cim.rows<1>>) {
  // expected-error@+1 {{result must be the input with size 1 along axis 1}}
  %0 = cim.reduce max %x {axis = 1 : i64} : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x2x4x1xf32, #cim.rows<1>>
  return
}

// -----

// expected-error@+1 {{target 'none' is not valid}}
module attributes {cim.target = #cim.target<"none", "00">} {}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{view must have the 192 elements of the input}}
  %0 = cim.relayout %x {view = array<i64: 1, 6, 4, 4>, permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{repeat must have 4 entries, one per dimension, has 2}}
  %0 = cim.relayout %x {repeat = array<i64: 1, 2>, permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{only dimensions of size 1 repeat, dimension 1 has size 6 and repeats 2 times}}
  %0 = cim.relayout %x {repeat = array<i64: 1, 2, 1, 1>, permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x12x4x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{permutation must have 5 entries, one per dimension, has 4}}
  %0 = cim.relayout %x {view = array<i64: 1, 6, 4, 4, 2>, permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{axis must be in 0 to 3, is 4}}
  %0 = cim.reverse %x {axis = 4 : i64} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @relayout(%x: tensor<1x6x4x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{input and result must have the same type}}
  %0 = cim.reverse %x {axis = 1 : i64} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x8x4xi8, #cim.rows<1>>
  return
}

// -----

// expected-error@+1 {{value of f32 must have unit digital, arrays hold i8}}
cim.weight @float {value = dense<1.0> : tensor<1x9x8xf32>}

// -----

cim.weight @w {value = dense<1.0> : tensor<1x2x8xf32>, unit = #cim<unit digital>}
func.func @float_result(%x: tensor<1x6x4x2xf32, #cim.rows<1>>) {
  // expected-error@+1 {{result must have elements f32 like the input, has}}
  %0 = cim.forward %x, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x6x4x2xf32, #cim.rows<1>>) -> tensor<1x6x4x8xi32, #cim.rows<1>>
  return
}

// -----

cim.weight @w {value = dense<1.0> : tensor<1x2x8xf32>, unit = #cim<unit digital>}
func.func @float_scale(%x: tensor<1x6x4x2xf32, #cim.rows<1>>) {
  // expected-error@+1 {{scale must be absent where the input is f32}}
  %0 = cim.forward %x, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<8xf32>} : (tensor<1x6x4x2xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
  return
}

// -----

cim.weight @w {value = dense<1.0> : tensor<1x2x8xf32>, unit = #cim<unit digital>}
func.func @float_bias(%x: tensor<1x6x4x2xf32, #cim.rows<1>>) {
  // expected-error@+1 {{bias must be 8 values of 'f32', one per channel, is}}
  %0 = cim.forward %x, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, bias = dense<1> : tensor<8xi32>} : (tensor<1x6x4x2xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
  return
}

// -----

cim.weight @w {value = dense<1> : tensor<1x2x8xi8>}
func.func @float_weight(%x: tensor<1x6x4x2xf32, #cim.rows<1>>) {
  // expected-error@+1 {{weight @w must have elements 'f32' like the input, has 'i8'}}
  %0 = cim.forward %x, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x6x4x2xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_rank(%a: tensor<1x8x4xf32, #cim.rows<1>>, %b: tensor<1x8x4x32xf32, #cim.rows<1>>) {
  // expected-error@+1 {{lhs must be 1 x R x M x K with rows along dimension 1, is}}
  %0 = cim.matmul %a, %b  : (tensor<1x8x4xf32, #cim.rows<1>>, tensor<1x8x4x32xf32, #cim.rows<1>>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_depth(%a: tensor<1x8x32x4xf32, #cim.rows<1>>, %b: tensor<1x8x5x32xf32, #cim.rows<1>>) {
  // expected-error@+1 {{rhs must be 1 x 8 x 4 x N or 1 x 4 x 1 x N, is}}
  %0 = cim.matmul %a, %b  : (tensor<1x8x32x4xf32, #cim.rows<1>>, tensor<1x8x5x32xf32, #cim.rows<1>>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_result(%a: tensor<1x8x32x4xf32, #cim.rows<1>>, %b: tensor<1x8x4x32xf32, #cim.rows<1>>) {
  // expected-error@+1 {{result must be 1 x 8 x 32 x 32, is}}
  %0 = cim.matmul %a, %b  : (tensor<1x8x32x4xf32, #cim.rows<1>>, tensor<1x8x4x32xf32, #cim.rows<1>>) -> tensor<1x8x32x31xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_constants(%a: tensor<1x8x32x4xf32>, %b: tensor<1x8x4x32xf32>) {
  // expected-error@+1 {{lhs or rhs must be a stream, both are constants}}
  %0 = cim.matmul %a, %b  : (tensor<1x8x32x4xf32>, tensor<1x8x4x32xf32>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_elements(%a: tensor<1x8x32x4xi8, #cim.rows<1>>, %b: tensor<1x8x4x32xi8, #cim.rows<1>>) {
  // expected-error@+1 {{elements must be f32 to f32, f16 to f16 or i8 to i32, are 'i8' and 'i8' to 'i8'}}
  %0 = cim.matmul %a, %b  : (tensor<1x8x32x4xi8, #cim.rows<1>>, tensor<1x8x4x32xi8, #cim.rows<1>>) -> tensor<1x8x32x32xi8, #cim.rows<1>>
  return
}

// -----

func.func @product_float_zero(%a: tensor<1x8x32x4xf32, #cim.rows<1>>, %b: tensor<1x8x4x32xf32, #cim.rows<1>>) {
  // expected-error@+1 {{zero points of f32 must be 0, are 3 and 0}}
  %0 = cim.matmul %a, %b {lhs_zero_point = 3 : i32} : (tensor<1x8x32x4xf32, #cim.rows<1>>, tensor<1x8x4x32xf32, #cim.rows<1>>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
  return
}

// -----

func.func @product_zero(%a: tensor<1x8x32x4xi8, #cim.rows<1>>, %b: tensor<1x8x4x32xi8, #cim.rows<1>>) {
  // expected-error@+1 {{rhs_zero_point must be in -128 to 127, is 200}}
  %0 = cim.matmul %a, %b {rhs_zero_point = 200 : i32} : (tensor<1x8x32x4xi8, #cim.rows<1>>, tensor<1x8x4x32xi8, #cim.rows<1>>) -> tensor<1x8x32x32xi32, #cim.rows<1>>
  return
}

// -----

func.func @table_rank(%t: tensor<512xf32>, %i: tensor<1x32x1x1xi32, #cim.rows<1>>) {
  // expected-error@+1 {{table must be E x C, is}}
  %0 = cim.gather %t, %i : (tensor<512xf32>, tensor<1x32x1x1xi32, #cim.rows<1>>) -> tensor<1x32x1x64xf32, #cim.rows<1>>
  return
}

// -----

func.func @table_constants(%t: tensor<512x64xf32>, %i: tensor<1x32x1x1xi32>) {
  // expected-error@+1 {{table or indices must be a stream, both are constants}}
  %0 = cim.gather %t, %i : (tensor<512x64xf32>, tensor<1x32x1x1xi32>) -> tensor<1x32x1x64xf32, #cim.rows<1>>
  return
}

// -----

func.func @table_index(%t: tensor<512x64xf32>, %i: tensor<1x32x1x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{indices must be i32 or i64, are 'i8'}}
  %0 = cim.gather %t, %i : (tensor<512x64xf32>, tensor<1x32x1x1xi8, #cim.rows<1>>) -> tensor<1x32x1x64xf32, #cim.rows<1>>
  return
}

// -----

func.func @table_elements(%t: tensor<512x64xf32>, %i: tensor<1x32x1x1xi32, #cim.rows<1>>) {
  // expected-error@+1 {{result must have the table's elements 'f32', has 'i8'}}
  %0 = cim.gather %t, %i : (tensor<512x64xf32>, tensor<1x32x1x1xi32, #cim.rows<1>>) -> tensor<1x32x1x64xi8, #cim.rows<1>>
  return
}

// -----

func.func @table_result(%t: tensor<512x64xf32>, %i: tensor<1x32x1x1xi32, #cim.rows<1>>) {
  // expected-error@+1 {{result must have one entry of the table per index, is}}
  %0 = cim.gather %t, %i : (tensor<512x64xf32>, tensor<1x32x1x1xi32, #cim.rows<1>>) -> tensor<1x32x1x63xf32, #cim.rows<1>>
  return
}

// -----

func.func @no_feed(%x: tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
  // expected-error @+1 {{state 'h' must have exactly one cim.feed}}
  %0 = cim.delay "h", %x : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
}

// -----

func.func @two_feeds(%x: tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
  // expected-error @+1 {{state 'h' must have exactly one cim.feed}}
  %0 = cim.delay "h", %x : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
  cim.feed "h", %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
  cim.feed "h", %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
}

// -----

func.func @initial(%x: tensor<1x5x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
  // expected-error @+1 {{initial must be one row of the result 'tensor<1x5x1x8xf32, #cim.rows<1>>', is 'tensor<1x5x1x8xf32, #cim.rows<1>>'}}
  %0 = cim.delay "h", %x : (tensor<1x5x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
  cim.feed "h", %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
}

// -----

func.func @no_delay(%x: tensor<1x5x1x8xf32, #cim.rows<1>>) {
  // expected-error @+1 {{state 'h' must have exactly one cim.delay, which stands before it}}
  cim.feed "h", %x : tensor<1x5x1x8xf32, #cim.rows<1>>
  return
}

// -----

func.func @other_type(%x: tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
  %0 = cim.delay "h", %x : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
  // expected-error @+1 {{next must have the type of the cim.delay, 'tensor<1x5x1x8xf32, #cim.rows<1>>', is 'tensor<1x1x1x8xf32, #cim.rows<1>>'}}
  cim.feed "h", %x : tensor<1x1x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
}

// -----

func.func @convert(%x: tensor<1x4x4x1xi8, #cim.rows<1>>) {
  // expected-error@+1 {{elements must be f32 to f16 or f16 to f32, are 'i8' to 'f16'}}
  %0 = cim.convert %x : (tensor<1x4x4x1xi8, #cim.rows<1>>) -> tensor<1x4x4x1xf16, #cim.rows<1>>
  return
}

// -----

func.func @half_input(%x: tensor<1x4x4x1xf16>) {
  // expected-error@+1 {{source has elements f16, which the host does not keep; cim.convert changes between f16 and f32}}
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x1xf16> -> tensor<1x4x4x1xf16, #cim.rows<1>>
  return
}
