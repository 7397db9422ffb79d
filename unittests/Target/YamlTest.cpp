//===- YamlTest.cpp - Tests of target descriptions -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Round trips, every kind of error with its place, the built-in targets and the published figures
// of HERMES, and the manual page.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Yaml.h"

#include "Samples.h"
#include "cimc/Target/Check.h"
#include "cimc/Target/Print.h"
#include "cimc/Target/Serialize.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace cimc;
using namespace cimc::target;

namespace {

/// A description with line numbers that the tests below count on.
const char *const kText = R"(name: tiny
chip:
  cores: 4
  grid_columns: 2
  core:
    array:
      rows: 128
      cols: 64
      read_modes:
        - phases: 1
          time: 10 ns
          energy: 2 nJ
)";

/// kText with the first `from` replaced.
std::string edited(const std::string &from, const std::string &to) {
  std::string text = kText;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string failureOf(const std::string &text) {
  Result<Target> target = readYaml(text, "t.yaml");
  return target ? "no error" : target.error().message;
}

TEST(Yaml, ReadsADescription) {
  Result<Target> target = readYaml(kText, "t.yaml");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->name, "tiny");
  EXPECT_EQ(target->chip.core.array.cols, 64u);
  EXPECT_EQ(target->chip.core.array.readModes.at(0).readPj, 2000);
  EXPECT_EQ(target->chip.core.memoryBytes, Core().memoryBytes);
}

TEST(Yaml, PrintedTargetsReadBack) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    Target target = randomTarget(seed);
    target.description = "quotes \" and \\ # : - {";
    Result<Target> back = readYaml(printYaml(target), "t.yaml");
    ASSERT_TRUE(back) << back.error().message << "\n" << printYaml(target);
    EXPECT_EQ(*back, target);
  }
}

TEST(YamlInvalid, Keys) {
  EXPECT_EQ(failureOf(edited("cores:", "coers:")),
            "t.yaml:3:3: unknown key 'coers'; 'chip' has 'cores', 'grid_columns', 'idle_power', "
            "'core', 'buffer', 'network', 'gating'");
  EXPECT_EQ(failureOf(edited("  cores: 4\n", "")), "t.yaml:3:3: 'chip' needs the key 'cores'");
  EXPECT_EQ(failureOf(edited("name: tiny\n", "")),
            "t.yaml:1:1: the description needs the key 'name'");
  EXPECT_EQ(failureOf(edited("          time: 10 ns\n", "")),
            "t.yaml:10:11: 'chip.core.array.read_modes.0' needs the key 'time'");
  EXPECT_EQ(failureOf(edited("cols: 64", "rows: 64")), "t.yaml:8:7: key 'rows' appears twice");
  EXPECT_EQ(failureOf(edited("name: tiny", "[a]: tiny")),
            "t.yaml:1:1: the description must have words as keys");
}

TEST(YamlInvalid, Values) {
  EXPECT_EQ(failureOf(edited("rows: 128", "rows: -128")),
            "t.yaml:7:13: 'rows' must be between 1 and 65536, but is -128");
  for (const char *bits : {"0", "40"})
    EXPECT_EQ(failureOf(edited("      rows: 128",
                               std::string("      output_bits: ") + bits + "\n      rows: 128")),
              std::string("t.yaml:7:20: 'output_bits' must be between 1 and 24, but is ") + bits);
  EXPECT_EQ(failureOf(edited("rows: 128", "rows: many")),
            "t.yaml:7:13: 'rows' must be a number, but is 'many'");
  EXPECT_EQ(failureOf(edited("rows: 128", "rows: 128 B")),
            "t.yaml:7:13: 'rows' must be a plain number, but has the unit 'B'");
  EXPECT_EQ(failureOf(edited("10 ns", "10 pJ")),
            "t.yaml:11:17: 'time' must have a unit of ns, ps, us, ms, s, but has 'pJ'");
  EXPECT_EQ(failureOf(edited("10 ns", "10")),
            "t.yaml:11:17: 'time' must have a unit of ns, ps, us, ms, s, but has none");
  EXPECT_EQ(failureOf(edited("name: tiny", "name: ''")),
            "t.yaml:1:7: 'name' must have between 1 and 256 characters, but has 0");
}

