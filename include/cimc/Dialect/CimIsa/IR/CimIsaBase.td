//===- CimIsaBase.td - Dialect, fields and instruction classes -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vocabulary from which the instruction set is written. CimIsaOps.td is the one source of the
// instruction set: mlir-tblgen makes the dialect from it, and `llvm-tblgen -dump-json` with
// utils/gen_isa.py makes the encoder, the decoder, the field checks, the disassembler and the
// reference manual. Whatever a field needs beyond its MLIR attribute stands in its `Field` class.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIMISA_IR_CIMISABASE_TD
#define CIMC_DIALECT_CIMISA_IR_CIMISABASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/BuiltinAttributes.td"

def CimIsa_Dialect : Dialect {
  let name = "cimisa";
  let cppNamespace = "::cimc::isa";
  let summary = "instruction set of the compute-in-memory machine, one op per instruction";
  let description = [{
    A closed dialect: a `cimisa.program` is a binary (`.cimb`) in another notation. Structural ops
    (`program`, `core`, `buffer`, `tile`, `channel`, `stream`, `block`, `control`, `data`) mirror the tables
    of the binary; every other op is one instruction. Nothing is left to decide at this level: the serialiser
    copies fields.

    A core runs its *control* stream, which fires *blocks*. A block is a straight-line run of data
    instructions that does the work of one firing of a stage, that is, of one output row. Each block
    has a counter `r`, zero at the start of an inference and one higher after every firing; row operands are affine
    in `r`, so one block serves all rows of a stage.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===--------------------------------------------------------------------------===//
// Enumerations. The numbers are the encoding and never change.
//===--------------------------------------------------------------------------===//

class CimIsa_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::cimc::isa::attr";
  let genSpecializedAttr = 0;
}
class CimIsa_EnumAttr<EnumAttrInfo info, string mnemonic, string example>
    : EnumAttr<CimIsa_Dialect, info, mnemonic> {
  let description = "One byte in the binary, whose numbers never change.\n\n```mlir\n#cimisa." # mnemonic # "<" # example # ">\n```\n";
  let cppNamespace = "::cimc::isa"; // the attribute's class; the enum itself is in ::cimc::isa::attr
  let assemblyFormat = "`<` $value `>`";
}

def CimIsa_Format : CimIsa_Enum<"Format", "number format of elements in memory", [
  I32EnumAttrCase<"I8", 0, "i8">, I32EnumAttrCase<"I32", 1, "i32">,
  I32EnumAttrCase<"F32", 2, "f32">, I32EnumAttrCase<"I64", 3, "i64">,
  // Half precision, computed in f32 and rounded once (docs/numerics.md).
  I32EnumAttrCase<"F16", 4, "f16">]>;
def CimIsa_UnaryFn : CimIsa_Enum<"UnaryFn", "function of one operand in the digital unit", [
  I32EnumAttrCase<"Abs", 0, "abs">, I32EnumAttrCase<"Neg", 1, "neg">,
  I32EnumAttrCase<"Exp", 2, "exp">, I32EnumAttrCase<"Log", 3, "log">,
  I32EnumAttrCase<"Tanh", 4, "tanh">, I32EnumAttrCase<"Sqrt", 5, "sqrt">,
  I32EnumAttrCase<"Rsqrt", 6, "rsqrt">, I32EnumAttrCase<"Floor", 7, "floor">,
  I32EnumAttrCase<"Ceil", 8, "ceil">, I32EnumAttrCase<"RoundEven", 9, "roundeven">,
  I32EnumAttrCase<"Erf", 10, "erf">, I32EnumAttrCase<"Sin", 11, "sin">,
  I32EnumAttrCase<"Cos", 12, "cos">]>;
def CimIsa_BinaryFn : CimIsa_Enum<"BinaryFn", "function of two operands in the digital unit", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Max", 4, "max">, I32EnumAttrCase<"Min", 5, "min">,
  I32EnumAttrCase<"Pow", 6, "pow">,
  // Comparisons give 1 where true and 0 where false, in the format of the operands.
  I32EnumAttrCase<"Eq", 7, "eq">, I32EnumAttrCase<"Lt", 8, "lt">, I32EnumAttrCase<"Le", 9, "le">]>;
def CimIsa_ReduceFn : CimIsa_Enum<"ReduceFn", "reduction in the digital unit", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">,
  I32EnumAttrCase<"Min", 2, "min">, I32EnumAttrCase<"Prod", 3, "prod">]>;
def CimIsa_Direction : CimIsa_Enum<"Direction", "direction in which a crossbar is read", [
  I32EnumAttrCase<"Forward", 0, "forward">, I32EnumAttrCase<"Transposed", 1, "transposed">]>;

def CimIsa_FormatAttr : CimIsa_EnumAttr<CimIsa_Format, "format", "i8">;
def CimIsa_UnaryFnAttr : CimIsa_EnumAttr<CimIsa_UnaryFn, "unary_fn", "tanh">;
def CimIsa_BinaryFnAttr : CimIsa_EnumAttr<CimIsa_BinaryFn, "binary_fn", "add">;
def CimIsa_ReduceFnAttr : CimIsa_EnumAttr<CimIsa_ReduceFn, "reduce_fn", "sum">;
def CimIsa_DirectionAttr : CimIsa_EnumAttr<CimIsa_Direction, "direction", "forward">;

