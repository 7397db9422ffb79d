//===- FileTest.cpp - Reading and writing .cimb files ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Round trips of random programs; every way to damage one bit or to cut a file off; versions; files
// that are intact by their checksums and still not what this version writes; the file system's
// refusals.
//
//===--------------------------------------------------------------------------===//

#include "../../fuzz/ParseBody.h"
#include "Example.h"
#include "RandomChips.h"

#include "cimc/Program/FileFormat.h"
#include "cimc/Program/Limits.h"
#include "cimc/Program/Reader.h"
#include "cimc/Program/Writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace cimc;
using namespace cimc::program;
using cimc::program::testing::Generator;

namespace {

using Bytes = std::vector<std::byte>;

Bytes fileOf(const Program &program) {
  Result<Bytes> file = serializeProgram(program);
  EXPECT_TRUE(file) << file.error().message;
  return file ? *file : Bytes();
}

std::string errorOf(std::span<const std::byte> file) {
  Result<Program> program = parseProgram(file, nullptr);
  return program ? "" : program.error().message;
}

/// A small file that has something in every table, and a second segment.
Bytes smallFile() {
  Program program = cimc::program::testing::exampleProgram();
  program.data.push_back(program.data[0].first(2));
  return fileOf(program);
}

/// Sets the header's checksum to the right one, as a forger would.
void sign(Bytes &file) { fuzz::repairChecksum(file); }

TEST(File, RandomProgramsComeBack) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Generator random(seed);
    Program program = random.program(1 + seed % 9);
    Bytes file = fileOf(program);
    EXPECT_EQ(file, fileOf(program));
    EXPECT_EQ(file.size() % kPageBytes, 0u);
    Result<Program> read = parseProgram(file, nullptr);
    ASSERT_TRUE(read) << "seed " << seed << ": " << read.error().message;
    EXPECT_TRUE(cimc::program::testing::equal(program, *read)) << "seed " << seed;
    EXPECT_EQ(fileOf(*read), file);
  }
}

TEST(File, IsRefusedWhereverItIsCutOff) {
  Bytes file = smallFile();
  ASSERT_EQ(errorOf(file), "");
  for (size_t size = 0; size < file.size(); ++size) {
    Bytes part(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
    std::string error = errorOf(part);
    ASSERT_NE(error, "") << size << " bytes";
    // A forger would also change the size in the header and its checksum.
    if (size >= kHeaderBytes) {
      for (size_t i = 0; i < 8; ++i)
        part[24 + i] = static_cast<std::byte>(size >> (8 * i));
      sign(part);
      ASSERT_NE(errorOf(part), "") << size << " bytes";
    }
  }
}

TEST(File, EveryFlippedBitIsFound) {
  Bytes file = smallFile();
  for (size_t at = 0; at < file.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      file[at] ^= static_cast<std::byte>(1 << bit);
      ASSERT_NE(errorOf(file), "") << "byte " << at << " bit " << bit;
      file[at] ^= static_cast<std::byte>(1 << bit);
    }
  EXPECT_EQ(errorOf(file), "");
}

/// With the checksum repaired, what is read is what the bytes say, or nothing is. Whatever is read
/// may run or is refused.
TEST(File, FlippedAndSignedMetadataAreReadOrRefused) {
  for (const Bytes &file : {smallFile(), fileOf(cimc::program::testing::chipsProgram())}) {
    Result<FileLayout> layout = readLayout(file);
    ASSERT_TRUE(layout);
    size_t end = kHeaderBytes + layout->header.metadataBytes;
    for (size_t at = 0; at < end; ++at)
      for (int bit = 0; bit < 8; ++bit) {
        Bytes damaged = file;
        damaged[at] ^= static_cast<std::byte>(1 << bit);
        sign(damaged);
        fuzz::parseBody(damaged);
      }
  }
}

TEST(File, DamagedProgramsOnChipsAreReadOrRefused) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Generator random(seed);
    Bytes file = fileOf(cimc::program::testing::randomChips(random));
    uint64_t end = kHeaderBytes + readLayout(file)->header.metadataBytes;
    for (uint64_t left = 1 + random.below(4); left > 0; --left)
      file[kHeaderBytes + random.below(end - kHeaderBytes)] ^=
          static_cast<std::byte>(1 << random.below(8));
    sign(file);
    fuzz::parseBody(file);
  }
}

TEST(File, RandomDamageIsReadOrRefused) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Generator random(seed);
    Bytes file = fileOf(random.program(5));
    uint64_t used = kHeaderBytes + readLayout(file)->header.metadataBytes;
    for (uint64_t left = 1 + random.below(8); left > 0; --left)
      file[random.below(used)] = static_cast<std::byte>(random.below(256));
    fuzz::parseBody(file);
    sign(file);
    fuzz::parseBody(file);
  }
}

TEST(File, RandomBytesAreRefused) {
  Generator random(1);
  for (int round = 0; round < 1000; ++round) {
    Bytes file(random.below(300));
    for (std::byte &byte : file)
      byte = static_cast<std::byte>(random.below(256));
    EXPECT_NE(errorOf(file), "");
    fuzz::parseBody(file);
  }
}

TEST(File, OtherVersionsAreCalledThat) {
  Bytes file = smallFile();
  file[8] = std::byte{2};
  EXPECT_EQ(errorOf(file), "byte 8: format version 2.0 is newer than this cimc, which reads up to "
                           "1.x; use a newer cimc, or "
                           "compile the model again");
  file[8] = std::byte{0};
  EXPECT_EQ(
      errorOf(file),
      "byte 8: format version 0.0 is no longer read, this cimc reads 1.x; compile the model again");
}

