//===- CimIsaOps.td - The instruction set -------------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one source of the instruction set; see CimIsaBase.td.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIMISA_IR_CIMISAOPS_TD
#define CIMC_DIALECT_CIMISA_IR_CIMISAOPS_TD

include "cimc/Dialect/CimIsa/IR/CimIsaBase.td"

//===--------------------------------------------------------------------------===//
// Control
//===--------------------------------------------------------------------------===//

def CimIsa_LoopOp : CimIsa_ControlInstr<"loop", 0x01> {
  let summary = "repeat the instructions up to the matching end `count` times";
  let description = [{
    Loops nest. Trip counts are constants and at least 1.

    ```mlir
    cimisa.loop 24
    cimisa.fire 0 times 1
    cimisa.end
    ```
  }];
  let arguments = (ins CimIsa_U32:$count);
  let assemblyFormat = "$count attr-dict";
  let hasVerifier = 1;
}
def CimIsa_EndOp : CimIsa_ControlInstr<"end", 0x02> {
  let summary = "end of the innermost loop";
  let description = [{
    Every `end` closes one `loop` of the same control stream.

    ```mlir
    cimisa.end
    ```
  }];
  let arguments = (ins);
}
def CimIsa_FireOp : CimIsa_ControlInstr<"fire", 0x03> {
  let summary = "run a block `times` times in a row; its counter rises by one after each";
  let description = [{
    `block` is a block of the same core, numbered in order of appearance.

    ```mlir
    cimisa.fire 2 times 28
    ```
  }];
  let arguments = (ins CimIsa_U32:$block, CimIsa_U32:$times);
  let assemblyFormat = "$block `times` $times attr-dict";
  let hasVerifier = 1;
}
def CimIsa_ShutdownOp : CimIsa_ControlInstr<"shutdown", 0x04> {
  let summary = "end of the core's epoch: its chip may go off";
  let description = [{
    Is executed when every earlier instruction of the core has finished. When all cores of the program on the chip have executed theirs, the chip's epoch ends: its number rises by one and the
    chip goes off, unless the wake for the next epoch has been issued. Either no core on a chip has a `shutdown`, and the chip is always on, or all of them execute equally many in an inference, the last
    of them as their last control instruction.

    ```mlir
    cimisa.shutdown
    ```
  }];
  let arguments = (ins);
}

//===--------------------------------------------------------------------------===//
// Streams
//===--------------------------------------------------------------------------===//

def CimIsa_SendOp : CimIsa_DataInstr<"send", 0x10, "link"> {
  let summary = "send `chunks` chunks of `chunk_bytes` bytes as one message; blocks while the channel is full";
  let description = [{
    Chunk `i` is read at `src + i * pitch` (bytes). The message has `chunks * chunk_bytes` bytes, which is the channel's message size.

    ```mlir
    cimisa.send {channel = 1 : i32, src = #cimisa.row<buffer = 3, mul = 1, div = 1, add = 0, offset = 0>, chunks = 1 : i32,
      chunk_bytes = 224 : i32, pitch = 224 : i32}
    ```
  }];
  let arguments = (ins CimIsa_U32:$channel, CimIsa_RowAttr:$src, CimIsa_U32:$chunks, CimIsa_U32:$chunk_bytes, CimIsa_U32:$pitch);
  let hasVerifier = 1;
}
def CimIsa_RecvOp : CimIsa_DataInstr<"recv", 0x11, "link"> {
  let summary = "receive one message and scatter its chunks; blocks while the channel is empty";
  let description = [{
    Chunk `i` is written at `dst + i * pitch` (bytes).

    ```mlir
    cimisa.recv {channel = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, chunks = 1 : i32,
      chunk_bytes = 28 : i32, pitch = 28 : i32}
    ```
  }];
  let arguments = (ins CimIsa_U32:$channel, CimIsa_RowAttr:$dst, CimIsa_U32:$chunks, CimIsa_U32:$chunk_bytes, CimIsa_U32:$pitch);
  let hasVerifier = 1;
}

