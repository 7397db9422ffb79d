//===- Npy.cpp - NumPy array files -----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A `.npy` file is a magic, a version, the length of a header, the header (a Python dictionary of
// three entries as text) and the elements. The header is scanned for its three keys; no part of
// Python is evaluated.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/Npy.h"

#include "cimc/Support/File.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

using namespace cimc;

static_assert(std::endian::native == std::endian::little, "elements are copied as they are");

namespace {
constexpr std::string_view kMagic = "\x93NUMPY";

/// Type codes without the byte order, in the order of ElementType.
constexpr std::array<std::string_view, 8> kCodes{"b1", "i1", "u1", "i2", "i4", "i8", "f4", "f8"};

struct Header {
  std::string_view text;
  size_t dataOffset = 0;
};

/// The text after `'key':` in the dictionary, without leading blanks.
std::optional<std::string_view> findEntry(std::string_view text, std::string_view key) {
  for (char quote : {'\'', '"'}) {
    std::string quoted = quote + std::string(key) + quote;
    size_t at = text.find(quoted);
    if (at == std::string_view::npos)
      continue;
    text.remove_prefix(at + quoted.size());
    size_t value = text.find_first_not_of(" :");
    return value == std::string_view::npos ? std::string_view() : text.substr(value);
  }
  return std::nullopt;
}

Result<Header> readHeader(std::string_view file, const std::string &name) {
  if (file.substr(0, kMagic.size()) != kMagic)
    return Error{"'" + name + "' is not a .npy file"};
  if (file.size() < 10)
    return Error{"'" + name + "' is cut off: the header is missing"};
  unsigned major = static_cast<unsigned char>(file[6]);
  if (major < 1 || major > 3)
    return Error{"'" + name + "' has .npy format version " + std::to_string(major) +
                 ", versions 1 to 3 are read"};
  size_t lengthBytes = major == 1 ? 2 : 4, length = 0;
  if (file.size() < 8 + lengthBytes)
    return Error{"'" + name + "' is cut off: the header is missing"};
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= size_t{static_cast<unsigned char>(file[8 + i])} << (8 * i);
  if (length > file.size() - 8 - lengthBytes)
    return Error{"'" + name + "' is cut off: the header has " + std::to_string(length) +
                 " bytes, " + std::to_string(file.size() - 8 - lengthBytes) + " are there"};
  return Header{file.substr(8 + lengthBytes, length), 8 + lengthBytes + length};
}

Result<ElementType> parseType(std::string_view header, const std::string &name) {
  std::optional<std::string_view> entry = findEntry(header, "descr");
  if (!entry || entry->size() < 3 || ((*entry)[0] != '\'' && (*entry)[0] != '"'))
    return Error{"'" + name + "' has no plain element type in its header"};
  std::string_view code = entry->substr(1, entry->find((*entry)[0], 1) - 1);
  std::string_view kind = code.substr(code.empty() ? 0 : 1);
  if (!code.empty() && code[0] == '>' && kind.size() == 2 && kind[1] != '1')
    return Error{"'" + name + "' has big-endian elements ('" + std::string(code) +
                 "'), little-endian is read"};
  for (size_t i = 0; i < kCodes.size(); ++i)
    if (kind == kCodes[i])
      return static_cast<ElementType>(i);
  return Error{"'" + name + "' has element type '" + std::string(code) +
               "', only bool, int8, uint8, int16, int32, int64, float32 and float64 are read"};
}

Result<std::vector<int64_t>> parseShape(std::string_view header, const std::string &name) {
  Error error{"'" + name + "' has no valid shape in its header"};
  std::optional<std::string_view> entry = findEntry(header, "shape");
  if (!entry || entry->empty() || (*entry)[0] != '(')
    return error;
  size_t close = entry->find(')');
  if (close == std::string_view::npos)
    return error;
  std::string_view list = entry->substr(1, close - 1);
  std::vector<int64_t> shape;
  while (true) {
    size_t digit = list.find_first_not_of(" ,");
    if (digit == std::string_view::npos)
      return shape;
    list.remove_prefix(digit);
    int64_t extent = 0;
    auto [end, status] = std::from_chars(list.data(), list.data() + list.size(), extent);
    if (status != std::errc() || extent < 0)
      return error;
    shape.push_back(extent);
    list.remove_prefix(static_cast<size_t>(end - list.data()));
    if (!list.empty() && list[0] == 'L') // written by Python 2
      list.remove_prefix(1);
  }
}

/// Bytes of the elements, or nothing if they are more than can be addressed.
std::optional<size_t> bytesOf(const TensorData &tensor) {
  size_t bytes = elementBytes(tensor.type);
  for (int64_t extent : tensor.shape)
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(extent), &bytes))
      return std::nullopt;
  return bytes;
}

