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
  let arguments = (ins CimIsa_U32:$count);
}
def CimIsa_EndOp : CimIsa_ControlInstr<"end", 0x02> {
  let summary = "end of the innermost loop";
  let arguments = (ins);
}
def CimIsa_FireOp : CimIsa_ControlInstr<"fire", 0x03> {
  let summary = "run a block `times` times in a row; its counter rises by one after each";
  let arguments = (ins CimIsa_U32:$block, CimIsa_U32:$times);
}

//===--------------------------------------------------------------------------===//
// Streams
//===--------------------------------------------------------------------------===//

def CimIsa_SendOp : CimIsa_DataInstr<"send", 0x10, "link"> {
  let summary = "send `chunks` chunks of `chunk_bytes` bytes as one message; blocks while the channel is full";
  let description = [{Chunk `i` is read at `src + i * pitch` (bytes). The message has `chunks * chunk_bytes` bytes, which is the channel's message size.}];
  let arguments = (ins CimIsa_U32:$channel, CimIsa_RowAttr:$src, CimIsa_U32:$chunks, CimIsa_U32:$chunk_bytes, CimIsa_U32:$pitch);
}
def CimIsa_RecvOp : CimIsa_DataInstr<"recv", 0x11, "link"> {
  let summary = "receive one message and scatter its chunks; blocks while the channel is empty";
  let description = [{Chunk `i` is written at `dst + i * pitch` (bytes).}];
  let arguments = (ins CimIsa_U32:$channel, CimIsa_RowAttr:$dst, CimIsa_U32:$chunks, CimIsa_U32:$chunk_bytes, CimIsa_U32:$pitch);
}

//===--------------------------------------------------------------------------===//
// Array
//===--------------------------------------------------------------------------===//

def CimIsa_ReadOp : CimIsa_DataInstr<"read", 0x20, "array"> {
  let summary = "multiply a run of windows by a tile of a crossbar";
  let description = [{
    For each output position the elements `first_row` to `first_row + rows(tile) - 1` of the flattened window of 8-bit integers drive the
    tile's rows; 32-bit sums of its columns go to `dst` as `positions x cols(tile)`, added to what is there if `accumulate`.
    `passes` is the number of reads per position that the target's input coding needs (2 where a value
    such as -128 on a sign-magnitude converter must be split).
  }];
  let arguments = (ins CimIsa_U32:$tile, CimIsa_DirectionAttr:$direction, CimIsa_WindowAttr:$window, CimIsa_U32:$first_row,
                       CimIsa_RowAttr:$dst, CimIsa_Flag:$accumulate, CimIsa_U32:$passes);
}

//===--------------------------------------------------------------------------===//
// Digital unit: quantisation. Formulas and order of steps: docs/numerics.md.
//===--------------------------------------------------------------------------===//

def CimIsa_RequantOp : CimIsa_DataInstr<"requant", 0x30, "digital"> {
  let summary = "32-bit sums to 8-bit integers or to float, per channel";
  let description = [{
    `src` is `positions x channels` i32, dense. Per channel `c`: `f = float32(src + bias[c]) * scale[c]`; to i8:
    `clamp(round_half_even(f) + zero_point, lo, hi)`; to f32: `f`. `dst` has `dst_pitch` elements from one position to the next.
    `bias` is i32 and `scale` f32, `channels` elements each.
  }];
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$bias, CimIsa_RowAttr:$scale, CimIsa_RowAttr:$dst, CimIsa_FormatAttr:$to,
                       CimIsa_U32:$positions, CimIsa_U32:$channels, CimIsa_U32:$dst_pitch,
                       CimIsa_I32:$zero_point, CimIsa_I32:$lo, CimIsa_I32:$hi);
}
def CimIsa_QuantizeOp : CimIsa_DataInstr<"quantize", 0x31, "digital"> {
  let summary = "float to 8-bit: clamp(round_half_even(x / scale) + zero_point, lo, hi)";
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_F32:$scale, CimIsa_I32:$zero_point,
                       CimIsa_I32:$lo, CimIsa_I32:$hi);
}
def CimIsa_DequantizeOp : CimIsa_DataInstr<"dequantize", 0x32, "digital"> {
  let summary = "8-bit to float: float32(q - zero_point) * scale";
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_F32:$scale, CimIsa_I32:$zero_point);
}
def CimIsa_AddQuantizedOp : CimIsa_DataInstr<"add_quantized", 0x33, "digital"> {
  let summary = "add two 8-bit rows of different scales";
  let description = [{
    `clamp(round_half_even((float32(a - a_zero_point) * a_scale + float32(b - b_zero_point) * b_scale) / scale) + zero_point, lo, hi)`,
    no fused multiply-add.
  }];
  let arguments = (ins CimIsa_RowAttr:$a, CimIsa_RowAttr:$b, CimIsa_RowAttr:$dst, CimIsa_U32:$count,
                       CimIsa_F32:$a_scale, CimIsa_I32:$a_zero_point, CimIsa_F32:$b_scale, CimIsa_I32:$b_zero_point,
                       CimIsa_F32:$scale, CimIsa_I32:$zero_point, CimIsa_I32:$lo, CimIsa_I32:$hi);
}
def CimIsa_LookupOp : CimIsa_DataInstr<"lookup", 0x34, "digital"> {
  let summary = "8-bit table lookup: dst[i] = table[src[i] + 128]";
  let arguments = (ins CimIsa_RowAttr:$src, CimIsa_RowAttr:$table, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
}

//===--------------------------------------------------------------------------===//
// Digital unit: vectors. `dims` is the iteration space, strides are in elements, 0 repeats an element.
//===--------------------------------------------------------------------------===//

def CimIsa_UnaryOp : CimIsa_DataInstr<"unary", 0x40, "digital"> {
  let summary = "elementwise function of one float operand";
  let arguments = (ins CimIsa_UnaryFnAttr:$fn, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
}
def CimIsa_BinaryOp : CimIsa_DataInstr<"binary", 0x41, "digital"> {
  let summary = "elementwise function of two operands of format f32 or i32, with broadcasting";
  let arguments = (ins CimIsa_BinaryFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_Dims:$dims,
                       CimIsa_RowAttr:$a, CimIsa_Strides:$a_strides, CimIsa_RowAttr:$b, CimIsa_Strides:$b_strides,
                       CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
}
def CimIsa_SelectOp : CimIsa_DataInstr<"select", 0x42, "digital"> {
  let summary = "dst = condition != 0 ? a : b, all f32, with broadcasting";
  let arguments = (ins CimIsa_Dims:$dims, CimIsa_RowAttr:$condition, CimIsa_Strides:$condition_strides,
                       CimIsa_RowAttr:$a, CimIsa_Strides:$a_strides, CimIsa_RowAttr:$b, CimIsa_Strides:$b_strides,
                       CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
}
def CimIsa_ConvertOp : CimIsa_DataInstr<"convert", 0x43, "digital"> {
  let summary = "change the number format; float to integer truncates toward zero and saturates";
  let arguments = (ins CimIsa_FormatAttr:$from, CimIsa_FormatAttr:$to, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst, CimIsa_U32:$count);
}
def CimIsa_CopyOp : CimIsa_DataInstr<"copy", 0x44, "digital"> {
  let summary = "strided copy of elements of `format`";
  let description = [{Strides may cross rows of a buffer whose row number is constant (mul = 0); the addresses stay inside the buffer.}];
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_Dims:$dims, CimIsa_RowAttr:$src, CimIsa_Strides:$src_strides,
                       CimIsa_RowAttr:$dst, CimIsa_Strides:$dst_strides);
}
def CimIsa_FillOp : CimIsa_DataInstr<"fill", 0x45, "digital"> {
  let summary = "write `value` (bits of one element) to `count` elements";
  let arguments = (ins CimIsa_FormatAttr:$format, CimIsa_RowAttr:$dst, CimIsa_U32:$count, CimIsa_I32:$value);
}
def CimIsa_ReduceOp : CimIsa_DataInstr<"reduce", 0x46, "digital"> {
  let summary = "reduce the middle axis of `outer x extent x inner`, in the format f32 or i32, in order of index";
  let description = [{With `accumulate` the old content of `dst` (`outer x inner`) takes part as the first element, so that a reduction can go over rows.}];
  let arguments = (ins CimIsa_ReduceFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_RowAttr:$src, CimIsa_RowAttr:$dst,
                       CimIsa_U32:$outer, CimIsa_U32:$extent, CimIsa_U32:$inner, CimIsa_Flag:$accumulate);
}
def CimIsa_PoolOp : CimIsa_DataInstr<"pool", 0x47, "digital"> {
  let summary = "reduce each window over its kernel: i8 max to i8, i8 sum to i32, f32 max or sum to f32";
  let description = [{
    `dst` is `positions x channels`, dense. Places outside the stream take no part in a maximum and add `pad_value` to a sum.
    Sums go over kernel rows first, then kernel columns.
  }];
  let arguments = (ins CimIsa_ReduceFnAttr:$fn, CimIsa_FormatAttr:$format, CimIsa_WindowAttr:$window, CimIsa_RowAttr:$dst);
}
def CimIsa_DepthwiseOp : CimIsa_DataInstr<"depthwise", 0x48, "digital"> {
  let summary = "depthwise convolution in the digital unit, i8 to i32 sums";
  let description = [{
    `weights` (i8, `kernel_h x kernel_w x channels x multiplier`) times the window; `dst` is `positions x (channels * multiplier)` i32.
  }];
  let arguments = (ins CimIsa_WindowAttr:$window, CimIsa_RowAttr:$weights, CimIsa_U32:$multiplier, CimIsa_RowAttr:$dst);
}

//===--------------------------------------------------------------------------===//
// Structure: the tables of the binary
//===--------------------------------------------------------------------------===//

def CimIsa_ProgramOp : CimIsa_Op<"program", [IsolatedFromAbove, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "a whole binary";
  let description = [{Holds, in this order: `data`, `tile`, `channel`, `stream`, `core` ops. `target` is the target description's binary form, base64 of which is never shown: it is printed as a dense resource.}];
  let arguments = (ins StrAttr:$sym_name, ElementsAttr:$target);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
}
def CimIsa_DataOp : CimIsa_Op<"data", [HasParent<"ProgramOp">]> {
  let summary = "a segment of constant bytes (weights of tiles, tables, biases); numbered in order of appearance";
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "attr-dict";
}
def CimIsa_TileOp : CimIsa_Op<"tile", [HasParent<"ProgramOp">]> {
  let summary = "a rectangle of a crossbar and the weights programmed into it; numbered in order of appearance";
  let description = [{
    Rows `row` to `row + rows - 1` and columns `col` to `col + cols - 1` of array `array` of core number `core`. The weights are i8, `rows x cols`, row-major,
    at `offset` of segment `data`, `pitch` bytes from one row to the next. `layer` names the weight for reports.
  }];
  let arguments = (ins StrAttr:$layer, CimIsa_U32:$core, CimIsa_U32:$array, CimIsa_U32:$row, CimIsa_U32:$col, CimIsa_U32:$rows, CimIsa_U32:$cols,
                       CimIsa_U32:$data, I64Attr:$offset, CimIsa_U32:$pitch);
  let assemblyFormat = "attr-dict";
}
def CimIsa_ChannelOp : CimIsa_Op<"channel", [HasParent<"ProgramOp">]> {
  let summary = "a bounded FIFO between two cores, or between the host and a core; numbered in order of appearance";
  let description = [{`source` and `target` are core numbers, 4294967295 for the host. `depth` messages of `message_bytes` bytes fit.}];
  let arguments = (ins StrAttr:$name, CimIsa_U32:$source, CimIsa_U32:$target, CimIsa_U32:$message_bytes, CimIsa_U32:$depth);
  let assemblyFormat = "attr-dict";
}
def CimIsa_StreamOp : CimIsa_Op<"stream", [HasParent<"ProgramOp">]> {
  let summary = "a network input or output that the host streams through channels";
  let description = [{
    The tensor has `shape` and `format` in the model's own layout. Message `n` of an inference is row `n`: the `dims` elements of the row in C order, element `(i, j, ..)`
    at `n * row_stride + i * strides[0] + j * strides[1] ..` (elements). An input is sent to every channel of `channels`;
    an output has one. `signed_shift` is 1 where the model's type is uint8 and the stream carries `x - 128`.
  }];
  let arguments = (ins StrAttr:$name, CimIsa_Flag:$is_input, CimIsa_FormatAttr:$format, DenseI64ArrayAttr:$shape, CimIsa_U32:$rows, I64Attr:$row_stride,
                       CimIsa_Dims:$dims, CimIsa_Strides:$strides, DenseI32ArrayAttr:$channels, CimIsa_Flag:$signed_shift);
  let assemblyFormat = "attr-dict";
}
def CimIsa_CoreOp : CimIsa_Op<"core", [HasParent<"ProgramOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "a core's memory and program; numbered in order of appearance";
  let description = [{Holds `buffer` ops, then `block` ops, then one `control` op.}];
  let arguments = (ins CimIsa_U32:$chip, CimIsa_U32:$index, CimIsa_U32:$memory_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
}
def CimIsa_BufferOp : CimIsa_Op<"buffer", [HasParent<"CoreOp">]> {
  let summary = "a ring of rows in the core's memory; numbered in order of appearance in its core";
  let description = [{
    `rows` rows of `row_bytes` bytes at `address`. A buffer with `data` is constant: it holds the `rows * row_bytes` bytes at `data_offset` of that segment and is never
    written.
  }];
  let arguments = (ins StrAttr:$name, CimIsa_U32:$address, CimIsa_U32:$row_bytes, CimIsa_U32:$rows,
                       OptionalAttr<CimIsa_U32>:$data, OptionalAttr<I64Attr>:$data_offset);
  let assemblyFormat = "attr-dict";
}
def CimIsa_BlockOp : CimIsa_Op<"block", [HasParent<"CoreOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the instructions of one firing of a stage; numbered in order of appearance in its core";
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
}
def CimIsa_ControlOp : CimIsa_Op<"control", [HasParent<"CoreOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the order in which a core fires its blocks in one inference";
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
}

#endif
