//===- CimBase.td - Attributes and types of the mapping dialect -----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `cim`, its attributes, and the kinds of tensors that its ops take.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_IR_CIMBASE_TD
#define CIMC_DIALECT_CIM_IR_CIMBASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Cim_Dialect : Dialect {
  let name = "cim";
  let cppNamespace = "::cimc::cim";
  let summary = "neural networks on compute-in-memory arrays";
  let description = [{
    Weighted layers refer to weights by symbol, so one matrix can be used many times and carries its
    own tiling and placement. Every op on tensors is a *stage*: it fires once per row of its result. The row axis is part of a
    tensor's type: `tensor<1x28x28x8xi8, #cim.rows<1>>` is a stream of 28 rows of 28 x 8 elements.

    The same ops serve four levels: logical, tiled (weights list their tiles), placed (tiles have arrays, stages a core) and scheduled (a `cim.schedule` stands beside the
    function).
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

class Cim_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Cim_Dialect, name, traits> { let mnemonic = attrMnemonic; }
class Cim_Op<string mnemonic, list<Trait> traits = []> : Op<Cim_Dialect, mnemonic, traits>;

def Cim_RowsAttr : Cim_Attr<"Rows", "rows", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "encoding of a tensor that is a stream of rows along `axis`";
  let description = [{
    Dimensions before `axis` are 1. A row holds the dimensions after `axis`, in C order.

    ```mlir
    #cim.rows<1>
    ```
  }];
  let parameters = (ins "int64_t":$axis);
  let assemblyFormat = "`<` $axis `>`";
}

def Cim_TargetAttr : Cim_Attr<"Target", "target"> {
  let summary = "description of a machine; the module attribute `cim.target`";
  let description = [{
    Holds the binary form of a `cimc::target::Target` (docs/binary-format.md) and is printed as the machine's name and the form's bytes in hexadecimal. The
    bytes must decode, else the attribute is refused. A pass asks for it by `cimc::cim::getTarget(module)`; `cim-attach-target` attaches it.
    `#cim.target<"hermes", "0A41...">` is the shape of it.
  }];
  let parameters = (ins StringRefParameter<"name of the machine">:$name, StringRefParameter<"binary form">:$binary);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The attribute for a description.
    static TargetAttr get(::mlir::MLIRContext *context, const ::cimc::target::Target &target);
    /// The description.
    ::cimc::target::Target getTarget() const;
  }];
}

def Cim_TileAttr : Cim_Attr<"Tile", "tile"> {
  let summary = "a part of a weight and its place";
  let description = [{
    Groups `group` to `group + groups - 1`; of each the rows `row` to `row + rows - 1` and columns `col` to `col + cols - 1`. `at_row`, `at_col` is the corner in array `array`. After placement `array` is the array's number on
    the machine (`core * arrays per core + array in core`); before, arrays are numbered from 0 as the packing made them. `slice` is the slice of the
    weight's values that the tile holds, where the weight has slices (see `#cim.slices`).

    A weight that is read often may lie in arrays several times. The tiles of copy number `copy`, counted from 0, cover the whole weight; of `r` copies, copy `j` computes
    the positions `floor(j * P / r)` to `floor((j + 1) * P / r) - 1` of each row of `P` positions, so that copies work at the same time.

    A weight with `redundancy` lies in arrays several times for another reason: the tiles of instance number `instance`, counted from 0, cover the whole weight (each slice and copy of it), all instances are read
    with the same inputs, and the mean of their sums counts.

    ```mlir
    #cim.tile<group = 0, groups = 1, row = 0, rows = 252, col = 0, cols = 112, array = 3, at_row = 0, at_col = 0, copy = 1>
    ```
  }];
  let parameters = (ins "int64_t":$group, "int64_t":$groups, "int64_t":$row, "int64_t":$rows, "int64_t":$col, "int64_t":$cols,
                        "int64_t":$array, "int64_t":$at_row, "int64_t":$at_col, DefaultValuedParameter<"int64_t", "0">:$slice,
                        DefaultValuedParameter<"int64_t", "0">:$copy, DefaultValuedParameter<"int64_t", "0">:$instance);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// The same tile in another array, of copy `copy`.
    TileAttr inArray(int64_t array, int64_t copy) const;
    TileAttr inArray(int64_t array) const { return inArray(array, getCopy()); }
    /// The tile with rows and columns exchanged, of the weight and of the array.
    TileAttr transposed() const;
  }];
}
def Cim_SlicesAttr : Cim_Attr<"Slices", "slices"> {
  let summary = "how the values of a weight are spread over cells of fewer bits";
  let description = [{
    A value is the sum of `2^(bits * k)` times slice `k`, `0 <= k < count`: its two's complement, cut into pieces of `bits` bits. Slices below the last are
    unsigned, the last is signed. Each slice is a matrix of the weight's size with tiles of its own; the digital unit shifts what the tiles of a slice sum up to
    and adds it.

    ```mlir
    #cim.slices<count = 2, bits = 4>
    ```
  }];
  let parameters = (ins "int64_t":$count, "int64_t":$bits);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}
