//===- Operation.h - Prepared instructions ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When a program is loaded, every data instruction becomes an Operation: a function whose operands
// are already addresses, loop bounds and packed weights. An operation runs for all samples of a
// batch at once. All memory of a run is allocated beforehand, in the worker; operations only read
// themselves and write the frame.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_OPERATION_H
#define CIMC_LIB_EXECUTOR_OPERATION_H

#include "MatrixKernels.h"

#include "cimc/Executor/Executor.h"
#include "cimc/Program/Program.h"
#include "cimc/Support/Vectorize.h"
#include "cimc/Target/Converters.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace cimc::executor {

/// Bytes that may be read, and in scratch memory written, behind the last one that counts, so that
/// copies go by vectors.
inline constexpr size_t kSlack = 64;

/// A channel between two cores while a batch runs: `depth` slots, each with the message of every
/// sample.
struct Fifo {
  std::byte *data = nullptr;
  uint32_t head = 0, count = 0;
};

struct LayerRecorder;

/// What a worker shares with all its cores.
struct WorkerState {
  std::vector<Fifo> fifos; ///< by channel; those at the host's side stay empty
  std::vector<uint32_t>
      hostMessages; ///< by channel: messages of this inference that passed between host and core
  std::byte *scratch = nullptr;          ///< LoadedProgram::scratchBytes
  size_t firstInference = 0;             ///< of the data set, the one that is sample 0
  std::vector<const std::byte *> inputs; ///< by stream
  std::vector<std::byte *> outputs;      ///< by stream
  std::string fault;                     ///< what an operation found wrong with the data
  LayerRecorder *recorder = nullptr;     ///< of what layers make, if that is wanted
};

/// What an operation sees: the memory of its core for every sample, and the counter of its block.
struct Frame {
  std::byte *memory = nullptr; ///< of sample 0
  size_t pitch = 0;            ///< bytes from one sample's memory to the next one's
  uint32_t samples = 0;
  uint32_t counter = 0;
  WorkerState *worker = nullptr;
};

/// Runs an instruction for all samples. Returns false, having changed nothing, if a channel is not
/// ready, or with a fault in the worker's state.
using Operation = std::function<bool(Frame &)>;

/// Where a buffer lies: in the core's memory, or, if it is constant, in the program's.
struct BufferPlace {
  size_t address = 0;
  std::byte *constant = nullptr;
  uint32_t rowBytes = 0, rows = 1;
};

/// One operand in the memory of every sample.
template <typename T> struct Cursor {
  std::byte *first;
  size_t pitch;
  T *operator[](uint32_t sample) const { return reinterpret_cast<T *>(first + sample * pitch); }
};

/// A `Row` with its buffer looked up.
struct RowOperand {
  BufferPlace buffer;
  int64_t mul = 0, div = 1, add = 0;
  size_t offset = 0;

  template <typename T> Cursor<T> at(const Frame &frame) const {
    int64_t row = (mul * int64_t{frame.counter} / div + add) % int64_t{buffer.rows};
    row += row < 0 ? buffer.rows : 0;
    size_t place = static_cast<size_t>(row) * buffer.rowBytes + offset;
    if (buffer.constant)
      return {buffer.constant + place, 0};
    return {frame.memory + buffer.address + place, frame.pitch};
  }
  /// Whether the operand is the same constant for every firing.
  bool isFixed() const { return buffer.constant && (mul == 0 || buffer.rows == 1); }
};

/// A `Window` with its buffer looked up.
struct WindowOperand {
  program::Window window;
  BufferPlace buffer;

  /// Number of the first row that firing `counter` sees; it may lie outside the stream.
  int64_t firstRow(uint32_t counter) const {
    return int64_t{window.mul} * counter / window.div + window.add;
  }
  /// The start of row `row` for every sample; null if the row lies outside the stream.
  template <typename T> Cursor<T> row(const Frame &frame, int64_t row) const {
    if (row < 0 || row >= int64_t{window.height})
      return {nullptr, 0};
    size_t place = static_cast<size_t>(row % buffer.rows) * buffer.rowBytes;
    if (buffer.constant)
      return {buffer.constant + place, 0};
    return {frame.memory + buffer.address + place, frame.pitch};
  }
};

