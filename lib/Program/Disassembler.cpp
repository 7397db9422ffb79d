//===- Disassembler.cpp - Programs as text ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FieldPrinter writes the fields of an instruction, NameFinder collects the names of what they
// refer to. Which table a field refers to is known by the field's name (`channel`, `tile`, `block`)
// and by its type (Row and Window name a buffer).
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Disassembler.h"

#include <algorithm>
#include <charconv>

using namespace cimc;
using namespace cimc::program;

namespace {

/// floor(r * mul / div) + add, as short as it can be.
std::string rowText(uint32_t mul, uint32_t div, int32_t add) {
  if (mul == 0 && div != 0)
    return std::to_string(add);
  std::string text =
      (mul == 1 ? "" : std::to_string(mul)) + "r" + (div == 1 ? "" : "/" + std::to_string(div));
  if (add != 0)
    text += (add > 0 ? "+" : "") + std::to_string(add);
  return text;
}

/// Appends ` name=value` for each field.
class FieldPrinter {
public:
  explicit FieldPrinter(std::string &out, std::string_view separator = " ")
      : out(out), separator(separator) {}

  template <class T> void operator()(std::string_view name, const T &value) {
    out += separator;
    out += name;
    out += '=';
    print(value);
  }

private:
  void print(uint32_t value) { out += std::to_string(value); }
  void print(int32_t value) { out += std::to_string(value); }
  void print(bool value) { out += value ? "true" : "false"; }
  void print(float value) {
    char text[32];
    auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
  }
  template <InstructionEnum E> void print(E value) { out += toString(value); }
  void print(const std::array<int32_t, 4> &value) {
    for (size_t i = 0; i < value.size(); ++i)
      out += (i == 0 ? "[" : ", ") + std::to_string(value[i]);
    out += ']';
  }
  void print(const Row &row) {
    out += 'b' + std::to_string(row.buffer) + '[' + rowText(row.mul, row.div, row.add) + ']';
    if (row.offset != 0)
      out += '+' + std::to_string(row.offset);
  }
  void print(const Window &window) {
    out += 'b' + std::to_string(window.buffer) + '[' + rowText(window.mul, window.div, window.add) +
           "]{";
    bool first = true;
    visitFields(window, [&](std::string_view name, const auto &value) {
      // The fields of the row are printed already.
      if (name == "buffer" || name == "mul" || name == "div" || name == "add")
        return;
      FieldPrinter(out, first ? "" : ", ")(name, value);
      first = false;
    });
    out += '}';
  }

  std::string &out;
  std::string_view separator;
};

/// Collects the names that an instruction's fields refer to, each once.
class NameFinder {
public:
  NameFinder(const Program &program, const Core &core) : program(program), core(core) {}

  template <class T> void operator()(std::string_view name, const T &value) {
    if constexpr (Composite<T>) {
      add(core.buffers, value.buffer, [](const Buffer &b) { return quoteName(b.name); });
    } else if constexpr (std::same_as<T, uint32_t>) {
      if (name == "channel")
        add(program.channels, value, [](const Channel &c) {
          return quoteName(c.name) + " " + endName(c.source) + " to " + endName(c.target);
        });
      else if (name == "tile")
        add(program.tiles, value,
            [](const Tile &t) { return quoteName(t.layer) + " array " + std::to_string(t.array); });
      else if (name == "block")
        add(core.blocks, value, [](const Block &b) { return quoteName(b.name); });
    }
  }

  std::string text() const {
    std::string joined;
    for (const std::string &name : names)
      joined += (joined.empty() ? "" : ", ") + name;
    return joined;
  }

private:
  template <class T, class F> void add(const std::vector<T> &table, uint32_t index, F &&describe) {
    std::string name = index < table.size() ? describe(table[index]) : "out of range";
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }

  const Program &program;
  const Core &core;
  std::vector<std::string> names;
};

/// Writes the parts of one core.
class CorePrinter {
public:
  CorePrinter(const Program &program, size_t number)
      : program(program), core(program.cores[number]), number(number) {}

  std::string run() {
    out = "core " + std::to_string(number) + ": chip " + std::to_string(core.chip) + ", index " +
          std::to_string(core.index) + ", " + std::to_string(core.memoryBytes) +
          " bytes of memory\n";
    for (size_t i = 0; i < core.buffers.size(); ++i)
      printBuffer(i);
    for (size_t i = 0; i < core.blocks.size(); ++i) {
      out += "  block " + std::to_string(i) + " " + quoteName(core.blocks[i].name) + "\n";
      printCode(core.blocks[i].instructions);
    }
    out += "  control\n";
    printCode(core.control);
    return std::move(out);
  }

private:
  void printBuffer(size_t i) {
    const Buffer &buffer = core.buffers[i];
    out += "  buffer b" + std::to_string(i) + " " + quoteName(buffer.name) + ": " +
           std::to_string(buffer.rows) + " x " + std::to_string(buffer.rowBytes) + " bytes at " +
           std::to_string(buffer.address);
    if (buffer.data)
      out += ", constant: segment " + std::to_string(*buffer.data) + " at " +
             std::to_string(buffer.dataOffset);
    out += '\n';
  }

  void printCode(const std::vector<Instruction> &code) {
    // A program that is not valid may close more loops than it opens, or nest deeper than a line is
    // wide.
    size_t depth = 0;
    for (size_t i = 0; i < code.size(); ++i) {
      if (std::holds_alternative<End>(code[i]) && depth > 0)
        --depth;
      printInstruction(i, code[i], std::min<size_t>(depth, 32));
      if (std::holds_alternative<Loop>(code[i]))
        ++depth;
    }
  }

  void printInstruction(size_t i, const Instruction &instruction, size_t depth) {
    std::string index = std::to_string(i);
    std::string line = std::string(index.size() < 6 ? 6 - index.size() : 0, ' ') + index + "  " +
                       std::string(2 * depth, ' ') + toText(instruction);
    NameFinder finder(program, core);
    std::visit([&](const auto &alternative) { visitFields(alternative, finder); }, instruction);
    if (std::string names = finder.text(); !names.empty())
      line += std::string(line.size() < 70 ? 70 - line.size() : 0, ' ') + "  ; " + names;
    out += line + '\n';
  }

  const Program &program;
  const Core &core;
  size_t number;
  std::string out;
};

} // namespace

std::string program::toText(const Instruction &instruction) {
  std::string out(mnemonicOf(instruction));
  std::visit([&](const auto &alternative) { visitFields(alternative, FieldPrinter(out)); },
             instruction);
  return out;
}

std::string program::disassemble(const Program &program, size_t core) {
  return CorePrinter(program, core).run();
}

std::string program::quoteName(std::string_view name) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    // Bytes above ASCII may be UTF-8 and are left alone.
    if (byte < 0x20 || byte == 0x7f || c == '\'' || c == '\\') {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string program::endName(uint32_t core) {
  return core == kHost ? "host" : "core " + std::to_string(core);
}
