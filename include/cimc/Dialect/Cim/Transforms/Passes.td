//===- Passes.td - Passes of the mapping dialect ------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In the order in which they run.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_PASSES_TD
#define CIMC_DIALECT_CIM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ScheduleStreams : Pass<"cim-schedule-streams", "::mlir::ModuleOp"> {
  let summary = "give every core its firing order and memory regions, and every FIFO its depth";
  let description = [{
    Before: a placed function `main`, a target. After: a `cim.schedule` stands beside the function. The global firing sequence
    completes with unbounded FIFOs, each core's order is its projection, and each buffer and FIFO holds at
    least its peak occupancy in that sequence, so the program cannot deadlock. Fails if a core's memory does not suffice, naming the core, what takes most, and the bytes
    needed and available.

    ```
    cimc-opt --cim-schedule-streams placed.mlir
    ```
  }];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

#endif
