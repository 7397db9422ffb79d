//===- File.h - Whole files ------------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing a file in one piece, with errors as values.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_FILE_H
#define CIMC_SUPPORT_FILE_H

#include "cimc/Support/Result.h"

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace cimc {

/// The bytes of the file at `path`.
Result<std::vector<std::byte>> readFile(const std::string &path);

/// Writes `parts` one after the other to a temporary file beside `path` and renames it, so that
/// `path` holds either its old content or the whole new one.
Status writeFile(const std::string &path, std::initializer_list<std::span<const std::byte>> parts);

/// Fails if a file at `path` surely cannot be written: its folder is missing or takes no files, or
/// it is a folder itself. Lets a tool say so before it does long work.
Status checkWritable(const std::string &path);

/// A file that a tool reads or writes, with what it is to the user ("the program").
struct NamedPath {
  std::string what, path;
};

/// Fails if a file that is written is one of those that are read, or is written twice, by whatever
/// names (devices and pipes may be), or surely cannot be written (checkWritable).
Status checkFiles(const std::vector<NamedPath> &read, const std::vector<NamedPath> &written);

} // namespace cimc

#endif // CIMC_SUPPORT_FILE_H
