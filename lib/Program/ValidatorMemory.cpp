//===- ValidatorMemory.cpp - Buffers in a core's memory -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers lie in the core's memory and constants in their segments. Constant buffers share memory
// with nothing. Other buffers may share memory: the replay finds reads of rows that were
// overwritten in this way.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"
#include "cimc/Program/Limits.h"

#include <algorithm>

using namespace cimc;
using namespace cimc::program;

/// Buffers start at multiples of this, so that every element can be aligned in its row.
static constexpr uint32_t kBufferAlignment = 4;

static Status checkBuffer(const Program &program, const Core &core, const Buffer &buffer,
                          const std::string &where) {
  if (buffer.rowBytes == 0 || buffer.rows == 0)
    return failure(where, "must have at least one row of at least one byte, but has ", buffer.rows,
                   " rows of ", buffer.rowBytes);
  uint64_t bytes = uint64_t{buffer.rowBytes} * buffer.rows;
  if (buffer.address > core.memoryBytes || bytes > core.memoryBytes - buffer.address)
    return failure(where, "needs ", bytes, " bytes at address ", buffer.address,
                   ", the core's program has ", core.memoryBytes, " bytes of memory");
  uint32_t own = program.target.chip.core.memoryBytes;
  if (buffer.address < own && bytes > own - buffer.address)
    return failure(where, "lies partly in the memory of its core, which ends at address ", own,
                   ", and partly in the chip's buffer");
  if (buffer.address % kBufferAlignment != 0)
    return failure(where, "address ", buffer.address, " must be a multiple of ", kBufferAlignment);
  if (!buffer.data)
    return Status::success();
  if (*buffer.data >= program.data.size())
    return failure(where, "data segment ", *buffer.data, " does not exist, the program has ",
                   program.data.size());
  uint64_t size = program.data[*buffer.data].size();
  if (buffer.dataOffset > size || bytes > size - buffer.dataOffset)
    return failure(where, "needs ", bytes, " bytes at offset ", buffer.dataOffset, " of segment ",
                   *buffer.data, ", which has ", size);
  return Status::success();
}

Status program::checkBufferRanges(const Program &program) {
  uint64_t rows = 0;
  for (size_t c = 0; c < program.cores.size(); ++c)
    for (const Buffer &buffer : program.cores[c].buffers) {
      std::string where = "core " + std::to_string(c) + ", buffer '" + buffer.name + "': ";
      if (Status status = checkBuffer(program, program.cores[c], buffer, where); !status)
        return status;
      rows += buffer.rows;
      if (rows > kMaxBufferRows)
        return failure(where, "the buffers of the program have more than ", kMaxBufferRows,
                       " rows together");
    }
  return Status::success();
}

static Status checkConstantsApart(const Core &core, size_t number) {
  std::vector<const Buffer *> order;
  for (const Buffer &buffer : core.buffers)
    order.push_back(&buffer);
  std::stable_sort(order.begin(), order.end(),
                   [](const Buffer *a, const Buffer *b) { return a->address < b->address; });
  // In order of address, a buffer meets an earlier one exactly if it meets the one that reaches
  // furthest.
  uint64_t end = 0, constantEnd = 0;
  const Buffer *furthest = nullptr, *furthestConstant = nullptr;
  for (const Buffer *buffer : order) {
    const Buffer *other = buffer->data && buffer->address < end ? furthest
                          : buffer->address < constantEnd       ? furthestConstant
                                                                : nullptr;
    if (other)
      return failure("core ", number, ", buffer '", buffer->name, "': shares memory at address ",
                     buffer->address, " with buffer '", other->name,
                     "', which a constant buffer must not");
    uint64_t reach = buffer->address + uint64_t{buffer->rowBytes} * buffer->rows;
    if (reach > end)
      end = reach, furthest = buffer;
    if (buffer->data && reach > constantEnd)
      constantEnd = reach, furthestConstant = buffer;
  }
  return Status::success();
}

Status program::checkConstantsApart(const Program &program) {
  for (size_t c = 0; c < program.cores.size(); ++c)
    if (Status status = ::checkConstantsApart(program.cores[c], c); !status)
      return status;
  return Status::success();
}
