//===- Serialize.h - Between dialect cimisa and programs ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A `cimisa.program` and a program::Program are the same thing in two notations. Going from one to
// the other copies fields and decides nothing: there and back again gives an equal op, up to the
// types of constant data, which come back as i8.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSLATION_SERIALIZE_H
#define CIMC_TRANSLATION_SERIALIZE_H

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Program/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace cimc {

/// The program that `op` writes down. Segments are not copied where the attribute holds their bytes
/// (dense and dense_resource, not splats): the result is valid only as long as the op's context and
/// its resources. Requires: `op` verifies. Fails with a diagnostic at `op` if a resource is missing
/// or the target's bytes are not a target.
mlir::FailureOr<program::Program> toProgram(isa::ProgramOp op);

/// A module that holds `program` as one `cimisa.program`. Segments become resources that keep
/// `program.storage` alive and are not copied. Fails with a diagnostic at an unknown location if
/// the result does not verify.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> fromProgram(const program::Program &program,
                                                               mlir::MLIRContext *context);

/// Adds `--serialize-cimb` and `--deserialize-cimb` to mlir-translate-like tools. Requires: called
/// at most once.
void registerCimbTranslations();

} // namespace cimc

#endif // CIMC_TRANSLATION_SERIALIZE_H
