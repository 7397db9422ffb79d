//===- BlockEmitter.h - Writes the instructions of one stage ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One BlockEmitter writes one `cimisa.block`. It knows the numbers that the tables of the binary
// gave to streams' rings, constants, scratch areas, channels and tiles (CoreTables), and nothing is
// left to decide.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_CIMTOCIMISA_BLOCKEMITTER_H
#define CIMC_LIB_CONVERSION_CIMTOCIMISA_BLOCKEMITTER_H

#include "cimc/Dialect/Cim/IR/RelayoutWalk.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

#include "mlir/IR/Builders.h"

#include "llvm/ADT/DenseMap.h"

#include <map>

namespace cimc {

/// Numbers shared by all cores.
struct ProgramTables {
  /// Channel by (stream, receiving stage).
  std::map<std::pair<int64_t, int64_t>, uint32_t> channels;
  /// Tile by weight and tile attribute.
  llvm::DenseMap<std::pair<mlir::StringAttr, mlir::Attribute>, uint32_t> tiles;
};

/// A buffer's number and how many rows it has.
struct BufferRef {
  uint32_t number = 0;
  int64_t rows = 1;
};

/// Buffer numbers of one core.
struct CoreTables {
  std::map<int64_t, BufferRef> rings;                         ///< by stream
  std::map<std::pair<int64_t, int64_t>, BufferRef> constants; ///< by stage, constant
  std::map<std::pair<int64_t, int64_t>, BufferRef> scratch;   ///< by stage, area
};

/// An operand of a digital instruction: where it starts and its element stride in each of the four
/// dimensions.
struct View {
  isa::RowAttr row;
  std::array<int32_t, 4> strides{};
};

class BlockEmitter {
public:
  BlockEmitter(mlir::OpBuilder &builder, const cim::StageGraph &graph, int64_t stageNumber,
               const ProgramTables &program, const CoreTables &core)
      : builder(builder), graph(graph), number(stageNumber), stage(graph.stages[stageNumber]),
        program(program), core(core), loc(stage.op->getLoc()) {}

  /// Writes the whole block. Fails with a located error where an op has no instructions.
  mlir::LogicalResult emit();

private:
  // Operands.
  isa::RowAttr row(BufferRef buffer, uint32_t mul = 1, uint32_t div = 1, int32_t add = 0,
                   int64_t offset = 0);
  isa::RowAttr constantRow(llvm::StringRef name);
  isa::RowAttr scratchRow(llvm::StringRef name);
  /// Row of the stage's output, `offset` bytes in.
  isa::RowAttr outputRow(unsigned output = 0, int64_t offset = 0);
  /// The row of operand `index` that firing r needs first.
  isa::RowAttr operandRow(unsigned index, int64_t offset = 0);
  /// The same for an operand that may be a constant.
  isa::RowAttr streamOrConstantRow(unsigned index);
  BufferRef ringOf(int64_t stream) const;
  /// The window over operand `operand` with which the stage's positions begin.
  isa::WindowAttr window(mlir::Value input, unsigned operand, llvm::ArrayRef<int64_t> kernel,
                         llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> dilation,
                         llvm::ArrayRef<int64_t> pad, int32_t padValue, int64_t channel,
                         int64_t channels);

  // ArrayBlocks.cpp
  /// Reads tiles of one slice into `dst`, the first adding to what is there if `accumulate`.
  void emitTiles(cim::ForwardOp op, llvm::ArrayRef<cim::TileAttr> tiles, isa::RowAttr dst,
                 bool accumulate);
  /// Reads all tiles of a column, and shifts and adds the sums of its slices.
  void emitReads(cim::ForwardOp op, const cim::Column &column, isa::RowAttr dst);
  mlir::LogicalResult emitForward(cim::ForwardOp op);
  mlir::LogicalResult emitDigitalForward(cim::ForwardOp op);
  void emitPartialSum(cim::ForwardOp op);
  /// Receives one partial sum of a column.
  void receive(const cim::Column &column, int64_t stream, isa::RowAttr dst);
  /// Receives the partial sums of a column one after the other and adds each to `acc`.
  void emitPartialAdds(const cim::Column &column, isa::RowAttr acc);
  void emitRequant(isa::RowAttr src, int64_t index, isa::RowAttr dst, mlir::Type to,
                   int64_t positions, int64_t channels, int64_t dstPitch, int32_t zeroPoint,
                   llvm::ArrayRef<int32_t> clamp);
  void emitFinish(cim::ForwardOp op, int64_t index, const cim::Column &column, isa::RowAttr acc,
                  isa::RowAttr dst, int64_t dstPitch);

  // StreamBlocks.cpp
  void emitAssemble();
  void emitSends();

  // DigitalBlocks.cpp
  mlir::LogicalResult emitDigital();
  mlir::LogicalResult emitPool(cim::PoolOp op);
  mlir::LogicalResult emitReduce(cim::ReduceOp op);
  void emitConvert(mlir::Type from, mlir::Type to, isa::RowAttr src, isa::RowAttr dst);
  void emitQuantize(cim::QuantizeOp op);
  void emitDequantize(cim::DequantizeOp op);

  // MovementBlocks.cpp
  mlir::LogicalResult emitConcat(cim::ConcatOp op);
  mlir::LogicalResult emitSlice(cim::SliceOp op);
  mlir::LogicalResult emitDelay(cim::DelayOp op);
  mlir::LogicalResult emitPad(cim::PadOp op);
  mlir::LogicalResult emitRelayout(cim::RelayoutOp op);
  mlir::LogicalResult emitReverse(cim::ReverseOp op);
  /// The row of operand `operand` that firing r needs, as `positions` of the `width` positions of a
  /// row, beginning `padLeft` before the first. What lies outside the stream has the bits `value`,
  /// or stays what it was (`keep`).
  void emitUnfold(unsigned operand, isa::RowAttr dst, int64_t positions, int64_t padLeft,
                  int64_t width, int32_t value, bool keep);
  /// Copies over `loops`, from row to row of the result moved on by `outer`, outermost first. Loops
  /// beyond four become copies of their own.
  mlir::LogicalResult emitCopy(mlir::Type elementType, llvm::ArrayRef<cim::WalkLoop> loops,
                               isa::RowAttr src, isa::RowAttr dst,
                               llvm::ArrayRef<cim::WalkLoop> outer = {});

  // ProductBlocks.cpp
  mlir::LogicalResult emitMatmul(cim::MatmulOp op);
  mlir::LogicalResult emitGather(cim::GatherOp op);
  mlir::LogicalResult emitFloatForward(cim::ForwardOp op);

  // ElementwiseBlocks.cpp
  mlir::LogicalResult emitElementwise(cim::ElementwiseOp op);

  mlir::OpBuilder &builder;
  const cim::StageGraph &graph;
  int64_t number;
  const cim::Stage &stage;
  const ProgramTables &program;
  const CoreTables &core;
  mlir::Location loc;
};

/// The instruction set's number format of an element type; none if it has no such format.
std::optional<isa::attr::Format> formatOf(mlir::Type elementType);

/// Element strides of a dense tensor of `shape`.
llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape);

} // namespace cimc

#endif // CIMC_LIB_CONVERSION_CIMTOCIMISA_BLOCKEMITTER_H