def Cim_PieceAttr : Cim_Attr<"Piece", "piece"> {
  let summary = "a part of a weight and the chip that holds it";
  let description = [{
    Groups `group` to `group + groups - 1`; of each the rows `row` to `row + rows - 1` and columns `col` to `col + cols - 1` lie on chip `chip`.

    ```mlir
    #cim.piece<chip = 1, group = 0, groups = 1, row = 0, rows = 576, col = 128, cols = 128>
    ```
  }];
  let parameters = (ins "int64_t":$chip, "int64_t":$group, "int64_t":$groups, "int64_t":$row, "int64_t":$rows, "int64_t":$col, "int64_t":$cols);
  let assemblyFormat = "`<` struct(params) `>`";
}
def Cim_PieceArrayAttr : TypedArrayAttrBase<Cim_PieceAttr, "list of pieces">;
def Cim_TileArrayAttr : TypedArrayAttrBase<Cim_TileAttr, "list of tiles">;

def Cim_RowTensor : Type<CPred<"::cimc::cim::isRowTensor($_self)">, "static tensor with a #cim.rows encoding", "::mlir::RankedTensorType">;
def Cim_Constant : Type<CPred<"::cimc::cim::isPlainTensor($_self)">, "static tensor without encoding", "::mlir::RankedTensorType">;
def Cim_AnyTensor : AnyTypeOf<[Cim_RowTensor, Cim_Constant]>;

def Cim_PoolKind : I32EnumAttr<"PoolKind", "pooling function", [I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Sum", 1, "sum">]> {
  let cppNamespace = "::cimc::cim"; let genSpecializedAttr = 0; }
def Cim_PoolKindAttr : EnumAttr<Cim_Dialect, Cim_PoolKind, "pool_kind"> {
  let description = [{
    `max` is the maximum, `sum` the sum of a window. Means are sums with the divisor in the scale that follows.

    ```mlir
    #cim<pool_kind max>
    ```
  }];
}
def Cim_ReduceKind : I32EnumAttr<"ReduceKind", "reduction", [I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">,
  I32EnumAttrCase<"Min", 2, "min">, I32EnumAttrCase<"Prod", 3, "prod">]> { let cppNamespace = "::cimc::cim"; let genSpecializedAttr = 0; }
def Cim_ReduceKindAttr : EnumAttr<Cim_Dialect, Cim_ReduceKind, "reduce_kind"> {
  let description = [{
    `sum`, `max`, `min` or `prod` over an axis, in order of index.

    ```mlir
    #cim<reduce_kind sum>
    ```
  }];
}
def Cim_Unit : I32EnumAttr<"Unit", "where a weighted layer is computed", [I32EnumAttrCase<"Array", 0, "array">, I32EnumAttrCase<"Digital", 1, "digital">]> {
  let cppNamespace = "::cimc::cim"; let genSpecializedAttr = 0; }
def Cim_UnitAttr : EnumAttr<Cim_Dialect, Cim_Unit, "unit"> {
  let description = [{
    `array` for crossbars; `digital` for a depthwise layer that a digital unit computes, so that its weight takes no cells.

    ```mlir
    #cim<unit array>
    ```
  }];
}

#endif
