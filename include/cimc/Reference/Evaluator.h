//===- Evaluator.h - Computes what a model means --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates the entry level and the quantised level (docs/input-contract.md) on the host: float
// models for calibration and as the yardstick for accuracy, integer models exactly.
//
// `create` looks at the function once and prepares a list of kernels and a plan of buffers in which
// values that are never live together share memory. A Session is one set of buffers; sessions of
// one evaluator may run at the same time in different threads. Float convolutions and matrix
// products are oneDNN's, single-threaded, so results do not depend on the number of threads;
// integer ones are exact.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_REFERENCE_EVALUATOR_H
#define CIMC_REFERENCE_EVALUATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <memory>

namespace cimc::reference {

struct Plan;

/// Called for an argument or for each result of an op when its data is there. `data` holds the
/// value's elements in C order: f32, i8, i16, i32, i64; i1 as one byte.
using Observer = llvm::function_ref<void(mlir::Value value, llvm::ArrayRef<char> data)>;

/// A prepared function. Refers to the constants of the IR, which must outlive it unchanged.
class Evaluator {
public:
  /// Prepares `function`; emits an error at every op that cannot be evaluated.
  static mlir::FailureOr<std::unique_ptr<Evaluator>> create(mlir::func::FuncOp function);
  /// Prepares @main of `module`.
  static mlir::FailureOr<std::unique_ptr<Evaluator>> create(mlir::ModuleOp module);
  ~Evaluator();

  mlir::func::FuncOp function() const;
  /// Bytes of argument or result `i` of one sample.
  int64_t inputBytes(unsigned i) const;
  int64_t outputBytes(unsigned i) const;
  /// Bytes of the buffers of one session.
  int64_t bufferBytes() const;

private:
  friend class Session;
  explicit Evaluator(std::unique_ptr<Plan> plan);
  std::unique_ptr<Plan> plan;
};

/// The buffers of one evaluation.
class Session {
public:
  explicit Session(const Evaluator &evaluator);
  ~Session();

  /// Runs one sample. `inputs` and `outputs` point at C-order data of each argument and result.
  void run(
      llvm::ArrayRef<const char *> inputs, llvm::ArrayRef<char *> outputs,
      Observer observer = [](mlir::Value, llvm::ArrayRef<char>) {});

private:
  struct Buffers;
  const Evaluator &evaluator;
  std::unique_ptr<Buffers> buffers;
};

/// Called with the number of the thread and of the sample, and then as an Observer.
using SampleObserver = std::function<void(unsigned thread, int64_t sample, mlir::Value value,
                                          llvm::ArrayRef<char> data)>;

/// Runs `samples` samples, spread over `threads` threads. Sample `s` of argument `i` starts at
/// `inputs[i] + s * inputBytes(i)`; results likewise. An output pointer may be null. Thread `t`
/// runs the samples `s` with `s % threads == t`.
void runSamples(const Evaluator &evaluator, int64_t samples, llvm::ArrayRef<const char *> inputs,
                llvm::ArrayRef<char *> outputs, unsigned threads = 0,
                const SampleObserver &observer = {});

/// The number of threads that `threads = 0` means.
unsigned defaultThreads();

} // namespace cimc::reference

#endif // CIMC_REFERENCE_EVALUATOR_H