def CimIsa_WakeOp : CimIsa_DataInstr<"wake", 0x12, "link"> {
  let summary = "ask that a chip be on for one of its epochs";
  let description = [{
    `epoch` is the number of the chip's epoch within this inference: 0 up to its first shutdown, then 1, and so on. Takes effect when every earlier instruction of the core has started, and takes no time.
    The first wake for an epoch counts, others do nothing. A later `send` of this core to a core on that chip belongs to that epoch and waits until the chip is on in it; before a core's first `wake` of
    a chip its sends belong to epoch 0, which the host must have woken.

    ```mlir
    cimisa.wake {chip = 1 : i32, epoch = 0 : i32}
    ```
  }];
  let arguments = (ins CimIsa_U32:$chip, CimIsa_U32:$epoch);
}

//===--------------------------------------------------------------------------===//
// Array
//===--------------------------------------------------------------------------===//

def CimIsa_ReadOp : CimIsa_DataInstr<"read", 0x20, "array"> {
  let summary = "multiply a run of windows by a tile of a crossbar or an engine";
  let description = [{
    For each output position the elements `first_row` to `first_row + rows(tile) - 1` of the flattened window of 8-bit integers drive the
    tile's rows; 32-bit sums of its columns go to `dst` as `positions x cols(tile)`, added to what is there if `accumulate`.
    In direction `transposed` the elements `first_row` to `first_row + cols(tile) - 1` drive the columns, and the sums are those of the rows; it needs a crossbar
    with `read_directions: both`.
    `passes` is the number of reads per position that the target's input coding needs (2 where a value
    such as -128 on a sign-magnitude converter must be split; 1 on an engine).

    ```mlir
    cimisa.read {tile = 0 : i32, direction = #cimisa.direction<forward>,
      window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 28, width = 28,
      pitch = 8, channel = 0, channels = 8, kernel_h = 3, kernel_w = 3, dilation_h = 1, dilation_w = 1, stride_w = 1,
      pad_left = 1, positions = 28, pad_value = 0>,
      first_row = 0 : i32, dst = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, accumulate = false, passes = 1 : i32}
    ```
  }];
  let arguments = (ins CimIsa_U32:$tile, CimIsa_DirectionAttr:$direction, CimIsa_WindowAttr:$window, CimIsa_U32:$first_row,
                       CimIsa_RowAttr:$dst, CimIsa_Flag:$accumulate, CimIsa_U32:$passes);
  let hasVerifier = 1;
}

//===--------------------------------------------------------------------------===//
// Digital unit: quantisation. Formulas and order of steps: docs/numerics.md.
//===--------------------------------------------------------------------------===//

