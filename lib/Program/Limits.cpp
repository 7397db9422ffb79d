//===- Limits.cpp - Check the sizes of a program's tables ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What reader and writer have in common: a program that passes can be written, and read again.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Limits.h"
#include "cimc/Program/Program.h"

using namespace cimc;
using namespace cimc::program;

namespace {

/// Collects the first violation; `where` names the part that is looked at.
class LimitCheck {
public:
  Status run(const Program &program);

private:
  void check(const std::string &where, std::string_view what, uint64_t actual, uint64_t limit) {
    if (status && actual > limit)
      status = Error{where + ": " + std::to_string(actual) + " " + std::string(what) +
                     ", the limit is " + std::to_string(limit)};
  }
  void checkName(const std::string &where, const std::string &name) {
    check(where, "bytes in the name", name.size(), kMaxNameBytes);
  }
  void checkTables(const Program &program);
  void checkStream(const Stream &stream);
  void checkCore(const Core &core, size_t number);
  void checkCode(const std::vector<Instruction> &code, const std::string &where);

  Status status;
};

/// Finds a field that holds no case of its enum.
struct EnumCheck {
  std::string_view bad;
  template <class T> void operator()(std::string_view name, const T &value) {
    if constexpr (InstructionEnum<T>)
      if (!toEnum<T>(static_cast<uint32_t>(value)))
        bad = name;
  }
};

} // namespace

Status LimitCheck::run(const Program &program) {
  checkTables(program);
  uint64_t instructions = 0;
  for (size_t number = 0; number < program.cores.size() && status; ++number) {
    const Core &core = program.cores[number];
    checkCore(core, number);
    instructions += core.control.size();
    for (const Block &block : core.blocks)
      instructions += block.instructions.size();
  }
  check("program", "instructions", instructions, kMaxInstructions);
  return status;
}

void LimitCheck::checkTables(const Program &program) {
  checkName("program", program.name);
  check("program", "segments", program.data.size(), kMaxSegments);
  check("program", "tiles", program.tiles.size(), kMaxTiles);
  check("program", "channels", program.channels.size(), kMaxChannels);
  check("program", "streams", program.streams.size(), kMaxStreams);
  check("program", "cores", program.cores.size(), kMaxCores);
  check("program", "chips that the host wakes", program.hostWakes.size(), kMaxHostWakes);
  for (const Tile &tile : program.tiles)
    checkName("tile", tile.layer);
  for (const Channel &channel : program.channels)
    checkName("channel", channel.name);
  for (const Stream &stream : program.streams)
    checkStream(stream);
}

void LimitCheck::checkStream(const Stream &stream) {
  checkName("stream", stream.name);
  std::string where = "stream '" + stream.name.substr(0, 80) + "'";
  check(where, "dimensions", stream.shape.size(), kMaxRank);
  check(where, "channels", stream.channels.size(), kMaxChannelsPerStream);
  if (status && !toEnum<Format>(static_cast<uint32_t>(stream.format)))
    status = Error{where + ": the format is no known Format"};
}

void LimitCheck::checkCore(const Core &core, size_t number) {
  std::string where = "core " + std::to_string(number);
  check(where, "buffers", core.buffers.size(), kMaxBuffersPerCore);
  check(where, "blocks", core.blocks.size(), kMaxBlocksPerCore);
  uint64_t instructions = core.control.size();
  for (const Buffer &buffer : core.buffers)
    checkName(where, buffer.name);
  for (size_t i = 0; i < core.blocks.size() && status; ++i) {
    checkName(where, core.blocks[i].name);
    checkCode(core.blocks[i].instructions, where + ", block " + std::to_string(i));
    instructions += core.blocks[i].instructions.size();
  }
  checkCode(core.control, where + ", control");
  check(where, "instructions", instructions, kMaxInstructionsPerCore);
}

void LimitCheck::checkCode(const std::vector<Instruction> &code, const std::string &where) {
  EnumCheck enums;
  for (size_t i = 0; i < code.size() && status; ++i) {
    std::visit([&](const auto &instruction) { visitFields(instruction, enums); }, code[i]);
    if (!enums.bad.empty())
      status = Error{where + ", instruction " + std::to_string(i) + ": field '" +
                     std::string(enums.bad) + "' of '" + std::string(mnemonicOf(code[i])) +
                     "' is no known case"};
  }
}

Status program::checkLimits(const Program &program) { return LimitCheck().run(program); }
