//===- Diagnostics.cpp - Messages of the compiler as users read them -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A user of an ONNX model knows its nodes, not the op that the compiler made of one. A location is
// shown as the node's name, or as file, line and column where the input is text.
//
//===--------------------------------------------------------------------------===//

#include "Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace cimc {

namespace {

/// `FILE:line:column: ` or `FILE: at 'node': `; just the file for what concerns all of it, and
/// nothing where the message names it.
std::string describe(Location loc, llvm::StringRef input, llvm::StringRef message) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  while (auto fused = dyn_cast<FusedLoc>(loc)) {
    if (fused.getLocations().empty())
      break;
    loc = fused.getLocations().front();
  }
  if (auto named = dyn_cast<NameLoc>(loc)) {
    if (named.getName().getValue() != input)
      stream << input << ": at '" << named.getName().getValue() << "': ";
    else if (!message.contains(input))
      stream << input << ": ";
  } else if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    stream << file.getFilename().getValue();
    if (file.getLine() > 0)
      stream << ":" << file.getLine() << ":" << file.getColumn();
    stream << ": ";
  }
  return text;
}

llvm::StringRef severity(DiagnosticSeverity value) {
  switch (value) {
  case DiagnosticSeverity::Error:
    return "error: ";
  case DiagnosticSeverity::Warning:
    return "warning: ";
  case DiagnosticSeverity::Remark:
    return "remark: ";
  case DiagnosticSeverity::Note:
    return "note: ";
  }
  return "";
}

} // namespace

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string inputFile)
    : input(std::move(inputFile)), handler(context, [this](Diagnostic &diagnostic) {
        auto print = [&](Diagnostic &one) {
          llvm::errs() << "cimc: " << severity(one.getSeverity())
                       << describe(one.getLocation(), input, one.str()) << one.str() << "\n";
        };
        errorCount += diagnostic.getSeverity() == DiagnosticSeverity::Error;
        print(diagnostic);
        for (Diagnostic &note : diagnostic.getNotes())
          // The op as text says little to a user and much to a developer; it is long, so it stays
          // out.
          if (!llvm::StringRef(note.str()).starts_with("see current operation"))
            print(note);
        return success();
      }) {}

} // namespace cimc
