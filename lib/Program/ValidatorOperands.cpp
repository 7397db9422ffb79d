//===- ValidatorOperands.cpp - Operands in memory -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every operand lies inside its row, or inside its buffer where it may cross rows; its elements are
// aligned; constants are only read; and what an instruction writes does not cut into what it reads.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorAccess.h"
#include "ValidatorChecks.h"

using namespace cimc;
using namespace cimc::program;

namespace {

/// Checks one operand by itself. `firings` is how often its block fires.
class OperandCheck {
public:
  OperandCheck(const Place &place, const Access &access, uint64_t firings)
      : place(place), access(access), buffer(place.coreTable().buffers[access.buffer()]),
        lastFiring(firings - 1) {}

  Status run() const {
    if (Status status = constant(); !status)
      return status;
    if (Status status = rows(); !status)
      return status;
    if (Status status = bounds(); !status)
      return status;
    return alignment();
  }

private:
  template <typename... Parts> Error fail(const Parts &...parts) const {
    return failure(place, ": '", access.field, "' in buffer '", buffer.name, "' ", parts...);
  }

  Status constant() const {
    if (access.writes() && buffer.data)
      return fail("must not be written, the buffer is constant");
    return Status::success();
  }

  /// Row numbers are not negative, and a constant has the rows that are read.
  Status rows() const {
    if (access.window && !buffer.data)
      return Status::success(); // the replay knows which rows are there
    int64_t first = rowAt(access.mul(), access.div(), access.add(), 0);
    int64_t last = rowAt(access.mul(), access.div(), access.add(), lastFiring);
    if (access.window) {
      first = std::max<int64_t>(first, 0);
      last =
          std::min<int64_t>(last + (int64_t{access.window->kernelH} - 1) * access.window->dilationH,
                            int64_t{access.window->height} - 1);
    }
    if (first < 0)
      return fail("starts at row ", first, ", which does not exist");
    if (buffer.data && last >= buffer.rows)
      return fail("reads row ", last, ", but the constant has ", buffer.rows);
    return Status::success();
  }

  Status bounds() const {
    bool crosses = access.crossesRows && access.mul() == 0;
    int64_t size = buffer.rowBytes;
    if (crosses &&
        access.add() < static_cast<int64_t>(buffer.rows)) // from its row to the end of the buffer
      size = (int64_t{buffer.rows} - access.add()) * buffer.rowBytes;
    int64_t low = crosses && access.add() < static_cast<int64_t>(buffer.rows)
                      ? -int64_t{access.add()} * buffer.rowBytes
                      : 0;
    int64_t begin = access.begin, end = access.end;
    for (size_t k = 0; k < 4; ++k) {
      int64_t moved = saturatingProduct(access.steps[k], int64_t{access.turns[k]} - 1);
      (moved < 0 ? begin : end) += moved;
    }
    if (begin < low || end > size)
      return fail("touches bytes ", begin, " to ", end - 1, " of a row, but there are bytes ", low,
                  " to ", size - 1);
    return Status::success();
  }

  Status alignment() const {
    uint32_t size = bytesOf(access.format);
    uint32_t offset = access.row ? access.row->offset : 0;
    if (buffer.address % size == 0 && offset % size == 0 &&
        (buffer.rows == 1 || buffer.rowBytes % size == 0))
      return Status::success();
    return fail("must be aligned to ", size, " bytes, but the buffer is at address ",
                buffer.address, " with rows of ", buffer.rowBytes, " bytes, and the offset is ",
                offset);
  }

  const Place &place;
  const Access &access;
  const Buffer &buffer;
  uint64_t lastFiring;
};

/// Does a written operand cut into another one of the same instruction?
class OverlapCheck {
public:
  OverlapCheck(const Core &core, const Access &written, const Access &other)
      : core(core), written(written), other(other) {}

