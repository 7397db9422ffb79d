//===- Registration.cpp - `.cimb` as a translation ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binds the two directions to flags of cimc-translate.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Reader.h"
#include "cimc/Program/Writer.h"
#include "cimc/Translation/Serialize.h"

#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace cimc;

/// The one program in `op`, which is a program itself or a module that holds one.
static FailureOr<isa::ProgramOp> findProgram(Operation *op) {
  if (auto program = dyn_cast<isa::ProgramOp>(op))
    return program;
  SmallVector<isa::ProgramOp> programs;
  if (auto module = dyn_cast<ModuleOp>(op))
    llvm::append_range(programs, module.getOps<isa::ProgramOp>());
  if (programs.size() != 1)
    return op->emitError() << "must hold exactly one 'cimisa.program', but holds "
                           << programs.size();
  return programs.front();
}

static LogicalResult serialize(Operation *op, raw_ostream &os) {
  FailureOr<isa::ProgramOp> source = findProgram(op);
  if (failed(source))
    return failure();
  FailureOr<program::Program> program = toProgram(*source);
  if (failed(program))
    return failure();
  Result<std::vector<std::byte>> bytes = program::serializeProgram(*program);
  if (!bytes)
    return source->emitError() << bytes.error().message;
  os.write(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  return success();
}

static OwningOpRef<Operation *> deserialize(const std::shared_ptr<llvm::SourceMgr> &sources,
                                            MLIRContext *context) {
  const llvm::MemoryBuffer *file = sources->getMemoryBuffer(sources->getMainFileID());
  std::span<const std::byte> bytes(reinterpret_cast<const std::byte *>(file->getBufferStart()),
                                   file->getBufferSize());
  Result<program::Program> program = program::parseProgram(bytes, sources);
  if (!program) {
    emitError(UnknownLoc::get(context))
        << file->getBufferIdentifier() << ": " << program.error().message;
    return nullptr;
  }
  FailureOr<OwningOpRef<ModuleOp>> module = fromProgram(*program, context);
  return failed(module) ? nullptr : OwningOpRef<Operation *>(module->release());
}

void cimc::registerCimbTranslations() {
  static TranslateFromMLIRRegistration toFile(
      "serialize-cimb", "write a cimisa.program as a .cimb file", serialize,
      [](DialectRegistry &registry) { registry.insert<isa::CimIsaDialect>(); });
  static TranslateToMLIRRegistration fromFile(
      "deserialize-cimb", "read a .cimb file as a cimisa.program", deserialize,
      [](DialectRegistry &registry) { registry.insert<isa::CimIsaDialect>(); });
}
