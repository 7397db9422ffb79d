//===- File.cpp - Whole files ----------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The temporary file of a write lies in the folder of its target, because a rename is only atomic
// within a file system.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/File.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

using namespace cimc;

namespace {
struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

Error systemError(const std::string &what, const std::string &path) {
  return {what + " '" + path + "': " + std::strerror(errno)};
}

bool writeParts(std::FILE *file, std::initializer_list<std::span<const std::byte>> parts) {
  for (std::span<const std::byte> part : parts)
    if (!part.empty() && std::fwrite(part.data(), 1, part.size(), file) != part.size())
      return false;
  return std::fflush(file) == 0;
}

/// The permissions that a newly made file gets.
mode_t defaultFileMode() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}
} // namespace

Result<std::vector<std::byte>> cimc::readFile(const std::string &path) {
  FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file)
    return systemError("cannot open", path);
  struct stat info{};
  if (::fstat(fileno(file.get()), &info) != 0)
    return systemError("cannot read", path);
  if (S_ISDIR(info.st_mode))
    return Error{"cannot read '" + path + "': it is a folder"};
  // With room for one byte more, the end is seen without moving everything.
  std::vector<std::byte> content(static_cast<size_t>(info.st_size) + 1);
  size_t size = 0;
  // A pipe has no size beforehand, so reading goes on until the end whatever the size said.
  for (;;) {
    if (size == content.size())
      content.resize(size + (size_t{1} << 16));
    size_t got = std::fread(content.data() + size, 1, content.size() - size, file.get());
    size += got;
    if (got == 0)
      break;
  }
  if (std::ferror(file.get()))
    return systemError("cannot read", path);
  content.resize(size);
  return content;
}

Status cimc::writeFile(const std::string &path,
                       std::initializer_list<std::span<const std::byte>> parts) {
  // A device or pipe such as /dev/stdout must be written, not replaced.
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    FileHandle file(std::fopen(path.c_str(), "wb"));
    if (!file || !writeParts(file.get(), parts))
      return systemError("cannot write", path);
    return Status::success();
  }
  std::string temporary = path + ".XXXXXX";
  int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0)
    return systemError("cannot write", path);
  FileHandle file(::fdopen(descriptor, "wb"));
  bool written =
      file && ::fchmod(descriptor, defaultFileMode()) == 0 && writeParts(file.get(), parts);
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0)
    return Status::success();
  Error error = systemError("cannot write", path);
  ::unlink(temporary.c_str());
  return error;
}

Status cimc::checkWritable(const std::string &path) {
  struct stat info{};
  bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    errno = EISDIR;
  else if (exists && !S_ISREG(info.st_mode) && ::access(path.c_str(), W_OK) == 0)
    return Status::success();
  else {
    // Rights alone do not say it: not every folder of the system takes files.
    std::string temporary = path + ".XXXXXX";
    int descriptor = ::mkstemp(temporary.data());
    if (descriptor >= 0) {
      ::close(descriptor);
      ::unlink(temporary.c_str());
      return Status::success();
    }
  }
  return systemError("cannot write", path);
}

/// Whether both names lead to one file, or would if it were there.
static bool isSameFile(const std::string &a, const std::string &b) {
  struct stat infoA{}, infoB{};
  bool hasA = ::stat(a.c_str(), &infoA) == 0, hasB = ::stat(b.c_str(), &infoB) == 0;
  if (hasA && hasB)
    return S_ISREG(infoA.st_mode) && infoA.st_dev == infoB.st_dev && infoA.st_ino == infoB.st_ino;
  if (hasA != hasB)
    return false;
  std::error_code error;
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error);
}

Status cimc::checkFiles(const std::vector<NamedPath> &read, const std::vector<NamedPath> &written) {
  for (auto output = written.begin(); output != written.end(); ++output) {
    for (const NamedPath &input : read)
      if (isSameFile(input.path, output->path))
        return Error{"'" + output->path + "' is " + input.what +
                     " itself, which would be overwritten"};
    for (auto other = written.begin(); other != output; ++other)
      if (isSameFile(other->path, output->path))
        return Error{"'" + output->path + "' cannot be both " + other->what + " and " +
                     output->what};
  }
  for (const NamedPath &output : written)
    if (Status status = checkWritable(output.path); !status)
      return status;
  return Status::success();
}