  bool cuts() const {
    if (written.buffer() == other.buffer())
      return sameRows() ? rangesCut() : mayShareSlot() && rangesMeet();
    Range a = addresses(written), b = addresses(other);
    return a.begin < b.end && b.begin < a.end;
  }

private:
  struct Range {
    int64_t begin, end;
  };

  static bool sameRate(const Access &a, const Access &b) {
    return a.mul() == b.mul() && (a.div() == b.div() || a.mul() == 0);
  }
  bool oneRow(const Access &access) const {
    return !access.crossesRows && (access.row || access.window->kernelH == 1);
  }
  /// Do both name the same single row in every firing?
  bool sameRows() const {
    if (!sameRate(written, other))
      return core.buffers[written.buffer()].rows == 1 && oneRow(written) && oneRow(other);
    bool same = written.add() == other.add() || core.buffers[written.buffer()].rows == 1;
    return same && (other.row || other.window->kernelH == 1);
  }
  /// May the operands, which name different rows, be in the same slot of the ring?
  bool mayShareSlot() const {
    if (!sameRate(written, other) || written.crossesRows || other.crossesRows)
      return true;
    int64_t rows = core.buffers[written.buffer()].rows;
    int64_t distance = int64_t{other.add()} - written.add();
    int64_t count = other.window ? other.window->kernelH : 1,
            step = other.window ? other.window->dilationH : 1;
    for (int64_t j = 0; j < std::min<int64_t>(count, rows); ++j)
      if ((distance + j * step) % rows == 0)
        return true;
    return false;
  }
  bool rangesMeet() const { return written.begin < other.end && other.begin < written.end; }
  /// Within one row: they meet, and are not element for element the same.
  bool rangesCut() const {
    bool same = written.begin == other.begin && written.end == other.end &&
                written.format == other.format && other.row &&
                ((written.dense() && other.dense()) ||
                 (written.dims == other.dims && written.strides == other.strides)) &&
                !written.moves() && !other.moves();
    return !same && rangesMeet();
  }
  /// The addresses that an operand may touch.
  Range addresses(const Access &access) const {
    const Buffer &buffer = core.buffers[access.buffer()];
    if (buffer.rows == 1 && !access.moves())
      return {buffer.address + access.begin, buffer.address + access.end};
    return {buffer.address, buffer.address + int64_t{buffer.rowBytes} * buffer.rows};
  }

  const Core &core;
  const Access &written, &other;
};

} // namespace

static Status checkOverlaps(const Place &place, const std::vector<Access> &accesses) {
  const Core &core = place.coreTable();
  for (const Access &written : accesses)
    for (const Access &other : accesses)
      if (written.writes() && &written != &other && OverlapCheck(core, written, other).cuts())
        return failure(place, ": '", written.field, "' in buffer '",
                       core.buffers[written.buffer()].name, "' cuts into '", other.field,
                       "' in buffer '", core.buffers[other.buffer()].name, "'");
  return Status::success();
}

static Status checkBlock(const Program &program, uint32_t core, uint32_t block, uint64_t firings) {
  const std::vector<Instruction> &instructions = program.cores[core].blocks[block].instructions;
  for (uint32_t i = 0; i < instructions.size(); ++i) {
    Place place{program, core, block, i};
    std::vector<Access> accesses = accessesOf(program, instructions[i]);
    for (const Access &access : accesses)
      if (Status status = OperandCheck(place, access, firings).run(); !status)
        return status;
    if (Status status = checkOverlaps(place, accesses); !status)
      return status;
  }
  return Status::success();
}

Status program::checkOperands(const Program &program, const std::vector<FiringCounts> &firings) {
  for (uint32_t c = 0; c < program.cores.size(); ++c)
    for (uint32_t b = 0; b < program.cores[c].blocks.size(); ++b)
      // A block that never fires is held to the same rules as one that fires once.
      if (Status status = checkBlock(program, c, b, std::max<uint64_t>(firings[c][b], 1)); !status)
        return status;
  return Status::success();
}
