//===- Reader.cpp - Read a .cimb file --------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Frame, then tables, then limits. At last the metadata are built again from what was read: unless
// they come out as they are in the file, the file holds something that this version would lose (an
// unused table, a field of a newer minor version). A file of this version is refused then, which
// makes serialize(parse(f)) == f a fact about every accepted file.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Reader.h"
#include "Header.h"

#include "cimc/Program/Limits.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cimc;
using namespace cimc::program;

/// Fails unless the metadata of the file are what this version writes for `program`.
static Status checkCanonical(const Program &program, const FileLayout &layout,
                             std::span<const std::byte> metadata) {
  std::vector<uint64_t> checksums;
  for (const SegmentEntry &segment : layout.segments)
    checksums.push_back(segment.checksum);
  Result<flatbuffers::DetachedBuffer> again = buildMetadata(program, checksums);
  if (!again)
    return again.error();
  if (again->size() != metadata.size() ||
      std::memcmp(again->data(), metadata.data(), metadata.size()) != 0)
    return Error{"byte " + std::to_string(kHeaderBytes) +
                 ": the metadata are not in the one form of format version " +
                 std::to_string(kMajorVersion) + "." + std::to_string(kMinorVersion)};
  return Status::success();
}

Result<Program> program::parseProgram(std::span<const std::byte> file,
                                      std::shared_ptr<const void> storage) {
  Result<ParsedFrame> frame = parseFrame(file);
  if (!frame)
    return frame.error();
  Result<Program> program = frame->metadata.read();
  if (!program)
    return program;
  for (const SegmentEntry &segment : frame->layout.segments)
    program->data.push_back(file.subspan(segment.offset, segment.size));
  program->storage = std::move(storage);
  if (Status status = checkLimits(*program); !status)
    return status.error();
  const FileHeader &header = frame->layout.header;
  if (header.minor == kMinorVersion) {
    auto metadata = file.subspan(kHeaderBytes, header.metadataBytes);
    if (Status status = checkCanonical(*program, frame->layout, metadata); !status)
      return status.error();
  }
  return program;
}

namespace {
/// Closes a file descriptor at the end of a scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};
} // namespace

static Error readError(const std::string &path, const std::string &why) {
  return Error{"cannot read '" + path + "': " + why};
}

Result<MappedFile> program::mapFile(const std::string &path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0)
    return readError(path, std::strerror(errno));
  struct stat status;
  if (::fstat(file.number, &status) != 0)
    return readError(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return readError(path, "it is not a regular file");
  auto size = static_cast<size_t>(status.st_size);
  if (size == 0)
    return MappedFile{};
  void *address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED)
    return readError(path, std::strerror(errno));
  std::shared_ptr<const void> storage(
      address, [size](const void *p) { ::munmap(const_cast<void *>(p), size); });
  return MappedFile{{static_cast<const std::byte *>(address), size}, std::move(storage)};
}

Result<Program> program::readProgram(const std::string &path) {
  Result<MappedFile> file = mapFile(path);
  if (!file)
    return file.error();
  Result<Program> program = parseProgram(file->bytes, file->storage);
  if (!program)
    return readError(path, program.error().message);
  return program;
}
