//===- Writer.cpp - Write a .cimb file -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file is a list of pieces (header, metadata, segments, zeros between them) that go to memory
// or to a file descriptor.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Writer.h"
#include "Header.h"

#include "cimc/Program/Limits.h"
#include "cimc/Target/Check.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace cimc;
using namespace cimc::program;

namespace {

/// The pieces of a file in order, and what owns those that are made here.
struct Pieces {
  std::array<std::byte, kHeaderBytes> header;
  flatbuffers::DetachedBuffer metadata;
  std::span<const Segment> segments;

  /// Calls `put(bytes)` for each piece until one call fails.
  template <class P> bool each(P &&put) const;
};

} // namespace

static constexpr std::array<std::byte, kPageBytes> zeroPage{};

static std::span<const std::byte> bytesOf(const flatbuffers::DetachedBuffer &buffer) {
  return {reinterpret_cast<const std::byte *>(buffer.data()), buffer.size()};
}

template <class P> bool Pieces::each(P &&put) const {
  auto pad = [&](uint64_t size) { return put(std::span(zeroPage).first(paddingAfter(size))); };
  if (!put(std::span<const std::byte>(header)) || !put(bytesOf(metadata)) ||
      !pad(kHeaderBytes + metadata.size()))
    return false;
  for (const Segment &segment : segments)
    if (!put(segment) || !pad(segment.size()))
      return false;
  return true;
}

/// The size of the file, or nothing if it is beyond the limit.
static std::optional<uint64_t> fileSize(const Program &program, uint64_t metadataBytes) {
  uint64_t total = kHeaderBytes + metadataBytes;
  total += paddingAfter(total);
  for (const Segment &segment : program.data) {
    if (segment.size() > kMaxFileBytes - total)
      return std::nullopt;
    total += segment.size() + paddingAfter(segment.size());
    if (total > kMaxFileBytes)
      return std::nullopt;
  }
  return total;
}

static Result<Pieces> makePieces(const Program &program) {
  if (Status status = checkLimits(program); !status)
    return status.error();
  if (Status status = target::check(program.target); !status)
    return status.error();
  std::vector<uint64_t> checksums;
  for (const Segment &segment : program.data)
    checksums.push_back(checksumOf(segment));
  Result<flatbuffers::DetachedBuffer> metadata = buildMetadata(program, checksums);
  if (!metadata)
    return metadata.error();
  std::optional<uint64_t> total = fileSize(program, metadata->size());
  if (!total)
    return Error{"the program's constants take more than " + std::to_string(kMaxFileBytes) +
                 " bytes"};
  FileHeader header;
  header.fileBytes = *total;
  header.metadataBytes = metadata->size();
  header.checksum = frameChecksum(encodeHeader(header), bytesOf(*metadata));
  return Pieces{encodeHeader(header), std::move(*metadata), program.data};
}

Result<std::vector<std::byte>> program::serializeProgram(const Program &program) {
  Result<Pieces> pieces = makePieces(program);
  if (!pieces)
    return pieces.error();
  std::vector<std::byte> bytes;
  pieces->each([&](std::span<const std::byte> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return true;
  });
  return bytes;
}

static bool writeAll(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR)
      return false;
    bytes = bytes.subspan(written < 0 ? 0 : static_cast<size_t>(written));
  }
  return true;
}

static Error writeError(const std::string &path, const std::string &why) {
  return Error{"cannot write '" + path + "': " + why};
}

/// Writes all pieces to an open file and closes it.
static Status writePieces(const Pieces &pieces, int file, const std::string &path) {
  bool ok = pieces.each([&](std::span<const std::byte> piece) { return writeAll(file, piece); });
  int reason = errno;
  // A full disk may show only when the file is closed.
  if (::close(file) != 0 && ok) {
    ok = false;
    reason = errno;
  }
  if (!ok)
    return writeError(path, std::strerror(reason));
  return Status::success();
}

/// Opens a new file beside `path` under a name that nobody has.
static int openTemporary(const std::string &path, std::string &name) {
  for (unsigned attempt = 0; attempt < 100; ++attempt) {
    name = path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST)
      return file;
  }
  return -1;
}

static Status writeAndRename(const Pieces &pieces, const std::string &path,
                             const std::string &final) {
  std::string temporary;
  int file = openTemporary(final, temporary);
  if (file < 0)
    return writeError(path, std::strerror(errno));
  Status status = writePieces(pieces, file, path);
  if (status && std::rename(temporary.c_str(), final.c_str()) != 0)
    status = writeError(path, std::strerror(errno));
  if (!status)
    ::unlink(temporary.c_str());
  return status;
}

Status program::writeProgram(const Program &program, const std::string &path) {
  Result<Pieces> pieces = makePieces(program);
  if (!pieces)
    return writeError(path, pieces.error().message);
  struct stat status;
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return writeError(path, std::strerror(EISDIR));
  if (exists && !S_ISREG(status.st_mode)) {
    int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0)
      return writeError(path, std::strerror(errno));
    return writePieces(*pieces, file, path);
  }
  // Replace the file that a link leads to, not the link.
  std::error_code failed;
  std::filesystem::path final =
      exists ? std::filesystem::canonical(path, failed) : std::filesystem::path(path);
  return writeAndRename(*pieces, path, failed ? path : final.string());
}