def CimIsa_RequantOp : CimIsa_DataInstr<"requant", 0x30, "digital"> {
  let summary = "32-bit sums to 8-bit integers or to float, per channel";
  let description = [{
    `src` is `positions x channels` i32, dense. Per channel `c`: `f = float32(src + bias[c]) * scale[c]`; to i8:
    `clamp(round_half_even(f) + zero_point, lo, hi)`; to f32: `f`, to f16: `f` rounded. `dst` has `dst_pitch` elements from one position to the next.
    `bias` is i32 and `scale` f32, `channels` elements each.

    ```mlir
    cimisa.requant {src = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, bias = #cimisa.row<buffer = 4, mul = 0, div = 1, add = 0, offset = 0>,
      scale = #cimisa.row<buffer = 5, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 3, mul = 1, div = 1, add = 0, offset = 0>, to = #cimisa.format<i8>,
      positions = 28 : i32, channels = 8 : i32, dst_pitch = 8 : i32, zero_point = -128 : i32, lo = -128 : i32, hi = 127 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$bias, CimIsa_RowAttr:$scale, CimIsa_RowAttr:$dst, CimIsa_FormatAttr:$to,
                       CimIsa_U32:$positions, CimIsa_U32:$channels, CimIsa_U32:$dst_pitch,
                       CimIsa_I32:$zero_point, CimIsa_I32:$lo, CimIsa_I32:$hi);
  let hasVerifier = 1;
}
def CimIsa_QuantizeOp : CimIsa_DataInstr<"quantize", 0x31, "digital"> {
  let summary = "float to 8-bit: clamp(round_half_even(x / scale) + zero_point, lo, hi)";
  let description = [{
    `src` is `count` f32, `dst` is `count` i8.

    ```mlir
    cimisa.quantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>,
      count = 16 : i32, scale = 0.5 : f32, zero_point = 0 : i32, lo = -128 : i32, hi = 127 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_F32:$scale, CimIsa_I32:$zero_point,
                       CimIsa_I32:$lo, CimIsa_I32:$hi);
  let hasVerifier = 1;
}
def CimIsa_DequantizeOp : CimIsa_DataInstr<"dequantize", 0x32, "digital"> {
  let summary = "8-bit to float: float32(q - zero_point) * scale";
  let description = [{
    `src` is `count` i8, `dst` is `count` f32.

    ```mlir
    cimisa.dequantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>,
      count = 16 : i32, scale = 0.5 : f32, zero_point = 0 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_F32:$scale, CimIsa_I32:$zero_point);
  let hasVerifier = 1;
}
def CimIsa_AddQuantizedOp : CimIsa_DataInstr<"add_quantized", 0x33, "digital"> {
  let summary = "add two 8-bit rows of different scales";
  let description = [{
    `clamp(round_half_even((float32(a - a_zero_point) * a_scale + float32(b - b_zero_point) * b_scale) / scale) + zero_point, lo, hi)`,
    no fused multiply-add.

    ```mlir
    cimisa.add_quantized {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>,
      dst = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32, a_scale = 0.5 : f32, a_zero_point = 0 : i32, b_scale = 0.25 : f32,
      b_zero_point = 3 : i32, scale = 0.5 : f32, zero_point = 0 : i32, lo = -128 : i32, hi = 127 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$a, CimIsa_RowAttr:$b, CimIsa_RowAttr:$dst, CimIsa_U32:$count,
                       CimIsa_F32:$a_scale, CimIsa_I32:$a_zero_point, CimIsa_F32:$b_scale, CimIsa_I32:$b_zero_point,
                       CimIsa_F32:$scale, CimIsa_I32:$zero_point, CimIsa_I32:$lo, CimIsa_I32:$hi);
  let hasVerifier = 1;
}
def CimIsa_ShiftAddOp : CimIsa_DataInstr<"shift_add", 0x35, "digital"> {
  let summary = "add 32-bit sums of a slice of the weights: dst[i] = (accumulate ? dst[i] : 0) + (src[i] << shift)";
  let description = [{
    `src` and `dst` are `count` i32 and may be the same place. `shift` is 0 to 31. Weights of more bits than a cell holds are cut into slices; what `read` sums up of
    slice k of `b` bits counts `2^(k * b)` times.

    ```mlir
    cimisa.shift_add {src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32, shift = 4 : i32, accumulate = true}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_U32:$shift, CimIsa_Flag:$accumulate);
  let hasVerifier = 1;
}
def CimIsa_LookupOp : CimIsa_DataInstr<"lookup", 0x34, "digital"> {
  let summary = "8-bit table lookup: dst[i] = table[src[i] + 128]";
  let description = [{
    `table` holds 256 i8; `src` and `dst` are `count` i8.

    ```mlir
    cimisa.lookup {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$table, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
  let hasVerifier = 1;
}

//===--------------------------------------------------------------------------===//
// Digital unit: vectors. `dims` is the iteration space, strides are in elements, 0 repeats an element.
//===--------------------------------------------------------------------------===//

def CimIsa_UnaryOp : CimIsa_DataInstr<"unary", 0x40, "digital"> {
  let summary = "elementwise function of one float operand";
  let description = [{
    `src` and `dst` are `count` f32, dense.

    ```mlir
    cimisa.unary {fn = #cimisa.unary_fn<tanh>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32}
    ```
  }];
  let arguments = (ins CimIsa_UnaryFnAttr:$fn, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
  let hasVerifier = 1;
}
def CimIsa_BinaryOp : CimIsa_DataInstr<"binary", 0x41, "digital"> {
  let summary = "elementwise function of two operands of format f32, f16, i32 or i64, with broadcasting";
  let description = [{
    Element `(i, j, k, l)` of an operand is at the sum of index times stride, in elements of `format`.

    ```mlir
    cimisa.binary {fn = #cimisa.binary_fn<add>, format = #cimisa.format<f32>, dims = array<i32: 1, 1, 4, 8>,
      a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 8, 1>,
      b = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>,
      dst = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 8, 1>}
    ```
  }];
  let arguments = (ins CimIsa_BinaryFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_Dims:$dims,
                       CimIsa_RowAttr:$a, CimIsa_Strides:$a_strides, CimIsa_RowAttr:$b, CimIsa_Strides:$b_strides,
                       CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
  let hasVerifier = 1;
}
def CimIsa_SelectOp : CimIsa_DataInstr<"select", 0x42, "digital"> {
  let summary = "dst = condition != 0 ? a : b, with broadcasting";
  let description = [{
    `condition` is f32, the others are of `format`: f32, f16, i32 or i64. Addresses are formed as in `cimisa.binary`.

    ```mlir
    cimisa.select {format = #cimisa.format<f32>, dims = array<i32: 1, 1, 1, 8>, condition = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, condition_strides = array<i32: 0, 0, 0, 1>,
      a = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>,
      b = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 0>,
      dst = #cimisa.row<buffer = 3, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_Dims:$dims, CimIsa_RowAttr:$condition, CimIsa_Strides:$condition_strides,
                       CimIsa_RowAttr:$a, CimIsa_Strides:$a_strides, CimIsa_RowAttr:$b, CimIsa_Strides:$b_strides,
                       CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
  let hasVerifier = 1;
}
def CimIsa_ConvertOp : CimIsa_DataInstr<"convert", 0x43, "digital"> {
  let summary = "change the number format; float to integer truncates toward zero and saturates";
  let description = [{
    Both sides are dense; `from` and `to` differ.

    ```mlir
    cimisa.convert {from = #cimisa.format<i32>, to = #cimisa.format<f32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>,
      dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$from, CimIsa_FormatAttr:$to, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
  let hasVerifier = 1;
}
def CimIsa_CopyOp : CimIsa_DataInstr<"copy", 0x44, "digital"> {
  let summary = "strided copy of elements of `format`";
  let description = [{
    Strides may cross rows of a buffer whose row number is constant (mul = 0); the addresses stay inside the buffer. The block's counter turns `turns`
    as an odometer, the last entry fastest, and each of its four digits moves the start of the source by `src_steps` elements, so that a change of
    the row axis takes another part of the source at each firing. Without such moves both are 1 and 0 throughout.

    ```mlir
    cimisa.copy {format = #cimisa.format<i8>, dims = array<i32: 1, 1, 4, 8>,
      src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, src_strides = array<i32: 0, 0, 8, 1>,
      turns = array<i32: 1, 1, 1, 3>, src_steps = array<i32: 0, 0, 0, 32>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 16, 1>}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_Dims:$dims, CimIsa_RowAttr:$src, CimIsa_Strides:$src_strides,
                       CimIsa_Dims:$turns, CimIsa_Strides:$src_steps, CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
  let hasVerifier = 1;
}
def CimIsa_FillOp : CimIsa_DataInstr<"fill", 0x45, "digital"> {
  let summary = "write `value` (bits of one element) to `count` elements";
  let description = [{
    The lowest bits of `value` are the element; an i64 element is `value` with its sign.

    ```mlir
    cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32, value = -128 : i32}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_I32:$value);
  let hasVerifier = 1;
}
def CimIsa_ReduceOp : CimIsa_DataInstr<"reduce", 0x46, "digital"> {
  let summary = "reduce the middle axis of `outer x extent x inner`, in the format f32, f16 or i32, in order of index";
  let description = [{
    With `accumulate` the old content of `dst` (`outer x inner`) takes part as the first element, so that a reduction can go over rows.
    Numbers of f16 are reduced in f32 and the outcome is rounded once.

    ```mlir
    cimisa.reduce {fn = #cimisa.reduce_fn<sum>, format = #cimisa.format<f32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>,
      dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, outer = 1 : i32, extent = 28 : i32, inner = 8 : i32, accumulate = false}
    ```
  }];
  let arguments = (ins CimIsa_ReduceFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst,
                       CimIsa_U32:$outer, CimIsa_U32:$extent, CimIsa_U32:$inner, CimIsa_Flag:$accumulate);
  let hasVerifier = 1;
}
def CimIsa_PoolOp : CimIsa_DataInstr<"pool", 0x47, "digital"> {
  let summary = "reduce each window over its kernel: i8 max to i8, i8 sum to i32, f32 or f16 max or sum to the same";
  let description = [{
    `dst` is `positions x channels`, dense. Places outside the stream take no part in a maximum and add `pad_value` to a sum.
    Sums go over kernel rows first, then kernel columns; those of f16 are made in f32 and rounded once.

    ```mlir
    cimisa.pool {fn = #cimisa.reduce_fn<max>, format = #cimisa.format<i8>,
      window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 28, width = 28,
      pitch = 8, channel = 0, channels = 8, kernel_h = 3, kernel_w = 3, dilation_h = 1, dilation_w = 1, stride_w = 1,
      pad_left = 1, positions = 28, pad_value = 0>,
      dst = #cimisa.row<buffer = 3, mul = 1, div = 1, add = 0, offset = 0>}
    ```
  }];
  let arguments = (ins CimIsa_ReduceFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_WindowAttr:$window, CimIsa_RowAttr:$dst);
  let hasVerifier = 1;
}
def CimIsa_DepthwiseOp : CimIsa_DataInstr<"depthwise", 0x48, "digital"> {
  let summary = "depthwise convolution in the digital unit, i8 to i32 sums";
  let description = [{
    `weights` (i8, `kernel_h x kernel_w x channels x multiplier`) times the window; `dst` is `positions x (channels * multiplier)` i32.

    ```mlir
    cimisa.depthwise {window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 28, width = 28,
      pitch = 8, channel = 0, channels = 8, kernel_h = 3, kernel_w = 3, dilation_h = 1, dilation_w = 1, stride_w = 1,
      pad_left = 1, positions = 28, pad_value = 0>,
      weights = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, multiplier = 1 : i32, dst = #cimisa.row<buffer = 2, mul = 0, div = 1, add = 0, offset = 0>}
    ```
  }];
  let arguments = (ins CimIsa_WindowAttr:$window, CimIsa_RowAttr:$weights, CimIsa_U32:$multiplier, CimIsa_RowAttr:$dst);
  let hasVerifier = 1;
}
def CimIsa_MatmulOp : CimIsa_DataInstr<"matmul", 0x49, "digital"> {
  let summary = "multiply each window by a matrix in memory: f32 to f32, f16 to f16, i8 to i32 sums";
  let description = [{
    The window's channels are cut into `groups` equal parts. For each position `p`, group `g` and column `c` of `columns`:
    `dst[p * dst_pitch + g * columns + c] = start + sum over k of (x[p][g][k] - a_zero_point) * (matrix[g][k][c] - b_zero_point)`, where `x[p][g]` is the flattened window of the group's channels and
    `matrix` is `groups x k x columns`, dense; it may cross rows of a buffer whose row number is constant (mul = 0). `start` is 0, or what is in `dst` if `accumulate`. Sums go in the order of `k`.
    Places outside the stream read as `pad_value`. Zero points are for i8 and 0 for floats.
    Sums of f16 are made in f32 and rounded once.

    ```mlir
    cimisa.matmul {format = #cimisa.format<f32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 8, width = 32,
      pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1,
      pad_left = 0, positions = 32, pad_value = 0>, groups = 1 : i32,
      matrix = #cimisa.row<buffer = 1, mul = 1, div = 1, add = 0, offset = 0>, columns = 32 : i32, dst = #cimisa.row<buffer = 2, mul = 1, div = 1, add = 0, offset = 0>,
      dst_pitch = 32 : i32, accumulate = false, a_zero_point = 0 : i32, b_zero_point = 0 : i32}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_WindowAttr:$window, CimIsa_U32:$groups, CimIsa_RowAttr:$matrix, CimIsa_U32:$columns,
                       CimIsa_RowAttr:$dst, CimIsa_U32:$dst_pitch, CimIsa_Flag:$accumulate, CimIsa_I32:$a_zero_point, CimIsa_I32:$b_zero_point);
  let hasVerifier = 1;
}
def CimIsa_GatherOp : CimIsa_DataInstr<"gather", 0x4A, "digital"> {
  let summary = "copy `count` entries of a table, chosen by indices in memory";
  let description = [{
    `table` is `entries x elements` of `format`, dense; it may cross rows of a buffer whose row number is constant (mul = 0). Entry `index[i]` goes to `dst[i]`; `index` is `count` elements of
    `index_format` (i32 or i64), `dst` is `count x elements`. An index outside the table is a trap.

    ```mlir
    cimisa.gather {format = #cimisa.format<f32>, table = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, entries = 512 : i32, elements = 64 : i32,
      index_format = #cimisa.format<i32>, index = #cimisa.row<buffer = 1, mul = 1, div = 1, add = 0, offset = 0>, count = 1 : i32,
      dst = #cimisa.row<buffer = 2, mul = 1, div = 1, add = 0, offset = 0>}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_RowAttr:$table, CimIsa_U32:$entries, CimIsa_U32:$elements, CimIsa_FormatAttr:$index_format,
                       CimIsa_RowAttr:$index, CimIsa_U32:$count, CimIsa_RowAttr:$dst);
  let hasVerifier = 1;
}
def CimIsa_UnaryF16Op : CimIsa_DataInstr<"unary_f16", 0x4D, "digital"> {
  let summary = "elementwise function of one operand in half precision";
  let description = [{
    `src` and `dst` are `count` f16, dense. The function is that of `cimisa.unary`, computed in f32 and rounded to f16.

    ```mlir
    cimisa.unary_f16 {fn = #cimisa.unary_fn<exp>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32}
    ```
  }];
  let arguments = (ins CimIsa_UnaryFnAttr:$fn, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
  let hasVerifier = 1;
}
def CimIsa_RandomOp : CimIsa_DataInstr<"random", 0x4E, "digital"> {
  let summary = "uniform random numbers in [0, 1)";
  let description = [{
    `dst` is `count` f32, multiples of 2^-24. Element i of firing r is number `r * count + i` of stream `number` of the inference, drawn from the seed of the run, in every mode
    (docs/numerics.md).

    ```mlir
    cimisa.random {dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32, number = 0 : i32}
    ```
  }];
  let arguments = (ins CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_U32:$number);
  let hasVerifier = 1;
}
def CimIsa_UnfoldOp : CimIsa_DataInstr<"unfold", 0x4C, "digital"> {
  let summary = "the elements of every window, one window after the other, in any format";
  let description = [{
    `dst` is `positions x kernel_h x kernel_w x channels`. Elements outside the stream are `value` (bits of one element, an i64 with its sign), or, if `keep`, stay
    what they were; so rows of several streams are joined by one `unfold` for each, all but the first with `keep`. The window's own
    `pad_value` plays no part.

    ```mlir
    cimisa.unfold {format = #cimisa.format<i8>,
      window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 28, width = 1,
      pitch = 224, channel = 0, channels = 224, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1,
      pad_left = 0, positions = 1, pad_value = 0>,
      dst = #cimisa.row<buffer = 1, mul = 1, div = 1, add = 0, offset = 0>, value = 0 : i32, keep = false}
    ```
  }];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_WindowAttr:$window, CimIsa_RowAttr:$dst, CimIsa_I32:$value, CimIsa_Flag:$keep);
  let hasVerifier = 1;
}

//===--------------------------------------------------------------------------===//
// Structure: the tables of the binary
//===--------------------------------------------------------------------------===//

def CimIsa_ProgramOp : CimIsa_Op<"program", [IsolatedFromAbove, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "a whole binary";
  let description = [{
    Holds, in this order: `data`, `tile`, `channel`, `stream`, `core` ops. `target` is the target description's binary form, byte by byte.
    `host_wakes` lists the chips that the host wakes for their epoch 0 at the beginning of each inference, before its first message.

    ```mlir
    cimisa.program "empty" attributes {target = dense<0> : tensor<4xi8>, host_wakes = array<i32: 0, 1>} {
      cimisa.data dense<1> : tensor<72xi8>
    }
    ```
  }];
  let arguments = (ins StrAttr:$sym_name, ElementsAttr:$target, DefaultValuedOptionalAttr<DenseI32ArrayAttr, "{}">:$host_wakes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}
def CimIsa_DataOp : CimIsa_Op<"data", [HasParent<"ProgramOp">]> {
  let summary = "a segment of constant bytes (weights of tiles, tables, biases); numbered in order of appearance";
  let description = [{
    The bytes of the elements are the segment, little-endian and row-major. Element types are i8, i32, f32, f16 and i64; reading a binary gives i8.

    ```mlir
    cimisa.data dense<1> : tensor<72xi8>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "$value attr-dict";
  let hasVerifier = 1;
}
def CimIsa_TileOp : CimIsa_Op<"tile", [HasParent<"ProgramOp">]> {
  let summary = "a rectangle of a crossbar, or a run of an engine's weight memory, and the weights programmed into it; numbered in order of appearance";
  let description = [{
    Rows `row` to `row + rows - 1` and columns `col` to `col + cols - 1` of array `array` of core number `core`. The weights are i8, `rows x cols`, row-major,
    at `offset` of segment `data`, `pitch` bytes from one row to the next. `layer` names the weight for reports. In an engine the weights take the bytes `row` to
    `row + rows * cols - 1` of the weight memory, densely; `array` and `col` are 0.

    `steps` are the units of a column's sum that one code of its output converter stands for: one number for the tile, one per column, or, where the tile is read transposed too, one per column and then one per row, from 1 to 2^30. Without
    steps the program runs in mode `exact` only.

    ```mlir
    cimisa.tile "conv1" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 9 : i32, cols = 8 : i32,
      data = 0 : i32, offset = 0 : i64, pitch = 8 : i32, steps = array<f32: 35.5>}
    ```
  }];
  let arguments = (ins StrAttr:$layer, CimIsa_U32:$core, CimIsa_U32:$array, CimIsa_U32:$row, CimIsa_U32:$col, CimIsa_U32:$rows, CimIsa_U32:$cols,
                       CimIsa_U32:$data, I64Attr:$offset, CimIsa_U32:$pitch, DefaultValuedOptionalAttr<DenseF32ArrayAttr, "{}">:$steps);
  let assemblyFormat = "$layer attr-dict";
  let hasVerifier = 1;
}
def CimIsa_ChannelOp : CimIsa_Op<"channel", [HasParent<"ProgramOp">]> {
  let summary = "a bounded FIFO between two cores, or between the host and a core; numbered in order of appearance";
  let description = [{
    `source` and `target` are core numbers, 4294967295 for the host. `depth` messages of `message_bytes` bytes fit.
    They wait in the receiver's memory, or with `in_buffer` in the buffer that the cores of its chip share.

    ```mlir
    cimisa.channel "input" {source = -1 : i32, target = 0 : i32, message_bytes = 28 : i32, depth = 2 : i32}
    ```
  }];
  let arguments = (ins StrAttr:$name, CimIsa_U32:$source, CimIsa_U32:$target, CimIsa_U32:$message_bytes, CimIsa_U32:$depth,
                       UnitAttr:$in_buffer);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}
def CimIsa_StreamOp : CimIsa_Op<"stream", [HasParent<"ProgramOp">]> {
  let summary = "a network input or output that the host streams through channels";
  let description = [{
    The tensor has `shape` and `format` (any but f16) in the model's own layout. Message `n` of an inference is row `n`: the `dims` elements of the row in C order, element `(i, j, ..)`
    at `n * row_stride + i * strides[0] + j * strides[1] ..` (elements). An input is sent to every channel of `channels`;
    an output has one. `signed_shift` is 1 where the model's type is uint8 and the stream carries `x - 128`.

    ```mlir
    cimisa.stream "image" {is_input = true, format = #cimisa.format<i8>, shape = array<i64: 1, 1, 28, 28>, rows = 28 : i32,
      row_stride = 28 : i64, dims = array<i32: 1, 1, 1, 28>, strides = array<i32: 0, 0, 0, 1>, channels = array<i32: 0>,
      signed_shift = false}
    ```
  }];
  let arguments = (ins StrAttr:$name, CimIsa_Flag:$is_input, CimIsa_FormatAttr:$format, DenseI64ArrayAttr:$shape, CimIsa_U32:$rows, I64Attr:$row_stride,
                       CimIsa_Dims:$dims, CimIsa_Strides:$strides, DenseI32ArrayAttr:$channels, CimIsa_Flag:$signed_shift);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}
def CimIsa_CoreOp : CimIsa_Op<"core", [HasParent<"ProgramOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "a core's memory and program; numbered in order of appearance";
  let description = [{
    Holds `buffer` ops, then `block` ops, then one `control` op.

    ```mlir
    cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 4096 : i32} {
      cimisa.buffer "image" {address = 0 : i32, row_bytes = 28 : i32, rows = 4 : i32}
      cimisa.block "image" {
        cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, count = 28 : i32, value = 0 : i32}
      }
      cimisa.control {
        cimisa.fire 0 times 28
      }
    }
    ```
  }];
  let arguments = (ins CimIsa_U32:$chip, CimIsa_U32:$index, CimIsa_U32:$memory_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}
def CimIsa_BufferOp : CimIsa_Op<"buffer", [HasParent<"CoreOp">]> {
  let summary = "a ring of rows in the core's memory; numbered in order of appearance in its core";
  let description = [{
    `rows` rows of `row_bytes` bytes at `address`. A buffer with `data` is constant: it holds the `rows * row_bytes` bytes at `data_offset` of that segment and is never
    written.

    ```mlir
    cimisa.buffer "bias" {address = 512 : i32, row_bytes = 32 : i32, rows = 1 : i32, data = 1 : i32, data_offset = 0 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$name, CimIsa_U32:$address, CimIsa_U32:$row_bytes, CimIsa_U32:$rows,
                       OptionalAttr<CimIsa_U32>:$data, OptionalAttr<I64Attr>:$data_offset);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}
def CimIsa_BlockOp : CimIsa_Op<"block", [HasParent<"CoreOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the instructions of one firing of a stage; numbered in order of appearance in its core";
  let description = [{
    A straight line: no loops and no branches. Its counter `r` is zero at the start of an inference and rises by one after each firing.

    ```mlir
    cimisa.block "relu" {
      cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 16 : i32, value = 0 : i32}
    }
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name attr-dict-with-keyword $body";
}
def CimIsa_ControlOp : CimIsa_Op<"control", [HasParent<"CoreOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the order in which a core fires its blocks in one inference";
  let description = [{
    Holds only `loop`, `end`, `fire` and `shutdown`.

    ```mlir
    cimisa.control {
      cimisa.loop 14
      cimisa.fire 0 times 2
      cimisa.fire 1 times 1
      cimisa.end
    }
    ```
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

#endif
