//===- Yaml.cpp - Reading target descriptions ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's YAML parser is a stream: each node is read once, in the file's order. So the reader goes
// through the keys of a mapping, finds each in the field list of its struct, and afterwards looks
// for required fields that did not come. It notes where each field was, so that contradictions
// found by the final check have a place too. The first error ends it.
//
// Where a device is wanted, a name stands for the device of that name, which is read by a reader of
// its own.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Yaml.h"

#include "cimc/Target/Check.h"
#include "cimc/Target/Text.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

#include <map>
#include <set>

namespace cimc::target {
namespace {

namespace yaml = llvm::yaml;

/// A description is a page of text; more is a mistake.
constexpr size_t kMaxFileBytes = 1 << 20;

class YamlReader {
public:
  YamlReader(std::string_view text, std::string_view name)
      : fileName(name), stream(llvm::MemoryBufferRef(llvm::StringRef(text.data(), text.size()),
                                                     llvm::StringRef(name.data(), name.size())),
                               sources,
                               /*ShowColors=*/false) {
    sources.setDiagHandler(keepDiagnostic, this);
  }

  template <Record T> Result<T> read() {
    T record;
    readDocument(record);
    if (!failure)
      if (auto problem = findProblem(record))
        failAt(locate(problem->path), problem->message);
    if (failure)
      return *failure;
    return record;
  }

private:
  std::string fileName;
  llvm::SourceMgr sources;
  yaml::Stream stream;
  std::optional<Error> failure;
  std::map<std::string, llvm::SMLoc> places; ///< of the values, by path; "" is the file's mapping

  /// Called by the parser, for malformed YAML, and by failAt.
  static void keepDiagnostic(const llvm::SMDiagnostic &diagnostic, void *self) {
    auto &failure = static_cast<YamlReader *>(self)->failure;
    if (failure)
      return;
    std::string message = diagnostic.getMessage().str();
    if (diagnostic.getLineNo() > 0)
      message = ":" + std::to_string(diagnostic.getLineNo()) + ":" +
                std::to_string(diagnostic.getColumnNo() + 1) + ": " + message;
    else
      message = ": " + message;
    failure = Error{diagnostic.getFilename().str() + message};
  }

  void failAt(llvm::SMLoc place, const std::string &message) {
    if (!failure)
      sources.PrintMessage(place, llvm::SourceMgr::DK_Error, message);
  }
  void failAt(yaml::Node *node, const std::string &message) {
    failAt(node->getSourceRange().Start, message);
  }

  static std::string nameOf(const std::string &path) {
    return path.empty() ? "the description" : "'" + path + "'";
  }

  /// Where a field is, or the nearest record around it.
  llvm::SMLoc locate(std::string path) const {
    while (true) {
      if (auto found = places.find(path); found != places.end())
        return found->second;
      size_t dot = path.rfind('.');
      path.resize(dot == std::string::npos ? 0 : dot);
    }
  }

  template <Record T> void readDocument(T &root) {
    auto document = stream.begin();
    yaml::Node *node = document == stream.end() ? nullptr : document->getRoot();
    if (failure)
      return;
    if (!node || stream.failed()) {
      failure = Error{"the description is empty"};
      return;
    }
    readRecord(node, "", root);
    if (!failure && ++document != stream.end() && !failure)
      failAt(document->getRoot(), "a description must be a single document");
  }

  template <Record T> void readRecord(yaml::Node *node, const std::string &path, T &record) {
    auto *mapping = llvm::dyn_cast_or_null<yaml::MappingNode>(node);
    if (!mapping)
      return failKind(node, path, "a mapping of keys to values");
    llvm::SMLoc place = mapping->getSourceRange().Start;
    places[path] = place;
    std::set<std::string, std::less<>> seen;
    for (yaml::KeyValueNode &pair : *mapping) {
      readPair(pair, path, record, seen);
      if (failure)
        return;
    }
    visitFields(record, [&](const Field &field, const auto &) {
      if (field.required && !seen.contains(field.key))
        failAt(place, nameOf(path) + " needs the key '" + std::string(field.key) + "'");
    });
  }

  template <Record T>
  void readPair(yaml::KeyValueNode &pair, const std::string &path, T &record,
                std::set<std::string, std::less<>> &seen) {
    auto *keyNode = llvm::dyn_cast_or_null<yaml::ScalarNode>(pair.getKey());
    if (!keyNode)
      return failAt(places[path], nameOf(path) + " must have words as keys");
    llvm::SmallString<32> storage;
    std::string key = keyNode->getValue(storage).str();
    llvm::SMLoc place = keyNode->getSourceRange().Start;
    if (!seen.insert(key).second)
      return failAt(place, "key '" + key + "' appears twice");
    bool known = false;
    visitFields(record, [&](const Field &field, auto &value) {
      if (field.key != key)
        return;
      known = true;
      std::string inner = (path.empty() ? "" : path + ".") + key;
      places[inner] = place;
      readMember(pair.getValue(), inner, field, value);
    });
    if (!known)
      failAt(place, "unknown key '" + key + "'; " + nameOf(path) + " has " + keysOf(record));
  }

  template <Record T> static std::string keysOf(const T &record) {
    std::string keys;
    visitFields(record, [&](const Field &field, const auto &) {
      keys += (keys.empty() ? "'" : ", '") + std::string(field.key) + "'";
    });
    return keys;
  }

  template <Record T>
  void readMember(yaml::Node *node, const std::string &path, const Field &, T &record) {
    if constexpr (std::is_same_v<T, Device>)
      if (auto *scalar = llvm::dyn_cast_or_null<yaml::ScalarNode>(node))
        return readNamedDevice(scalar, path, record);
    readRecord(node, path, record);
  }

