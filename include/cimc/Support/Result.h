//===- Result.h - Errors as values ----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The LLVM-free libraries (Target, Mapping, Program, Executor) report every failure as a value. An
// Error is one sentence for the user: lower case, no full stop, naming the thing, where it is, what
// was needed and what was there.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_RESULT_H
#define CIMC_SUPPORT_RESULT_H

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace cimc {

/// A failure, ready to be shown to the user.
struct Error {
  std::string message;
};

/// Either a value or an Error.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : storage(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : storage(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return storage.index() == 0; }
  bool ok() const { return storage.index() == 0; }

  /// Requires: ok().
  T &operator*() { return std::get<0>(storage); }
  const T &operator*() const { return std::get<0>(storage); }
  T *operator->() { return &std::get<0>(storage); }
  const T *operator->() const { return &std::get<0>(storage); }

  /// Requires: !ok().
  const Error &error() const { return std::get<1>(storage); }

private:
  std::variant<T, Error> storage;
};

/// Success, or an Error.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : failure(std::move(error)) {}
  static Status success() { return Status(); }

  explicit operator bool() const { return !failure; }
  bool ok() const { return !failure; }
  /// Requires: !ok().
  const Error &error() const { return *failure; }

private:
  std::optional<Error> failure;
};

} // namespace cimc

#endif // CIMC_SUPPORT_RESULT_H
