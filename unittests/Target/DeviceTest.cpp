//===- DeviceTest.cpp - Tests of devices as data ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading devices by name and by file, --set, functions, and what is refused, with its place.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Check.h"
#include "cimc/Target/Print.h"
#include "cimc/Target/Settings.h"
#include "cimc/Target/Yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace cimc;
using namespace cimc::target;

namespace {

/// A device whose lines the tests below count on.
const char *const kDevice = R"(name: mine
g_min: 1 uS
g_max: 20 uS
programming:
  - {below: 0.5, polynomial: [1, -1]}
  - {polynomial: [0.25], log: -0.5, factor: 2, power: -1, min: 0.5, max: 9}
relaxation:
  - time: 1 s
    deviation: [{polynomial: [1]}]
  - time: 10 s
    deviation: [{polynomial: [2]}]
)";

std::string edited(const std::string &from, const std::string &to) {
  std::string text = kDevice;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string failureOf(const std::string &text) {
  Result<Device> device = readDeviceYaml(text, "d.yaml");
  return device ? "no error" : device.error().message;
}

/// A target with a device on line 7.
std::string targetWith(const std::string &device, const std::string &more = "") {
  return "name: t\nchip:\n  cores: 1\n  grid_columns: 1\n  core:\n    array:\n      device: " +
         device + "\n      rows: 8\n      cols: 8\n" + more +
         "      read_modes: [{phases: 1, time: 1 ns, energy: 1 pJ}]\n";
}

TEST(Device, ReadsADescription) {
  Result<Device> device = readDeviceYaml(kDevice, "d.yaml");
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->gMaxUs, 20);
  EXPECT_EQ(device->programming.at(0).polynomial, (std::vector<double>{1, -1}));
  EXPECT_EQ(device->relaxation.at(1).timeNs, 10e9);
}

TEST(Device, FunctionsHavePieces) {
  Result<Device> device = readDeviceYaml(kDevice, "d.yaml");
  ASSERT_TRUE(device);
  const std::vector<Piece> &f = device->programming;
  EXPECT_EQ(evaluate({}, 0.3), 0);
  EXPECT_DOUBLE_EQ(evaluate(f, 0.25), 0.75);
  EXPECT_DOUBLE_EQ(evaluate(f, 0.5), 0.25 - 0.5 * std::log(0.5) + 4);
  EXPECT_DOUBLE_EQ(evaluate(f, 100), 0.5);
  Piece whole, held;
  whole.log = -1;
  held.factor = 1, held.power = -1, held.max = 3;
  EXPECT_DOUBLE_EQ(evaluate({&whole, 1}, 0), -std::log(1e-7));
  EXPECT_EQ(evaluate({&held, 1}, 0), 3);
}

TEST(Device, BuiltinsAreValidAndBearTheirNames) {
  EXPECT_GE(builtinDevices().size(), 8u);
  for (const BuiltinText &builtin : builtinDevices()) {
    Result<Device> device = lookupDevice(std::string(builtin.name));
    ASSERT_TRUE(device) << device.error().message;
    EXPECT_EQ(device->name, builtin.name);
  }
}

TEST(Device, TargetsNameDevices) {
  Result<Target> target = readYaml(targetWith("hermes-pcm-single"), "t.yaml");
  ASSERT_TRUE(target) << target.error().message;
  const Device &device = target->chip.core.array.device;
  EXPECT_EQ(device, *lookupDevice("hermes-pcm-single"));
  // The name is gone afterwards: what is printed has every number.
  Result<Target> back = readYaml(printYaml(*target), "t.yaml");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, *target);
  ASSERT_TRUE(set(*target, "chip.core.array.device.programming.0.polynomial.1=2.5"));
  EXPECT_EQ(device.programming[0].polynomial[1], 2.5);
  ASSERT_TRUE(set(*target, "device.g_max=15 uS"));
  EXPECT_EQ(device.gMaxUs, 15);
  EXPECT_EQ(device.referenceUs, 10.35);
}

TEST(Device, FilesLieBesideTheTarget) {
  auto folder =
      std::filesystem::temp_directory_path() /
      ("cimc-device-test-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       "-" + std::to_string(std::hash<std::string>()(std::filesystem::current_path())));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "mine.yaml") << kDevice;
  std::ofstream(folder / "t.yaml") << targetWith("mine.yaml");
  Result<Target> target = readYamlFile((folder / "t.yaml").string());
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->chip.core.array.device.name, "mine");
}

TEST(DeviceInvalid, Names) {
  Result<Target> target = readYaml(targetWith("hermes-pmc"), "t.yaml");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "t.yaml:7:15: unknown device 'hermes-pmc'; known devices are cmo-hfox, "
            "hermes-pcm-single, hermes-pcm, neurram-rram, pcm-joshi, pcm, rram-milo, rram-wan, or "
            "give a FILE.yaml");
  target = readYaml(targetWith("none.yaml"), "folder/t.yaml");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "folder/t.yaml:7:15: cannot read device file 'folder/none.yaml': No such file or "
            "directory");
}

