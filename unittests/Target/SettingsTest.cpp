//===- SettingsTest.cpp - Tests of --set and of values as text -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Paths, short paths, values with units, and what is refused.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Settings.h"

#include "Samples.h"
#include "cimc/Target/Text.h"

#include <gtest/gtest.h>

using namespace cimc;
using namespace cimc::target;

namespace {

std::string failureOf(std::string_view assignment) {
  Target target = smallTarget();
  Status status = set(target, assignment);
  EXPECT_EQ(target == smallTarget(), !status) << assignment;
  return status ? "no error" : status.error().message;
}

TEST(Settings, FullAndShortPaths) {
  Target target = smallTarget();
  target.chip.core.array.readModes.push_back({4, 40, 80});
  ASSERT_TRUE(set(target, "core.read_phases=4"));
  EXPECT_EQ(target.chip.core.array.readPhases, 4u);
  ASSERT_TRUE(set(target, "chip.core.array.read_phases=1"));
  EXPECT_EQ(target.chip.core.array.readPhases, 1u);
  ASSERT_TRUE(set(target, "core.memory=1 MiB"));
  EXPECT_EQ(target.chip.core.memoryBytes, 1048576u);
  ASSERT_TRUE(set(target, "read_modes.1.time=1.5us"));
  EXPECT_EQ(target.chip.core.array.readModes[1].readNs, 1500);
  ASSERT_TRUE(set(target, "chip.idle_power=2 W"));
  EXPECT_EQ(target.chip.idleMw, 2000);
  ASSERT_TRUE(set(target, "input_coding=twos-complement"));
  EXPECT_EQ(target.chip.core.array.inputCoding, InputCoding::TwosComplement);
}

TEST(Settings, EveryFieldCanBeSetToItsOwnText) {
  Target target = randomTarget(5);
  std::vector<std::string> assignments;
  visitLeaves(target, [&](const std::string &path, const Field &field, const auto &value) {
    assignments.push_back(path + "=" + formatLeaf(field, value));
  });
  Target other = randomTarget(6);
  other.chip.core.array.readModes.resize(target.chip.core.array.readModes.size());
  other.links.connections.resize(target.links.connections.size());
  other.chip.core.array.device = target.chip.core.array.device; // lists as long
  visitLeaves(other.chip.core.array.device,
              [](const std::string &, const Field &field, auto &value) {
                if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, double>)
                  value = field.min;
              });
  Status status = setAll(other, assignments);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(other, target);
}

TEST(Settings, GridFollowsTheCores) {
  auto columns = [](std::vector<std::string> assignments) {
    Target target = smallTarget();
    target.chip.cores = 64;
    target.chip.gridColumns = 8;
    Status status = setAll(target, assignments);
    EXPECT_TRUE(status) << status.error().message;
    return target.chip.gridColumns;
  };
  EXPECT_EQ(columns({"chip.cores=128"}), 8u); // still fills the grid
  EXPECT_EQ(columns({"chip.cores=7"}), 7u);
  EXPECT_EQ(columns({"chip.cores=12"}), 4u);
  EXPECT_EQ(columns({"chip.cores=100"}), 10u);
  EXPECT_EQ(columns({"chip.grid_columns=25", "chip.cores=100"}), 25u);
  EXPECT_EQ(columns({"cores=100", "grid_columns=50"}), 50u);
}

TEST(SettingsInvalid, Paths) {
  EXPECT_EQ(
      failureOf("idle_power=1 mW"),
      "setting 'idle_power=1 mW': 'idle_power' may mean 'chip.idle_power', 'chip.core.idle_power'");
  EXPECT_EQ(
      failureOf("chip.coers=4"),
      "setting 'chip.coers=4': a target has no field 'chip.coers'; the nearest is 'chip.cores'");
  EXPECT_EQ(failureOf("chip.cores"), "setting 'chip.cores': must have the form FIELD=VALUE");
  EXPECT_EQ(failureOf("=4"), "setting '=4': must have the form FIELD=VALUE");
  EXPECT_NE(failureOf("chip=4").find("no field 'chip'"), std::string::npos);
  EXPECT_NE(failureOf("read_modes.7.time=1 ns").find("no field"), std::string::npos);
}

