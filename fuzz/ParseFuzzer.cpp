//===- ParseFuzzer.cpp - Any bytes as a .cimb file -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the body on the bytes as they are, and on a copy with a right checksum, which gets to the
// tables.
//
//===--------------------------------------------------------------------------===//

#include "ParseBody.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const std::byte> file(reinterpret_cast<const std::byte *>(data), size);
  cimc::fuzz::parseBody(file);
  std::vector<std::byte> repaired(file.begin(), file.end());
  cimc::fuzz::repairChecksum(repaired);
  cimc::fuzz::parseBody(repaired);
  return 0;
}
