//===- ProgramWriter.h - Writes the tables of a program ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns a scheduled network into a `cimisa.program`: data, tiles, channels, host streams, and one
// program per core.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_CIMTOCIMISA_PROGRAMWRITER_H
#define CIMC_LIB_CONVERSION_CIMTOCIMISA_PROGRAMWRITER_H

#include "BlockEmitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cimc {

class ProgramWriter {
public:
  ProgramWriter(mlir::func::FuncOp function, cim::ScheduleOp schedule, const target::Target &target,
                cim::StageGraph graph);

  /// Writes the program at the end of the module.
  mlir::LogicalResult write();

private:
  /// Small constants and tiles that had to be written out share one segment.
  struct Pool {
    std::vector<char> bytes;
    int64_t add(llvm::ArrayRef<char> more);
  };

  void collectCores();
  mlir::DenseI32ArrayAttr hostWakes();
  mlir::LogicalResult writeTiles();
  mlir::LogicalResult writeTile(cim::WeightOp weight, cim::TileAttr tile);
  /// Cells of a tile that are no rectangle of the weight's matrix, row-major and dense: several
  /// groups on a diagonal, or a slice of the values.
  mlir::FailureOr<std::vector<char>> cellsOf(cim::WeightOp weight, cim::TileAttr tile);
  void writeChannels();
  mlir::LogicalResult writeStreams();
  mlir::LogicalResult writeStream(int64_t stageNumber);
  /// Whether the model's tensor of a host stage is uint8, which is streamed as x - 128.
  bool isShifted(const cim::Stage &stage);
  mlir::LogicalResult writeCore(cim::CoreProgramOp core);
  void writeBuffers(cim::CoreProgramOp core, CoreTables &tables);
  void writeBuffer(llvm::StringRef name, int64_t address, int64_t rowBytes, int64_t rows,
                   int64_t dataOffset = -1);
  /// The blocks of a core's program: one per stage, and one per chip and epoch that it wakes.
  struct BlockNumbers {
    llvm::DenseMap<int64_t, uint32_t> ofStage;
    llvm::DenseMap<std::pair<int64_t, int64_t>, uint32_t> ofWake; ///< by chip and epoch
    uint32_t next() const { return static_cast<uint32_t>(ofStage.size() + ofWake.size()); }
  };
  mlir::LogicalResult writeWakes(cim::CoreProgramOp core, BlockNumbers &blocks);
  mlir::LogicalResult writeControl(mlir::Block &steps, const BlockNumbers &blocks);

  mlir::func::FuncOp function;
  cim::ScheduleOp schedule;
  const target::Target &target;
  cim::StageGraph graph;
  mlir::OpBuilder builder;
  mlir::Location loc;
  ProgramTables tables;
  Pool pool;
  uint32_t poolSegment = 0; ///< number of the pool's data op, which stands first
  uint32_t segments = 1;
  llvm::DenseMap<int64_t, uint32_t> coreNumbers; ///< by core of the machine
  llvm::DenseMap<mlir::StringAttr, int64_t>
      kernelPositions; ///< kernel rows x columns of the layer that uses a weight
};

} // namespace cimc

#endif // CIMC_LIB_CONVERSION_CIMTOCIMISA_PROGRAMWRITER_H