TEST(YamlInvalid, Kinds) {
  EXPECT_EQ(failureOf(edited("rows: 128", "rows: [1]")),
            "t.yaml:7:7: 'chip.core.array.rows' must be a single value");
  EXPECT_EQ(failureOf(edited("name: tiny", "name:")), "t.yaml:1:1: 'name' must be a single value");
  EXPECT_EQ(
      failureOf(edited("- phases: 1\n          time: 10 ns\n          energy: 2 nJ", "phases: 1")),
      "t.yaml:9:7: 'chip.core.array.read_modes' must be a list");
  EXPECT_EQ(failureOf(edited("name: tiny", "host: 5")),
            "t.yaml:1:1: 'host' must be a mapping of keys to values");
  EXPECT_EQ(failureOf("5"), "t.yaml:1:1: the description must be a mapping of keys to values");
  EXPECT_EQ(failureOf(edited("name: tiny", "name: *a")),
            "t.yaml:1:1: 'name' must be a single value");
}

TEST(YamlInvalid, Contradictions) {
  EXPECT_EQ(failureOf(edited("grid_columns: 2", "grid_columns: 3")),
            "t.yaml:4:17: the cores must fill a grid: 4 cores are not a multiple of 3 columns");
  EXPECT_EQ(failureOf(edited("cols: 64", "cols: 64\n      read_phases: 4")),
            "t.yaml:9:20: 'read_phases' must name a read mode (1), but is 4");
  EXPECT_EQ(failureOf(edited("cols: 64", "cols: 64\n      weight_bits: 4\n      cell_bits: 5")),
            "t.yaml:10:18: 'cell_bits' must be at most 'weight_bits' (4), but is 5");
  // The default of read_phases is at fault: the place is that of its record.
  EXPECT_EQ(failureOf(edited("phases: 1", "phases: 2")),
            "t.yaml:7:7: 'read_phases' must name a read mode (2), but is 1");
  EXPECT_EQ(failureOf(edited("energy: 2 nJ\n",
                             "energy: 2 nJ\n        - {phases: 1, time: 1 ns, energy: 1 nJ}\n")),
            "t.yaml:13:20: two read modes have the same number of phases, 1");
  EXPECT_EQ(
      failureOf(edited("    array:", "    gated_power: 2 mW\n    idle_power: 1 mW\n    array:")),
      "t.yaml:6:18: 'gated_power' must be at most 'idle_power' (1 mW), but is 2 mW");
}

TEST(YamlInvalid, MalformedText) {
  for (std::string text : {"", "\n", "# only a comment\n", "name: [", "a: b: c", "\t", "name: \"x",
                           "{", "- - -", "? ", "!", "&a *a", "%", "\xff\xfe"})
    EXPECT_NE(failureOf(text), "no error") << text;
  EXPECT_NE(failureOf(std::string(kText) + "---\nname: other\n").find("single document"),
            std::string::npos);
  EXPECT_NE(failureOf(std::string(2 << 20, ' ')).find("at most 1048576 bytes"), std::string::npos);
}

TEST(YamlInvalid, EveryPrefixAndEveryChangedByteIsSafe) {
  std::string text = kText;
  for (size_t i = 0; i < text.size(); ++i) {
    (void)failureOf(text.substr(0, i));
    for (char c : {'\0', ':', '[', '\t', '"', '\xff'}) {
      std::string damaged = text;
      damaged[i] = c;
      (void)failureOf(damaged);
    }
  }
}

/// kText for three chips with the given links.
std::string linked(const std::string &links) {
  return edited("name: tiny", "name: tiny\nchips: 3\nlinks: {" + links + "}");
}

TEST(Yaml, ReadsLinksBetweenChips) {
  Result<Target> target =
      readYaml(linked("topology: listed, connections: [{from: 0, to: 1}, {from: 2, to: 1}], "
                      "bandwidth: 1.9 Gbit/s, energy: 77 pJ/bit"),
               "t.yaml");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->links.topology, Topology::Listed);
  EXPECT_EQ(target->links.connections.size(), 2u);
  EXPECT_DOUBLE_EQ(target->links.bytesPerNs, 0.2375);
  EXPECT_DOUBLE_EQ(target->links.pjPerByte, 616);
}

TEST(YamlInvalid, Links) {
  EXPECT_EQ(failureOf(linked("topology: mesh, columns: 2")),
            "t.yaml:3:34: the chips must fill a mesh: 3 chips are not a multiple of 2 columns");
  EXPECT_EQ(failureOf(linked("topology: listed, connections: [{from: 0, to: 1}]")),
            "t.yaml:3:41: no links lead from chip 0 to chip 2; all chips must reach each other");
  EXPECT_EQ(failureOf(linked("topology: listed, connections: [{from: 0, to: 3}]")),
            "t.yaml:3:42: a link joins chip 3, but there are 3 chips");
  EXPECT_EQ(failureOf(linked("topology: listed, connections: [{from: 1, to: 1}]")),
            "t.yaml:3:42: a link must join two chips, joins chip 1 to itself");
  EXPECT_EQ(failureOf(linked("topology: ring, connections: [{from: 0, to: 1}]")),
            "t.yaml:3:40: 'connections' need the topology 'listed'");
  EXPECT_EQ(
      failureOf(linked("bandwidth: 0 B/ns")),
      "t.yaml:3:20: 'bandwidth' must be between 1e-09 B/ns and 1000000000 B/ns, but is 0 B/ns");
}

