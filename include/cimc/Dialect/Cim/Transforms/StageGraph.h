//===- StageGraph.h - The placed network as actors on cores --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expands a placed function into the graph of stages that cores run: one stage per op, per core
// that computes a part of a weighted layer, and per core that receives a value. The scheduler
// orders this graph, and the conversion to `cimisa` writes one block per stage of it. Both build it
// from the IR by the function below, which is deterministic, so stage and stream numbers mean the
// same to both.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_STAGEGRAPH_H
#define CIMC_DIALECT_CIM_TRANSFORMS_STAGEGRAPH_H

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Mapping/Schedule.h"
#include "cimc/Target/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace cimc::cim {

/// A constant that a stage keeps in its core's memory.
struct StageConstant {
  std::string name;
  mlir::ElementsAttr value;
  int64_t rows = 1; // one, or one for each firing of the stage
};

/// Memory that a stage uses during one firing.
struct StageScratch {
  std::string name;
  int64_t bytes = 0;
};

/// A stream that carries output channels [channel, channel + channels) of some or all positions of
/// a value's rows.
struct Part {
  int64_t stream = -1;
  int64_t channel = 0, channels = 0;
  int64_t core = 0;
  Positions positions;
};

/// Output channels [channel, channel + channels) of a weighted layer, and what adds up to them on
/// one core: tiles that the core itself reads, and partial sums that other cores send.
struct Column {
  int64_t channel = 0, channels = 0;
  llvm::SmallVector<TileAttr>
      tiles; ///< as the op sees them (ForwardOp::orient), by slice, then row
  llvm::SmallVector<int64_t> partialStreams;
  /// The only partial sum is received into the accumulator before the tiles add to it, which takes
  /// less memory than receiving it beside.
  bool receivesFirst = false;
  /// Whether the sums of some slice of the weights are read beside the accumulator, which holds
  /// others already, to be shifted and added.
  bool readsAside() const;
};

/// An actor on a core.
struct Stage {
  enum class Kind {
    HostInput,  ///< the host sends rows of a network input
    HostOutput, ///< the host receives rows of a network output
    Assemble,   ///< a core receives the parts of a value's rows and puts them together
    Hold,       ///< a core keeps rows of a part that it has made, to send them to other chips later
    PartialSum, ///< a core adds up the tiles that it has of one column of a weighted layer, for
                ///< another core to finish
    Compute,    ///< a core computes the rows of an op, or of a part of its channels
  };
  Kind kind = Kind::Compute;
  std::string name;
  mlir::Operation *op = nullptr; ///< the op; for Assemble the one that defines the value
  mlir::Value value;             ///< the value whose rows it makes, sends or receives
  int64_t core = 0;
  int64_t firings = 0;
  /// The positions of each row that it makes; all unless the op is spread over cores.
  Positions positions;
  /// Compute, PartialSum: by operand of `op`, the stream on this core that holds its rows; -1 for
  /// constants. Of a delay, behind its operands: the stream that is fed to it.
  llvm::SmallVector<int64_t> operandStreams;
  /// By operand of `op`: the positions that the rows of that stream hold.
  llvm::SmallVector<Positions> operandPositions;
  /// Compute of a weighted layer: its columns; PartialSum: exactly one, which may receive partial
  /// sums too.
  llvm::SmallVector<Column> columns;
  /// Assemble, HostOutput: the parts received. Hold: the part that is kept.
  llvm::SmallVector<Part> sources;
  /// What it writes.
  llvm::SmallVector<Part> outputs;
  std::vector<StageConstant> constants;
  std::vector<StageScratch> scratch;

  /// Index of a constant or scratch area by name, -1 if the stage has none of that name.
  int64_t constantIndex(llvm::StringRef constantName) const;
  int64_t scratchIndex(llvm::StringRef scratchName) const;
};

/// How many partial sums of `rowBytes` a core adds up for one column of tiles. The cores of a
/// column form a tree, so that neither the messages that wait at one core nor the additions there
/// grow with the column: all at once where they take no more than an eighth of a core's memory,
/// down to one, a chain. Core number i of a column (0 finishes it) sends to number
/// partialSumParent(i, arity).
int64_t partialSumArity(int64_t rowBytes, const target::Target &target);
inline int64_t partialSumParent(int64_t index, int64_t arity) { return (index - 1) / arity; }

/// The whole graph. `problem` has the same stage and stream numbers.
struct StageGraph {
  std::vector<Stage> stages;
  mapping::ScheduleProblem problem;

  /// The stages that receive `stream` through a FIFO, in order; none for a number that is no
  /// stream's, as edited text may name.
  llvm::ArrayRef<int64_t> receiversOf(int64_t stream) const;
  std::vector<llvm::SmallVector<int64_t>> receivers; ///< by stream
};

/// Bytes that `bytes` take in a core's memory: regions are laid out at multiples of 8.
inline int64_t alignedBytes(int64_t bytes) { return (bytes + 7) / 8 * 8; }

/// Attribute of a stage or output: the chip on which it is computed.
inline constexpr llvm::StringLiteral kChipAttrName = "cim.chip";
/// Attribute of a partitioned module: a dictionary of `interchip_bytes`, which pass between chips
/// in an inference, and `interchip_bytes_bound`, which do in every partition.
inline constexpr llvm::StringLiteral kPartitionAttrName = "cim.partition";

/// Attribute of an op whose rows go to other chips only when as many more rows have been made, so
/// that these chips can sleep longer and then get their rows one behind the other. At most the rows
/// of the value less 1, which sends the whole value at once.
inline constexpr llvm::StringLiteral kHoldAttrName = "cim.hold";

/// Builds the graph of a placed function. Fails with a located error where an op has no core or a
/// weight no tiles.
mlir::FailureOr<StageGraph> buildStageGraph(mlir::func::FuncOp function,
                                            const target::Target &target);

/// Whether `op` adds rows.
bool padsRows(PadOp op);
/// The only dimension of a row that `op` adds to, if it is the outermost one of more than one
/// element, so that one `cimisa.unfold` makes the padded row; -1 if it adds to none. None
/// otherwise.
std::optional<int64_t> unfoldedPadding(PadOp op);

/// Appends to `stage` the constants and scratch areas that its block needs (StagePlan.cpp).
mlir::LogicalResult planStage(Stage &stage);

} // namespace cimc::cim

#endif // CIMC_DIALECT_CIM_TRANSFORMS_STAGEGRAPH_H
