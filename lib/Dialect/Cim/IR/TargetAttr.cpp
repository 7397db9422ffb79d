//===- TargetAttr.cpp - The machine as an attribute -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// #cim.target holds the binary form of a target, so that the IR, the binary and the executor share
// one encoding. It is decoded when it is made; a description that does not decode never becomes an
// attribute.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Target/Serialize.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;

static Result<target::Target> decodeString(StringRef binary) {
  return target::decode({reinterpret_cast<const std::byte *>(binary.data()), binary.size()});
}

TargetAttr TargetAttr::get(MLIRContext *context, const target::Target &target) {
  std::vector<std::byte> bytes = target::encode(target);
  return get(context, target.name,
             StringRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
}

target::Target TargetAttr::getTarget() const { return std::move(*decodeString(getBinary())); }

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name,
                                 StringRef binary) {
  Result<target::Target> target = decodeString(binary);
  if (!target)
    return emitError() << "target '" << name << "' is not valid: " << target.error().message;
  if (target->name != name)
    return emitError() << "target is named '" << name << "', its description '" << target->name
                       << "'";
  return success();
}

void TargetAttr::print(AsmPrinter &printer) const {
  printer << "<\"";
  llvm::printEscapedString(getName(), printer.getStream());
  printer << "\", \"" << llvm::toHex(getBinary()) << "\">";
}

Attribute TargetAttr::parse(AsmParser &parser, Type) {
  std::string name, hex, binary;
  if (parser.parseLess() || parser.parseString(&name) || parser.parseComma() ||
      parser.parseString(&hex) || parser.parseGreater())
    return {};
  if (!llvm::tryGetFromHex(hex, binary)) {
    parser.emitError(parser.getNameLoc(), "target must be given in hexadecimal digits");
    return {};
  }
  return getChecked([&] { return parser.emitError(parser.getNameLoc()); }, parser.getContext(),
                    StringRef(name), StringRef(binary));
}

FailureOr<target::Target> cim::getTarget(ModuleOp module) {
  auto attr = module->getAttrOfType<TargetAttr>(kTargetAttrName);
  if (!attr)
    return module.emitError() << "module has no attribute '" << kTargetAttrName
                              << "', attach a target with 'cim-attach-target'";
  return attr.getTarget();
}