std::string makeHeader(const TensorData &tensor) {
  std::string shape;
  for (int64_t extent : tensor.shape)
    shape += std::to_string(extent) + ", ";
  if (tensor.shape.size() > 1)
    shape.resize(shape.size() - 2);
  else if (tensor.shape.size() == 1)
    shape.pop_back();
  const char *order = elementBytes(tensor.type) == 1 ? "|" : "<";
  std::string text = "{'descr': '" +
                     (order + std::string(kCodes[static_cast<size_t>(tensor.type)])) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // The header ends with a line feed, and the elements start at a multiple of 64 bytes.
  text.append(63 - (kMagic.size() + 4 + text.size()) % 64, ' ');
  text += '\n';
  std::string header(kMagic);
  header +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return header + text;
}
} // namespace

namespace {
/// An array without its elements, and where they are in the file.
struct Layout {
  TensorData tensor;
  size_t offset = 0, bytes = 0;
};

Result<Layout> readLayout(std::span<const std::byte> content, const std::string &name) {
  std::string_view file(reinterpret_cast<const char *>(content.data()), content.size());
  Result<Header> header = readHeader(file, name);
  if (!header)
    return header.error();
  Result<ElementType> type = parseType(header->text, name);
  if (!type)
    return type.error();
  std::optional<std::string_view> order = findEntry(header->text, "fortran_order");
  if (order && order->starts_with("True"))
    return Error{"'" + name +
                 "' is in Fortran order, C order is read (numpy.ascontiguousarray makes it)"};
  Result<std::vector<int64_t>> shape = parseShape(header->text, name);
  if (!shape)
    return shape.error();
  Layout layout{{"", *type, std::move(*shape), {}}, header->dataOffset};
  std::optional<size_t> bytes = bytesOf(layout.tensor);
  size_t there = content.size() - layout.offset;
  if (!bytes || *bytes > there)
    return Error{"'" + name + "' is cut off: shape " + shapeString(layout.tensor.shape) + " of " +
                 std::string(toString(layout.tensor.type)) + " needs " +
                 (bytes ? std::to_string(*bytes) : "too many") + " bytes, " +
                 std::to_string(there) + " are there"};
  layout.bytes = *bytes;
  return layout;
}
} // namespace

Result<TensorData> cimc::parseNpy(std::span<const std::byte> content, const std::string &name) {
  Result<Layout> layout = readLayout(content, name);
  if (!layout)
    return layout.error();
  std::span<const std::byte> elements = content.subspan(layout->offset, layout->bytes);
  layout->tensor.bytes.assign(elements.begin(), elements.end());
  return std::move(layout->tensor);
}

Result<TensorData> cimc::readNpy(const std::string &path) {
  Result<std::vector<std::byte>> content = readFile(path);
  if (!content)
    return content.error();
  Result<Layout> layout = readLayout(*content, path);
  if (!layout)
    return layout.error();
  // Data sets are large: the elements stay in the memory that the file was read to.
  content->erase(content->begin(), content->begin() + static_cast<ptrdiff_t>(layout->offset));
  content->resize(layout->bytes);
  layout->tensor.bytes = std::move(*content);
  return std::move(layout->tensor);
}

Status cimc::writeNpy(const std::string &path, const TensorData &tensor) {
  std::string header = makeHeader(tensor);
  return writeFile(path, {std::as_bytes(std::span(header)), tensor.bytes});
}
