//===- Json.h - Writing JSON ----------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The little that timing, trace and report need to write JSON: text is always valid UTF-8, numbers
// read back as the same numbers, members keep their order.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_JSON_H
#define CIMC_LIB_EXECUTOR_JSON_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cimc::executor::json {

/// `text` as a JSON string with its quotes. Names come from models and may hold anything: a byte
/// that is no part of valid UTF-8 becomes U+FFFD.
std::string quote(std::string_view text);

/// The shortest text that reads back as the same number. JSON has no infinities; they become null.
std::string number(double value);

/// Writes one object, one member per line, `indent` spaces before each line but the first.
class Object {
public:
  explicit Object(unsigned indent = 0) : indent(indent) {}
  Object &raw(const char *key, const std::string &value);
  Object &add(const char *key, double value) { return raw(key, number(value)); }
  Object &add(const char *key, uint64_t value) { return raw(key, std::to_string(value)); }
  Object &add(const char *key, uint32_t value) { return raw(key, std::to_string(value)); }
  Object &add(const char *key, const std::string &value) { return raw(key, quote(value)); }
  std::string str() const;

private:
  unsigned indent;
  std::string out;
};

/// An array with one item per line, each as `write` gives it.
template <class T, class F>
std::string array(const std::vector<T> &items, unsigned indent, F &&write) {
  std::string out;
  for (const T &item : items)
    out += (out.empty() ? "[\n" : ",\n") + std::string(indent + 2, ' ') + write(item);
  return out.empty() ? "[]" : out + "\n" + std::string(indent, ' ') + "]";
}

/// An array on one line.
template <class T, class F> std::string row(const std::vector<T> &items, F &&write) {
  std::string out = "[";
  for (const T &item : items) {
    if (out.size() > 1)
      out += ',';
    out += write(item);
  }
  return out + "]";
}

} // namespace cimc::executor::json

#endif // CIMC_LIB_EXECUTOR_JSON_H