TEST(YamlInvalid, Engines) {
  EXPECT_EQ(failureOf(edited("    array:", "    kind: engine\n    array:")),
            "t.yaml:7:5: unknown key 'array'; 'chip.core' has 'kind', 'memory', 'memory_energy', "
            "'idle_power', 'gated_power', 'engine', 'digital'");
  EXPECT_EQ(
      failureOf(edited("  grid_columns: 2", "  grid_columns: 2\n  gating: {gated_power: 1 mW}")),
      "t.yaml:5:25: 'gated_power' must be at most the chip's 'idle_power' (0 mW), but is 1 mW");
}

TEST(Targets, BuiltinsAreValid) {
  ASSERT_GE(builtinTargets().size(), 2u);
  for (const BuiltinTarget &builtin : builtinTargets()) {
    Result<Target> target = lookup(std::string(builtin.name));
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->name, builtin.name);
    Result<Target> back = decode(encode(*target));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, *target);
  }
}

TEST(Targets, FilesAreFound) {
  Result<Target> target = lookup(CIMC_SOURCE_DIR "/targets/hermes.yaml");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(*target, *lookup("hermes"));
}

TEST(TargetsInvalid, UnknownNames) {
  Result<Target> target = lookup("hremes");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "unknown target 'hremes'; known targets are chimera-calibrated, chimera, "
            "generic, hermes, neurram, or give a FILE.yaml");
  target = lookup("no/such/file.yaml");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "cannot read target file 'no/such/file.yaml': No such file or directory");
}

/// Tera-operations per second of all cores, and per watt.
std::pair<double, double> peak(const Target &target, uint32_t phases) {
  Array array = target.chip.core.array;
  array.readPhases = phases;
  const ReadMode &mode = readMode(array);
  double operations = 2.0 * array.rows * array.cols;
  return {target.chip.cores * operations / mode.readNs / 1e3, operations / mode.readPj};
}

TEST(Targets, HermesReachesItsPublishedFigures) {
  Result<Target> hermes = lookup("hermes");
  ASSERT_TRUE(hermes);
  auto [fast, fastPerWatt] = peak(*hermes, 1);
  auto [precise, precisePerWatt] = peak(*hermes, 4);
  EXPECT_NEAR(fast, 63.1, 63.1 * 0.01);
  EXPECT_NEAR(precise, 16.1, 16.1 * 0.01);
  EXPECT_NEAR(fastPerWatt, 9.76, 9.76 * 0.01);
  EXPECT_NEAR(precisePerWatt, 2.48, 2.48 * 0.01);
  EXPECT_NEAR(64 * readMode(hermes->chip.core.array).readPj / 1e6, 3.38,
              0.01); // uJ of one read of all cores
}

TEST(Targets, NeurramReachesItsPublishedFigures) {
  Result<Target> neurram = lookup("neurram");
  ASSERT_TRUE(neurram);
  Array array = neurram->chip.core.array;
  EXPECT_EQ(weightRows(array), 128u);
  array.inputBits = 4;
  array.outputBits = 3; // beside the sign
  EXPECT_NEAR(readNs(array), 2100, 2100 * 0.01);
  array.outputBits = 5;
  double operations = 2.0 * array.rows * array.cols; // of cells
  EXPECT_NEAR(neurram->chip.cores * operations / readNs(array), 2135, 2135 * 0.01);
  EXPECT_NEAR(operations / readPj(array), 43.0, 43.0 * 0.01);
}

/// docs/targets.md holds the manual between two marks. Run with CIMC_UPDATE_DOCS=1 to rewrite it.
TEST(Manual, CommittedPageIsUpToDate) {
  const char *path = CIMC_SOURCE_DIR "/docs/targets.md";
  const std::string begin = "<!-- fields: begin -->\n", end = "<!-- fields: end -->\n";
  std::stringstream buffer;
  buffer << std::ifstream(path).rdbuf();
  std::string page = buffer.str();
  size_t from = page.find(begin), to = page.find(end);
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos);
  from += begin.size();
  if (std::getenv("CIMC_UPDATE_DOCS"))
    std::ofstream(path) << page.substr(0, from) + fieldManual() + "\n" + page.substr(to);
  else
    EXPECT_EQ(page.substr(from, to - from), fieldManual() + "\n");
}

} // namespace