TEST(File, ANewerMinorVersionIsReadUnlessItNeedsAFeature) {
  Bytes file = smallFile();
  file[10] = std::byte{3};
  sign(file);
  EXPECT_EQ(errorOf(file), "");
  file[17] = std::byte{2};
  sign(file);
  EXPECT_EQ(errorOf(file), "byte 16: format version 1.3 needs feature bit 9, which this cimc "
                           "(format 1.0) does not know; use "
                           "a newer cimc");
}

TEST(File, MessagesOfDamage) {
  Bytes file = smallFile();
  Bytes text(file.begin() + 1, file.end());
  EXPECT_EQ(errorOf(text), "byte 0: not a .cimb file: the first 8 bytes are not its magic number");
  Bytes half(file.begin(), file.begin() + 5000);
  EXPECT_EQ(errorOf(half),
            "byte 24: the file is cut off: it has 5000 bytes, its header says 12288");
  Bytes longer = file;
  longer.push_back(std::byte{0});
  EXPECT_EQ(errorOf(longer),
            "byte 24: the file is too long: it has 12289 bytes, its header says 12288");
  Bytes flipped = file;
  flipped[4096] ^= std::byte{1};
  EXPECT_EQ(errorOf(flipped), "byte 4096: the checksum of segment 0 is wrong, the file is damaged");
  flipped = file;
  flipped[4096 + 192] ^= std::byte{1};
  EXPECT_EQ(errorOf(flipped), "byte 4288: a byte of the padding is not zero");
  flipped = file;
  flipped[200] ^= std::byte{1};
  EXPECT_EQ(errorOf(flipped),
            "byte 56: the checksum of header and metadata is wrong, the file is damaged");
}

TEST(File, UnalignedBytesAreRead) {
  Bytes file = smallFile();
  Bytes shifted(file.size() + 1);
  std::copy(file.begin(), file.end(), shifted.begin() + 1);
  EXPECT_EQ(errorOf(std::span(shifted).subspan(1)), "");
}

TEST(File, SegmentsStartAtPages) {
  Bytes file = smallFile();
  Result<FileLayout> layout = readLayout(file);
  ASSERT_TRUE(layout);
  ASSERT_EQ(layout->segments.size(), 2u);
  EXPECT_EQ(layout->dataOffset, 4096u);
  EXPECT_EQ(layout->segments[0].offset, 4096u);
  EXPECT_EQ(layout->segments[1].offset, 8192u);
  EXPECT_EQ(layout->segments[1].size, 2u);
}

TEST(File, ProgramsBeyondALimitAreNotWritten) {
  Program program;
  program.target.name = "random";
  program.target.chip.core.array.readModes = {{1, 100.0, 5.0}};
  program.cores.resize(1);
  program.cores[0].buffers.resize(kMaxBuffersPerCore + 1);
  Result<Bytes> file = serializeProgram(program);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message, "core 0: 65537 buffers, the limit is 65536");
  program.cores[0].buffers.clear();
  program.cores[0].control = {Reduce{static_cast<ReduceFn>(9)}};
  file = serializeProgram(program);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            "core 0, control, instruction 0: field 'fn' of 'reduce' is no known case");
  program.cores[0].control.clear();
  program.name = std::string(kMaxNameBytes + 1, 'x');
  file = serializeProgram(program);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message, "program: 4097 bytes in the name, the limit is 4096");
}

/// A folder of its own, gone at the end.
class OnDisk : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cimc-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
  std::filesystem::path folder;
};

TEST_F(OnDisk, WhatIsWrittenIsRead) {
  std::string path = folder / "p.cimb";
  Program program = Generator(3).program(6);
  ASSERT_TRUE(writeProgram(Generator(4).program(3), path));
  Status status = writeProgram(program, path);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(entries(), 1u);
  Result<Program> read = readProgram(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(cimc::program::testing::equal(program, *read));
  EXPECT_EQ(fileOf(program).size(), std::filesystem::file_size(path));
  // The map outlives the file.
  std::filesystem::remove(path);
  EXPECT_TRUE(cimc::program::testing::equal(program, *read));
}

TEST_F(OnDisk, ALinkLeadsToTheFileThatIsReplaced) {
  std::filesystem::create_symlink("real.cimb", folder / "link.cimb");
  std::ofstream(folder / "real.cimb") << "old";
  ASSERT_TRUE(writeProgram(Generator(3).program(2), folder / "link.cimb"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.cimb"));
  EXPECT_TRUE(readProgram(folder / "real.cimb"));
}

TEST_F(OnDisk, RefusalsNameThePathAndTheReason) {
  std::string missing = folder / "no" / "p.cimb";
  Status status = writeProgram(Generator(3).program(2), missing);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "cannot write '" + missing + "': No such file or directory");
  EXPECT_EQ(readProgram(missing).error().message,
            "cannot read '" + missing + "': No such file or directory");
  status = writeProgram(Generator(3).program(2), folder);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "cannot write '" + folder.string() + "': Is a directory");
  EXPECT_EQ(readProgram(folder).error().message,
            "cannot read '" + folder.string() + "': it is not a regular file");
  status = writeProgram(Generator(3).program(2), "/dev/full");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "cannot write '/dev/full': No space left on device");
  std::ofstream(folder / "empty.cimb");
  EXPECT_FALSE(readProgram(folder / "empty.cimb"));
}

} // namespace