/// How the host reads or writes the rows of a network input or output.
struct HostStream {
  size_t stream = 0; ///< index in the program
  size_t inferenceBytes = 0;
  uint32_t rows = 1;
  int64_t rowStride = 0; ///< elements
  size_t elementBytes = 1;
  std::array<int32_t, 4> dims{}, strides{};
  bool signedShift = false;
};

/// The packed weights of a tile in one direction, or those of one sign; filled when they are first
/// needed.
using TileMatrices = std::map<std::tuple<uint32_t, program::Direction, target::WeightPart>,
                              std::shared_ptr<const PackedMatrix>>;

class AnalogTile;
/// Tiles as their cells hold them; filled when they are first needed.
using AnalogTiles = std::map<uint32_t, std::shared_ptr<const AnalogTile>>;

/// What the preparation of one core's instructions may look at.
struct CoreContext {
  const program::Program *program = nullptr;
  std::vector<BufferPlace> buffers;
  const std::vector<const HostStream *> *hostStreams = nullptr; ///< by channel, null between cores
  TileMatrices *matrices = nullptr;
  ModelOptions model;
  size_t *scratchBytes = nullptr; ///< raised to what an operation needs
  uint32_t *reads = nullptr;      ///< reads of arrays that were prepared so far
  AnalogTiles *analog = nullptr;
  const std::set<uint32_t> *transposedTiles = nullptr; ///< those that some read takes transposed
  std::vector<std::string> *recorded = nullptr; ///< if wanted: the layer of each recorded result

  RowOperand row(const program::Row &row) const {
    return {buffers[row.buffer], row.mul, row.div, row.add, row.offset};
  }
  WindowOperand window(const program::Window &window) const {
    return {window, buffers[window.buffer]};
  }
  void needScratch(size_t bytes) const { *scratchBytes = std::max(*scratchBytes, bytes); }
};

/// An Operation from a function of the frame that cannot block.
template <typename Function> Operation always(Function function) {
  return [function = std::move(function)](Frame &frame) {
    function(frame);
    return true;
  };
}

// One per data instruction; each is defined in the file of its category.
Operation prepare(const program::Send &send, const CoreContext &context);
Operation prepare(const program::Recv &recv, const CoreContext &context);
Operation prepare(const program::Read &read, const CoreContext &context);
Operation prepare(const program::Requant &requant, const CoreContext &context);
Operation prepare(const program::Quantize &quantize, const CoreContext &context);
Operation prepare(const program::Dequantize &dequantize, const CoreContext &context);
Operation prepare(const program::AddQuantized &add, const CoreContext &context);
Operation prepare(const program::ShiftAdd &shiftAdd, const CoreContext &context);
Operation prepare(const program::Lookup &lookup, const CoreContext &context);
Operation prepare(const program::Unary &unary, const CoreContext &context);
Operation prepare(const program::UnaryF16 &unary, const CoreContext &context);
Operation prepare(const program::Binary &binary, const CoreContext &context);
Operation prepare(const program::Random &random, const CoreContext &context);
Operation prepare(const program::Select &select, const CoreContext &context);
Operation prepare(const program::Convert &convert, const CoreContext &context);
Operation prepare(const program::Copy &copy, const CoreContext &context);
Operation prepare(const program::Fill &fill, const CoreContext &context);
Operation prepare(const program::Reduce &reduce, const CoreContext &context);
Operation prepare(const program::Pool &pool, const CoreContext &context);
Operation prepare(const program::Unfold &unfold, const CoreContext &context);
Operation prepare(const program::Depthwise &depthwise, const CoreContext &context);
Operation prepare(const program::Matmul &matmul, const CoreContext &context);
Operation prepare(const program::Gather &gather, const CoreContext &context);

/// Bytes of an element in memory.
constexpr size_t formatBytes(program::Format format) {
  constexpr std::array<size_t, 5> bytes{1, 4, 4, 8, 2};
  return bytes[static_cast<size_t>(format)];
}

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_OPERATION_H
