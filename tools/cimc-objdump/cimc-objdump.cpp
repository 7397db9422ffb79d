//===- cimc-objdump.cpp - Show what is in a .cimb file ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a file with all the reader's checks, but does not validate it: a program that must not run
// can still be looked at. Exit status: 0 success, 1 the output cannot be written, 2 bad file or
// usage.
//
//===--------------------------------------------------------------------------===//

#include "Report.h"

#include "cimc/Program/Disassembler.h"
#include "cimc/Program/Reader.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace cimc;
using namespace cimc::program;

namespace {
/// The command line.
struct Options {
  std::string path;
  bool headers = false, sections = false, target = false, stats = false;
  std::string disassemble;
};
constexpr int badInput = 2, failed = 1;
} // namespace

static int fail(const std::string &message) {
  std::fprintf(stderr, "cimc-objdump: error: %s\n", message.c_str());
  return badInput;
}

static void addOptions(CLI::App &app, Options &options) {
  app.add_option("PROGRAM.cimb", options.path, "the compiled program")->required();
  app.add_flag("--headers", options.headers, "version, sizes, target, inputs and outputs");
  app.add_flag("--sections", options.sections, "parts of the file, tiles, channels");
  app.add_flag("--target", options.target, "every field of the embedded target");
  app.add_option("--disassemble", options.disassemble,
                 "buffers, blocks and control stream of a core (its number, or `all`)")
      ->type_name("CORE");
  app.add_flag("--stats", options.stats, "sums, cores, instructions");
  app.footer("Without an option: --headers --stats.");
}

/// The numbers of the cores that `text` names.
static Result<std::vector<size_t>> chosenCores(const Program &program, const std::string &text) {
  std::vector<size_t> cores;
  if (text == "all") {
    for (size_t i = 0; i < program.cores.size(); ++i)
      cores.push_back(i);
    return cores;
  }
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
    return Error{"'" + text + "' is no core, must be a number or 'all'"};
  size_t core = std::stoul(text);
  if (core >= program.cores.size())
    return Error{"there is no core " + text + ", the program has " +
                 std::to_string(program.cores.size())};
  return std::vector<size_t>{core};
}

/// Prints parts with an empty line between them.
static void print(const std::string &part) {
  static bool first = true;
  std::printf("%s%s", first ? "" : "\n", part.c_str());
  first = false;
}

static int run(const Options &options) {
  Result<MappedFile> file = mapFile(options.path);
  if (!file)
    return fail(file.error().message);
  Result<FileLayout> layout = readLayout(file->bytes);
  if (!layout)
    return fail("cannot read '" + options.path + "': " + layout.error().message);
  Result<Program> program = parseProgram(file->bytes, file->storage);
  if (!program)
    return fail("cannot read '" + options.path + "': " + program.error().message);
  std::vector<size_t> cores;
  if (!options.disassemble.empty()) {
    Result<std::vector<size_t>> chosen = chosenCores(*program, options.disassemble);
    if (!chosen)
      return fail("'" + options.path + "': " + chosen.error().message);
    cores = std::move(*chosen);
  }
  bool all = !options.headers && !options.sections && !options.target && !options.stats &&
             options.disassemble.empty();
  if (options.headers || all)
    print(objdump::headers(*program, *layout));
  if (options.sections)
    print(objdump::sections(*program, *layout));
  if (options.target)
    print(objdump::target(*program));
  if (options.stats || all)
    print(objdump::stats(*program));
  for (size_t core : cores)
    print(disassemble(*program, core));
  return std::fflush(stdout) == 0 && !std::ferror(stdout) ? 0 : failed;
}

int main(int argc, char **argv) {
  CLI::App app("Shows what is in a compiled program (.cimb).", "cimc-objdump");
  Options options;
  addOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : badInput;
  }
  return run(options);
}
