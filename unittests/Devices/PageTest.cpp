//===- PageTest.cpp - Tests of docs/devices.md -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The page's examples are read, and every device that comes with the compiler has its section.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Cells.h"
#include "cimc/Target/Yaml.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace cimc;

namespace {

std::string page() {
  std::stringstream buffer;
  buffer << std::ifstream(CIMC_SOURCE_DIR "/docs/devices.md").rdbuf();
  return buffer.str();
}

TEST(Page, ExamplesAreDevices) {
  std::string text = page();
  const std::string begin = "```yaml\n", end = "```";
  size_t count = 0;
  for (size_t at = 0; (at = text.find(begin, at)) != std::string::npos; ++count) {
    at += begin.size();
    size_t length = text.find(end, at) - at;
    auto device = target::readDeviceYaml(text.substr(at, length), "docs/devices.md");
    ASSERT_TRUE(device) << device.error().message;
    EXPECT_EQ(device->name, "ours");
    // What the page says of it.
    EXPECT_NEAR(devices::relaxationAt(*device, 15, 0), 0.95, 1e-12);
    EXPECT_NEAR(devices::relaxationAt(*device, 3, 0), 0.5, 1e-12);
  }
  EXPECT_EQ(count, 1u);
}

TEST(Page, EveryDeviceIsDescribed) {
  std::string text = page();
  for (const target::BuiltinText &device : target::builtinDevices())
    EXPECT_NE(text.find("`" + std::string(device.name) + "`"), std::string::npos) << device.name;
}

} // namespace
