//===- Json.cpp - Writing JSON --------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strings are checked for UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing
// above U+10FFFF.
//
//===--------------------------------------------------------------------------===//

#include "Json.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace cimc::executor::json {
namespace {

/// The bytes of the UTF-8 character that `text` begins with; 0 if there is none.
size_t characterBytes(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  unsigned second = byte(1);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool noCharacter = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || noCharacter ? 0 : length;
}

} // namespace

std::string quote(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    size_t length = characterBytes(text);
    char c = text.front();
    if (length == 0) {
      result += "\\ufffd";
      length = 1;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      result += escape;
    } else {
      if (c == '"' || c == '\\')
        result += '\\';
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result + '"';
}

std::string number(double value) {
  if (!std::isfinite(value))
    return "null";
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

Object &Object::raw(const char *key, const std::string &value) {
  out += (out.empty() ? "{\n" : ",\n") + std::string(indent + 2, ' ') + quote(key) + ": " + value;
  return *this;
}

std::string Object::str() const {
  return out.empty() ? "{}" : out + "\n" + std::string(indent, ' ') + "}";
}

} // namespace cimc::executor::json