TEST(SettingsInvalid, Values) {
  EXPECT_EQ(failureOf("chip.cores=0"),
            "setting 'chip.cores=0': 'cores' must be between 1 and 1048576, but is 0");
  EXPECT_EQ(failureOf("chip.cores=-1"),
            "setting 'chip.cores=-1': 'cores' must be between 1 and 1048576, but is -1");
  EXPECT_EQ(failureOf("chip.cores=2.5"),
            "setting 'chip.cores=2.5': 'cores' must be a whole number, but is 2.5");
  EXPECT_EQ(failureOf("chip.cores=4 ns"),
            "setting 'chip.cores=4 ns': 'cores' must be a plain number, but has the unit 'ns'");
  EXPECT_EQ(failureOf("chip.cores="), "setting 'chip.cores=': 'cores' must be a number, but is ''");
  EXPECT_EQ(
      failureOf("host.latency=5"),
      "setting 'host.latency=5': 'latency' must have a unit of ns, ps, us, ms, s, but has none");
  EXPECT_EQ(
      failureOf("host.latency=5 pJ"),
      "setting 'host.latency=5 pJ': 'latency' must have a unit of ns, ps, us, ms, s, but has 'pJ'");
  EXPECT_EQ(failureOf("host.latency=x"), "setting 'host.latency=x': 'latency' must be a number "
                                         "with a unit (ns, ps, us, ms, s), but is 'x'");
  EXPECT_NE(failureOf("host.latency=nan ns"), "no error");
  EXPECT_NE(failureOf("host.latency=inf ns"), "no error");
  EXPECT_NE(failureOf("host.latency=1e999 ns"), "no error");
  EXPECT_NE(failureOf("host.latency=1e99999999999999999999 ns"), "no error");
  EXPECT_NE(failureOf("host.latency=0x10 ns"), "no error");
  EXPECT_NE(failureOf("host.latency=1.2.3 ns"), "no error");
  EXPECT_EQ(failureOf("core.kind=magic"),
            "setting 'core.kind=magic': 'kind' must be one of crossbar, engine, but is 'magic'");
  EXPECT_EQ(failureOf("read_phases=4"), "the settings contradict each other or the target: "
                                        "'read_phases' must name a read mode (1), but is 4");
  EXPECT_EQ(failureOf("cell_bits=9"),
            "setting 'cell_bits=9': 'cell_bits' must be between 0 and 8, but is 9");
  EXPECT_EQ(failureOf("grid_columns=3"), "the settings contradict each other or the target: the "
                                         "cores must fill a grid: 4 cores are not a "
                                         "multiple of 3 columns");
}

TEST(Text, DecimalUnitsAreExact) {
  Field field{"energy", "", Unit::Energy, 0, 1e15};
  double value = 0;
  ASSERT_TRUE(parseValue(field, "13.43 nJ", value));
  EXPECT_EQ(value, 13430.0);
  ASSERT_TRUE(parseValue(field, "1.3e1nJ", value));
  EXPECT_EQ(value, 13000.0);
  ASSERT_TRUE(parseValue(field, "7 fJ", value));
  EXPECT_EQ(value, 0.007);
}

TEST(Text, NumbersReadBack) {
  for (double value : {0.0, 1.0, 0.1, 132.9, 1e-9, 123456789012345.0, 1.0 / 3, 9e14}) {
    Field field{"time", "", Unit::Time, 0, 1e15};
    double back = -1;
    ASSERT_TRUE(parseValue(field, formatValue(Unit::Time, value), back));
    EXPECT_EQ(back, value);
  }
}

} // namespace