  /// A file lies beside the description that names it.
  void readNamedDevice(yaml::ScalarNode *node, const std::string &path, Device &device) {
    places[path] = node->getSourceRange().Start;
    llvm::SmallString<64> storage;
    llvm::SmallString<128> name = node->getValue(storage);
    if (name.ends_with(".yaml") && !llvm::sys::path::is_absolute(name)) {
      llvm::SmallString<128> file(llvm::sys::path::parent_path(fileName));
      llvm::sys::path::append(file, name);
      name = file;
    }
    Result<Device> found = lookupDevice(name.str().str());
    if (!found)
      return failAt(node, found.error().message);
    device = *found;
  }

  void readMember(yaml::Node *node, const std::string &path, const Field &field,
                  std::vector<double> &numbers) {
    auto *sequence = llvm::dyn_cast_or_null<yaml::SequenceNode>(node);
    if (!sequence)
      return failKind(node, path, "a list of numbers");
    Field length = lengthOfNumbers(field);
    llvm::SMLoc place = places[path] = sequence->getSourceRange().Start;
    numbers.clear();
    for (yaml::Node &element : *sequence) {
      if (failure)
        return;
      if (double(numbers.size()) >= length.max)
        return failAt(place, nameOf(path) + " must have at most " +
                                 std::to_string(size_t(length.max)) + " numbers");
      std::string inner = path + "." + std::to_string(numbers.size());
      readMember(&element, inner, field, numbers.emplace_back());
    }
  }

  template <Record T>
  void readMember(yaml::Node *node, const std::string &path, const Field &field,
                  std::vector<T> &list) {
    auto *sequence = llvm::dyn_cast_or_null<yaml::SequenceNode>(node);
    if (!sequence)
      return failKind(node, path, "a list");
    llvm::SMLoc place = places[path] = sequence->getSourceRange().Start;
    list.clear();
    for (yaml::Node &element : *sequence) {
      if (failure)
        return;
      size_t index = list.size();
      if (double(index) >= field.max)
        break; // the final check says how many there may be
      readRecord(&element, path + "." + std::to_string(index), list.emplace_back());
    }
    if (auto problem = lengthProblem(field, list.size(), "elements"))
      failAt(place, *problem);
  }

  template <Leaf T>
  void readMember(yaml::Node *node, const std::string &path, const Field &field, T &value) {
    auto *scalar = llvm::dyn_cast_or_null<yaml::ScalarNode>(node);
    if (!scalar)
      return failKind(node, path, "a single value");
    places[path] = scalar->getSourceRange().Start;
    llvm::SmallString<64> storage;
    llvm::StringRef text = scalar->getValue(storage);
    if (Status status = parseValue(field, std::string_view(text.data(), text.size()), value);
        !status)
      failAt(scalar, status.error().message);
  }

  /// A node of the wrong kind, or none because the parser failed. The place is that of the key,
  /// since not all kinds of nodes know where they begin.
  void failKind(yaml::Node *node, const std::string &path, const std::string &kind) {
    if (failure)
      return;
    if (!node)
      failure = Error{"malformed YAML"};
    else
      failAt(path.empty() ? node->getSourceRange().Start : locate(path),
             nameOf(path) + " must be " + kind);
  }
};

} // namespace

namespace {

template <Record T> std::string kindOf() { return std::is_same_v<T, Target> ? "target" : "device"; }

template <Record T> Result<T> readText(std::string_view text, std::string_view name) {
  if (text.size() > kMaxFileBytes)
    return Error{std::string(name) + ": a " + kindOf<T>() + " description must have at most " +
                 std::to_string(kMaxFileBytes) + " bytes, but has " + std::to_string(text.size())};
  return YamlReader(text, name).read<T>();
}

template <Record T> Result<T> readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return Error{"cannot read " + kindOf<T>() + " file '" + path +
                 "': " + buffer.getError().message()};
  llvm::StringRef text = (*buffer)->getBuffer();
  return readText<T>(std::string_view(text.data(), text.size()), path);
}

} // namespace

Result<Target> readYaml(std::string_view text, std::string_view name) {
  return readText<Target>(text, name);
}

Result<Target> readYamlFile(const std::string &path) { return readFile<Target>(path); }

Result<Device> readDeviceYaml(std::string_view text, std::string_view name) {
  return readText<Device>(text, name);
}

Result<Device> lookupDevice(const std::string &nameOrPath) {
  std::string known;
  for (const BuiltinText &device : builtinDevices()) {
    if (device.name == nameOrPath)
      return readDeviceYaml(device.yaml, "targets/devices/" + nameOrPath + ".yaml");
    known += (known.empty() ? "" : ", ") + std::string(device.name);
  }
  if (nameOrPath.ends_with(".yaml"))
    return readFile<Device>(nameOrPath);
  return Error{"unknown device '" + nameOrPath + "'; known devices are " + known +
               ", or give a FILE.yaml"};
}

Result<Target> lookup(const std::string &nameOrPath) {
  std::string known;
  for (const BuiltinTarget &target : builtinTargets()) {
    if (target.name == nameOrPath)
      return readYaml(target.yaml, "targets/" + nameOrPath + ".yaml");
    known += (known.empty() ? "" : ", ") + std::string(target.name);
  }
  if (nameOrPath.ends_with(".yaml") || nameOrPath.ends_with(".yml") ||
      nameOrPath.find('/') != std::string::npos)
    return readYamlFile(nameOrPath);
  return Error{"unknown target '" + nameOrPath + "'; known targets are " + known +
               ", or give a FILE.yaml"};
}

} // namespace cimc::target