//===--------------------------------------------------------------------------===//
// Composite operands
//===--------------------------------------------------------------------------===//

class CimIsa_Attr<string name, string attrMnemonic> : AttrDef<CimIsa_Dialect, name> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def CimIsa_RowAttr : CimIsa_Attr<"Row", "row"> {
  let summary = "a place in a row of a buffer, affine in the block's counter";
  let description = [{
    Row `floor(r * mul / div) + add` of `buffer`, `offset` bytes into that row. A buffer is a ring: row `n` lives in slot
    `n mod rows`.

    ```mlir
    #cimisa.row<buffer = 3, mul = 1, div = 1, add = 0, offset = 0>
    ```
  }];
  let parameters = (ins "uint32_t":$buffer, "uint32_t":$mul, "uint32_t":$div, "int32_t":$add,
                        "uint32_t":$offset);
}

def CimIsa_WindowAttr : CimIsa_Attr<"Window", "window"> {
  let summary = "the sliding window that a convolution or pool reads from a ring buffer of rows";
  let description = [{
    Firing `r` sees rows `first = floor(r * mul / div) + add` to `first + (kernel_h - 1) * dilation_h` of a stream of `height` rows.
    Each row holds `width` positions of `pitch` elements. Output position `p` (of `positions`) sees
    input positions `p * stride_w - pad_left + j * dilation_w`, `0 <= j < kernel_w`, and of each the elements
    `channel` to `channel + channels - 1`. A row or position outside the stream reads as `pad_value`.
    Flattened, the window is ordered (kernel row, kernel column, channel), channel fastest. Where `channel` is `pitch` or
    more, the window starts `channel / pitch` positions further on, and of each position the elements from `channel mod pitch` on are seen:
    a core that computes a part of a row's positions starts there.

    ```mlir
    #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 28, width = 28, pitch = 8, channel = 0, channels = 8,
      kernel_h = 3, kernel_w = 3, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 1,
      positions = 28, pad_value = 0>
    ```
  }];
  let parameters = (ins "uint32_t":$buffer, "uint32_t":$mul, "uint32_t":$div, "int32_t":$add,
      "uint32_t":$height, "uint32_t":$width, "uint32_t":$pitch, "uint32_t":$channel, "uint32_t":$channels,
      "uint32_t":$kernel_h, "uint32_t":$kernel_w, "uint32_t":$dilation_h, "uint32_t":$dilation_w,
      "uint32_t":$stride_w, "uint32_t":$pad_left, "uint32_t":$positions, "int32_t":$pad_value);
}

//===--------------------------------------------------------------------------===//
// Fields of instructions. The def's name is what utils/gen_isa.py goes by.
//===--------------------------------------------------------------------------===//

def CimIsa_U32 : TypedAttrBase<I32, "IntegerAttr", CPred<
    "::llvm::isa<::mlir::IntegerAttr>($_self) && ::llvm::cast<::mlir::IntegerAttr>($_self).getType().isInteger(32)">,
    "32-bit unsigned field"> { let returnType = "uint32_t";
    let convertFromStorage = "static_cast<uint32_t>($_self.getValue().getZExtValue())";
    let constBuilderCall = "$_builder.getI32IntegerAttr(static_cast<int32_t>($0))"; }
def CimIsa_I32 : TypedAttrBase<I32, "IntegerAttr", CPred<
    "::llvm::isa<::mlir::IntegerAttr>($_self) && ::llvm::cast<::mlir::IntegerAttr>($_self).getType().isInteger(32)">,
    "32-bit signed field"> { let returnType = "int32_t";
    let convertFromStorage = "static_cast<int32_t>($_self.getValue().getSExtValue())";
    let constBuilderCall = "$_builder.getI32IntegerAttr($0)"; }
def CimIsa_F32 : ConfinedAttr<F32Attr, []>;
def CimIsa_Flag : ConfinedAttr<BoolAttr, []>;
// Iteration space and element strides of at most four dimensions, outermost first.
def CimIsa_Dims : ConfinedAttr<DenseI32ArrayAttr, [DenseArrayCount<4>]>;
def CimIsa_Strides : ConfinedAttr<DenseI32ArrayAttr, [DenseArrayCount<4>]>;

//===--------------------------------------------------------------------------===//
// Instruction classes
//===--------------------------------------------------------------------------===//

class CimIsa_Op<string mnemonic, list<Trait> traits = []> : Op<CimIsa_Dialect, mnemonic, traits>;

// An instruction: `opcode` is its first byte in the binary; fields follow in the order of `arguments`.
// `unit` names the part of the core that it occupies: control, array, digital, link.
class CimIsa_Instr<string mnemonic, int number, string where, list<Trait> traits = []>
    : CimIsa_Op<mnemonic, traits> {
  int opcode = number;
  string unit = where;
  let assemblyFormat = "attr-dict";
}
class CimIsa_ControlInstr<string mnemonic, int number> : CimIsa_Instr<mnemonic, number, "control", [ParentOneOf<["ControlOp"]>]>;
class CimIsa_DataInstr<string mnemonic, int number, string where> : CimIsa_Instr<mnemonic, number, where, [ParentOneOf<["BlockOp"]>]>;

#endif
