//===- SerializeTest.cpp - Tests of the binary form of a target ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every field survives encode and decode, and damaged bytes are refused or give a valid target.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Serialize.h"

#include "Samples.h"
#include "cimc/Target/Check.h"

#include <gtest/gtest.h>

using namespace cimc;
using namespace cimc::target;

namespace {

TEST(Serialize, RandomTargetsRoundTrip) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Target target = randomTarget(seed);
    ASSERT_TRUE(check(target)) << check(target).error().message;
    auto bytes = encode(target);
    Result<Target> back = decode(bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, target);
    EXPECT_EQ(encode(*back), bytes);
  }
}

/// Changes leaf number `index`; returns false if there is none.
bool changeLeaf(Target &target, size_t index) {
  size_t current = 0;
  visitLeaves(target, [&](const std::string &, const Field &, auto &value) {
    if (current++ != index)
      return;
    using Value = std::remove_reference_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>)
      value = Value((int(value) + 1) % int(enumNames<Value>().size()));
    else if constexpr (std::is_same_v<Value, std::string>)
      value += "x";
    else if constexpr (std::is_same_v<Value, double>)
      value = value / 2 + 1;
    else
      value += 1;
  });
  return index < current;
}

TEST(Serialize, EveryFieldChangesTheBytes) {
  Target base = randomTarget(1);
  size_t index = 0;
  for (Target changed = base; changeLeaf(changed, index); changed = base, ++index) {
    EXPECT_NE(changed, base) << "leaf " << index;
    EXPECT_NE(encode(changed), encode(base)) << "leaf " << index;
  }
  EXPECT_GT(index, 45u);
}

TEST(Serialize, EveryPrefixIsRefused) {
  auto bytes = encode(randomTarget(2));
  for (size_t length = 0; length < bytes.size(); ++length) {
    Result<Target> target = decode(std::span(bytes).first(length));
    ASSERT_FALSE(target) << length;
    EXPECT_NE(target.error().message.find("byte "), std::string::npos);
  }
}

TEST(Serialize, TrailingBytesAreRefused) {
  auto bytes = encode(smallTarget());
  bytes.push_back(std::byte(0));
  Result<Target> target = decode(bytes);
  ASSERT_FALSE(target);
  EXPECT_NE(target.error().message.find("1 bytes follow the end of the target"), std::string::npos);
}

TEST(Serialize, NewerVersionIsRefused) {
  auto bytes = encode(smallTarget());
  bytes[4] = std::byte(kEncodingVersion + 1);
  Result<Target> target = decode(bytes);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message, "byte 4: target has version 2, this program reads version 1");
}

TEST(Serialize, WrongMagicIsRefused) {
  auto bytes = encode(smallTarget());
  bytes[0] = std::byte(0);
  EXPECT_FALSE(decode(bytes));
}

TEST(Serialize, DamagedBytesAreRefusedOrValid) {
  auto bytes = encode(randomTarget(3));
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[i] ^= std::byte(1 << bit);
      Result<Target> target = decode(damaged);
      EXPECT_TRUE(!target || check(*target)) << "byte " << i << " bit " << bit;
    }
}

TEST(Serialize, ContradictionIsRefused) {
  Target target = smallTarget();
  target.chip.core.array.readPhases = 4;
  Result<Target> back = decode(encode(target));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().message, "target field 'chip.core.array.read_phases': 'read_phases' must "
                                  "name a read mode (1), but is 4");
}

TEST(Serialize, NotANumberIsRefused) {
  Target target = smallTarget();
  target.host.latencyNs = std::nan("");
  EXPECT_FALSE(check(target));
  EXPECT_FALSE(decode(encode(target)));
}

} // namespace