TEST(DeviceInvalid, Functions) {
  EXPECT_EQ(failureOf(edited("[1, -1]", "[1, -3]")),
            "d.yaml:5:6: 'programming' must not be negative, but is -0.00723 at x = 0.336");
  EXPECT_EQ(failureOf(edited("{polynomial: [0.25], log", "{below: 0.5, polynomial: [0.25], log")),
            "d.yaml:6:13: the pieces of a function must follow each other: this one ends at 0.5, "
            "the one before it at 0.5");
  EXPECT_EQ(failureOf(edited("min: 0.5", "min: 10")),
            "d.yaml:6:64: 'min' must be at most 'max' (9), but is 10");
  EXPECT_EQ(failureOf(edited("[1, -1]", "1")),
            "d.yaml:5:18: 'programming.0.polynomial' must be a list of numbers");
  EXPECT_EQ(failureOf(edited("[1, -1]", "[1, x]")),
            "d.yaml:5:34: 'polynomial' must be a number, but is 'x'");
  EXPECT_EQ(failureOf(edited("[1, -1]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7]")),
            "d.yaml:5:31: 'programming.0.polynomial' must have at most 16 numbers");
  EXPECT_EQ(failureOf(edited("power: -1", "power: 99")),
            "d.yaml:6:55: 'power' must be between -16 and 16, but is 99");
  EXPECT_EQ(failureOf(edited("deviation: [{polynomial: [2]}]", "deviation: [{polynomial: [-2]}]")),
            "d.yaml:11:18: 'relaxation.1.deviation' must not be negative, but is -2 at x = 0.05");
  EXPECT_EQ(failureOf(edited("[1, -1]", "[1e30]")), "no error");
}

TEST(DeviceInvalid, Contradictions) {
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "g_min: 20 uS")),
            "d.yaml:2:8: 'g_min' must be less than 'g_max' (20 uS), but is 20 uS");
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "g_min: 1")),
            "d.yaml:2:8: 'g_min' must have a unit of uS, nS, mS, but has none");
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "levels: 1")),
            "d.yaml:2:9: 'levels' must be 0 or at least 2, but is 1");
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "fitted_devices: 2")),
            "d.yaml:2:17: 'devices' (1) must be a multiple of 'fitted_devices', but that is 2");
  EXPECT_EQ(failureOf(edited("time: 10 s", "time: 1000 ms")),
            "d.yaml:10:11: the times of a relaxation must increase: 1000000000 ns follows "
            "1000000000 ns");
  EXPECT_EQ(failureOf(edited("  - time: 10 s\n    deviation", "  - deviation")),
            "d.yaml:10:5: 'relaxation.1' needs the key 'time'");
  EXPECT_EQ(
      failureOf(edited("g_min: 1 uS", "faults: {stuck_low: 0.75, unformed: 0.5}")),
      "d.yaml:2:10: the shares of cells that cannot be programmed must be at most 1 together, "
      "but are 1.25");
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "faults: {stuck_high: 1.5}")),
            "d.yaml:2:22: 'stuck_high' must be between 0 and 1, but is 1.5");
  EXPECT_EQ(failureOf(edited("g_min: 1 uS", "wire: 1 uS")),
            "d.yaml:2:7: 'wire' must have a unit of Ohm, mOhm, kOhm, MOhm, but has 'uS'");
  EXPECT_EQ(
      failureOf(edited("g_min: 1 uS", "drift: {t0: 1 us, mean: [{polynomial: [0]}]}\n"
                                      "read: {time: 2 us, relative: [{polynomial: [0]}]}")),
      "d.yaml:3:14: 'time' of a read must be at most 't0' of the drift (1000 ns), but is 2000 ns");
  EXPECT_EQ(failureOf(edited("g_min", "gmin")).substr(0, 26), "d.yaml:2:1: unknown key 'g");
}

TEST(DeviceInvalid, CellsNeedLevels) {
  Result<Target> target = readYaml(targetWith("{levels: 8}", "      cell_bits: 4\n"), "t.yaml");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "t.yaml:10:18: the device must have a level for each value of a cell: 'cell_bits' (4) "
            "needs 16 levels, the device has 8");
  EXPECT_TRUE(readYaml(targetWith("{levels: 16}", "      cell_bits: 4\n"), "t.yaml"));
}

TEST(DeviceInvalid, ProblemsOfTargetsHaveWholePaths) {
  Target target = *lookup("hermes");
  target.chip.core.array.device.programming[0].polynomial[0] = -1;
  auto problem = findProblem(target);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->path, "chip.core.array.device.programming.0");
  Status status = set(target, "device.faults.stuck_low=2");
  EXPECT_EQ(status.error().message, "setting 'device.faults.stuck_low=2': 'stuck_low' must be "
                                    "between 0 and 1, but is 2");
}

} // namespace
