//===- NpyTest.cpp - Array files -------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Support/Npy.h"

#include "cimc/Support/File.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace cimc;

namespace {
std::string file(std::string header, const std::string &data, char major = 1) {
  header += '\n';
  std::string length{static_cast<char>(header.size() & 0xff),
                     static_cast<char>(header.size() >> 8)};
  if (major > 1)
    length += std::string(2, '\0');
  return std::string("\x93NUMPY") + major + '\0' + length + header + data;
}

Result<TensorData> parse(const std::string &content) {
  return parseNpy(std::as_bytes(std::span(content)), "x.npy");
}

std::string errorOf(const std::string &content) {
  Result<TensorData> result = parse(content);
  return result ? "no error" : result.error().message;
}

std::string header(const std::string &descr, const std::string &shape,
                   const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}
} // namespace

TEST(Npy, ReadsEveryVersionAndShape) {
  for (char version : {1, 2, 3}) {
    Result<TensorData> tensor = parse(
        file(header("<i2", "(2, 3)"), std::string("\1\0\2\0\3\0\4\0\5\0\xff\xff", 12), version));
    ASSERT_TRUE(tensor) << tensor.error().message;
    EXPECT_EQ(tensor->type, ElementType::I16);
    EXPECT_EQ(tensor->shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(tensor->as<int16_t>()[5], -1);
  }
  Result<TensorData> scalar = parse(file(header("|u1", "()"), "x"));
  ASSERT_TRUE(scalar);
  EXPECT_TRUE(scalar->shape.empty());
  Result<TensorData> empty = parse(file(header("<f4", "(0, 7)"), ""));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->bytes.empty());
}

TEST(Npy, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf(""), "'x.npy' is not a .npy file");
  EXPECT_EQ(errorOf("PK\3\4 a zip archive"), "'x.npy' is not a .npy file");
  EXPECT_EQ(errorOf(file(header("<f4", "(2,)"), "12345678", 9)),
            "'x.npy' has .npy format version 9, versions 1 to 3 are read");
  EXPECT_EQ(errorOf(file(header("<f4", "(2,)"), "1234567")),
            "'x.npy' is cut off: shape [2] of float32 needs 8 bytes, 7 are there");
  EXPECT_EQ(errorOf(file(header("<f4", "(4611686018427387904, 4)"), "")),
            "'x.npy' is cut off: shape [4611686018427387904,4] of float32 needs too many bytes, 0 "
            "are there");
  EXPECT_EQ(errorOf(file(header("<f4", "(1, 2)", "True"), "12345678")),
            "'x.npy' is in Fortran order, C order is read (numpy.ascontiguousarray makes it)");
  EXPECT_EQ(errorOf(file(header(">f4", "(1,)"), "1234")),
            "'x.npy' has big-endian elements ('>f4'), little-endian is read");
  EXPECT_EQ(errorOf(file(header("<c8", "(1,)"), "12345678")),
            "'x.npy' has element type '<c8', only bool, int8, uint8, int16, int32, int64, "
            "float32 and float64 are read");
  EXPECT_EQ(errorOf(file(header("<f4", "(-1,)"), "")), "'x.npy' has no valid shape in its header");
  EXPECT_EQ(errorOf(file("{}", "")), "'x.npy' has no plain element type in its header");
}

/// Every beginning of a file is refused or read, and never crashes.
TEST(Npy, EveryPrefix) {
  std::string whole = file(header("<f4", "(2, 2)"), std::string(16, 'a'), 2);
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse(whole.substr(0, length))) << length;
  EXPECT_TRUE(parse(whole));
}

TEST(Npy, WritesWhatItReads) {
  std::string path =
      (std::filesystem::temp_directory_path() / ("cimc-npy-" + std::to_string(getpid()) + ".npy"))
          .string();
  for (std::vector<int64_t> shape : {std::vector<int64_t>{}, {3}, {2, 3}, {1, 2, 3, 4}}) {
    TensorData tensor{"", ElementType::F64, shape, {}};
    tensor.bytes.resize(tensor.elements() * 8, std::byte{7});
    ASSERT_TRUE(writeNpy(path, tensor));
    Result<std::vector<std::byte>> raw = readFile(path);
    ASSERT_TRUE(raw);
    EXPECT_EQ((raw->size() - tensor.bytes.size()) % 64, 0u);
    Result<TensorData> read = readNpy(path);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->type, tensor.type);
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(read->bytes, tensor.bytes);
  }
  std::filesystem::remove(path);
}

TEST(Npy, UnwritablePath) {
  Status status = writeNpy("/nowhere/at/all/x.npy", {"", ElementType::I8, {}, {std::byte{1}}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "cannot write '/nowhere/at/all/x.npy': No such file or directory");
  EXPECT_EQ(readNpy("/nowhere.npy").error().message,
            "cannot open '/nowhere.npy': No such file or directory");
}
