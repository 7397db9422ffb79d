//===- Passes.td - Passes of the mapping dialect ------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In the order in which they run.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_PASSES_TD
#define CIMC_DIALECT_CIM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def AttachTarget : Pass<"cim-attach-target", "::mlir::ModuleOp"> {
  let summary = "attach a machine's description to the module";
  let description = [{
    After: the module has the attribute `cim.target`. `target` is the name of a target that comes with the compiler, or a YAML file. An attribute that is there
    already is replaced.

    ```
    cimc-opt --cim-attach-target=target=hermes model.mlir
    ```
  }];
  let options = [Option<"name", "target", "std::string", "\"generic\"", "name of a target, or FILE.yaml">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def NarrowDigitalFloats : Pass<"cim-narrow-digital-floats", "::mlir::ModuleOp"> {
  let summary = "keep floats of the digital unit in half precision";
  let description = [{
    Before: the logical level. After: the tensors, weights and constants that the digital unit computes with are f16 instead of f32. `cim.convert` stands behind inputs of the network and before its
    outputs, which keep their format; a value that an integer layer or `cim.dequantize` makes only for outputs, and an input that is only quantised, stay f32. Scales and the
    biases of integer layers do not change.

    Scalar bodies of floats and truth values compute in f16; a body with integers stays f32, between `arith.extf` of its operands and `arith.truncf` of its result. Constants are
    rounded; a finite one other than 0 stops at 65504 or 2^-24 instead of becoming infinite or 0. A weight or bias beyond 65504 is an error, since its layer would compute something else.

    docs/numerics.md has the formulas. Running the pass again changes nothing.

    ```
    cimc-opt --cim-narrow-digital-floats logical.mlir
    ```
  }];
  let statistics = [Statistic<"numNarrowed", "streams narrowed", "streams of f32 that are now f16">,
                    Statistic<"numConverts", "conversions", "cim.convert ops that were added">];
  let dependentDialects = ["::cimc::cim::CimDialect", "::mlir::arith::ArithDialect"];
}

def SplitChannels : Pass<"cim-split-channels", "::mlir::ModuleOp"> {
  let summary = "cut digital ops with rows too wide for a core's memory along the channels";
  let description = [{
    Before: the logical level and a target. After: where a digital op makes rows, or keeps input rows under its window, of more than a quarter of a core's memory and works on each channel (the last
    dimension) alone, it and the ops like it that it is connected with are there once for each of several ranges of channels, from slices of their inputs to a concatenation
    of their results. The parts can be placed on different cores. Values do not change.

    ```
    cimc-opt --cim-split-channels logical.mlir
    ```
  }];
  let statistics = [Statistic<"numSplit", "ops split", "digital ops that were cut along the channels">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def PartitionAcrossChips : Pass<"cim-partition-across-chips", "::mlir::ModuleOp"> {
  let summary = "decide which chip holds which part of every weight and computes every digital op";
  let description = [{
    Before: the logical level and a target. After, if the target has several chips: every weight that arrays compute with has `pieces` that cover it once, every other stage has the attribute
    `cim.chip`, and the module's attribute `cim.partition` says how many bytes pass between chips in one inference and how many must at least. With one chip nothing changes.

    Weights are cut along their outputs: at whole groups, at strips of columns in arrays, or at any column in an engine. docs/partitioning.md explains the problem, the solvers (`auto`, `greedy`, and `optimal` for
    small networks) and the bound. Chips are numbered so that few bytes pass many links. `fill` is the share of a chip's room that weights may take by area, since tiles do not fill arrays without gaps. `memory` limits what the activations of a chip's nodes take by an estimate before stages are known: the rows of each value that live at once in a streaming schedule, where the value is read last, and the sums of weighted layers; `chip_memory_bytes` of `cim.partition` is what the fullest chip needs by it. With `idle`, a chip that is on while others work between its first layer and its last costs what its idle power takes meanwhile; a partition never has more bytes than the
    greedy one.

    ```
    cimc-opt --cim-partition-across-chips=solver=greedy logical.mlir
    ```
  }];
  let options = [
    Option<"solver", "solver", "std::string", "\"auto\"", "auto, greedy or optimal">,
    Option<"fill", "fill", "double", "1.0", "share of a chip's room for weights that may be used, above 0 to 1">,
    Option<"memory", "memory", "int64_t", "0", "bytes of activations that a chip may keep, as estimated; 0: any number">,
    Option<"idle", "idle", "bool", "false", "count the idle power of chips that wait, in bytes that the same energy would carry">,
    Option<"bound", "bound", "bool", "true", "compute the bound, too">];
  let statistics = [
    Statistic<"bytesBetween", "bytes between chips", "bytes that pass between chips per inference">,
    Statistic<"bytesBound", "bound", "bytes that pass between chips in every partition, at least">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def TileToArrays : Pass<"cim-tile-to-arrays", "::mlir::ModuleOp"> {
  let summary = "cut weights into tiles and pack the tiles into arrays";
  let description = [{
    Before: the logical level and a target. After: every weight that arrays compute with has `tiles` that cover it exactly once, each tile fits an array, and tiles of one array are
    disjoint. `array` is the array's number before placement: 0 to arrays used - 1. Weights that nothing uses are erased.

    A tile has no more columns than make a row of sums (4 bytes for each output position and column) of three eighths of a core's memory.

    A weight with more bits than a cell of the target holds (`cell_bits`) gets `slices`: as few as hold all bits, each as large as the weight and cut alike, with tiles of its own.
    Slices in different arrays are read at the same time. `weight_bits` is the limit for what arrays compute with at all.

    `pack=auto` lets tiles share an array as long as its busiest array is read no more often than with one tile per array, and beyond that only if the machine
    has too few arrays; `never` gives each tile an array of its own; `dense` uses as few arrays as possible; `spread` is `never` where the machine has enough arrays, else `auto`.

    A depthwise layer has three candidates: block diagonals (as many channels per tile as fit, one read per tile and output position), interleaved diagonals (tiles
    of one channel that share arrays, one read per channel) and the digital unit. The digital unit is chosen (`unit = digital`) if its energy x time per inference is less than
    that of block diagonals, and also where the arrays do not suffice otherwise. Interleaving costs more of both than block diagonals, so it is left to
    the packing, which does it where arrays are scarce or for `dense`. Costs come from the target: a read costs the array's time and
    energy, whatever part of it is used, and arrays are read at the same time; each slice after the first takes one element of `add` for every sum; a multiply-accumulate in the digital unit takes one element of `multiply` and one of `add`.

    With `report`, remarks say how many arrays are used, how many tile by tile would use, the bound by area, the reads of the busiest array, and the
    costs of the candidates.

    ```
    cimc-opt --cim-tile-to-arrays="pack=dense report=true" logical.mlir
    ```
  }];
  let options = [
    Option<"pack", "pack", "std::string", "\"auto\"", "auto, never, dense or spread">,
    Option<"report", "report", "bool", "false", "emit remarks with the figures of the packing">];
  let statistics = [
    Statistic<"arraysUsed", "arrays used", "arrays that hold tiles">,
    Statistic<"arraysTileByTile", "arrays tile by tile", "arrays that one tile per array would use">,
    Statistic<"arraysBound", "arrays by area", "lower bound: cells of all weights / cells of an array">,
    Statistic<"busiestReads", "reads of the busiest array", "vectors per inference">,
    Statistic<"numDigital", "digital layers", "depthwise layers left to the digital unit">,
    Statistic<"numSliced", "sliced weights", "weights with more bits than a cell holds">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def ReplicateWeights : Pass<"cim-replicate-weights", "::mlir::ModuleOp"> {
  let summary = "copy busy weights into free arrays, for throughput";
  let description = [{
    Before: the tiled level and a target. After: weights whose arrays or finishing digital work are busiest have more tiles: those of `copy` 1, 2 and so on, each a whole copy in arrays
    that nothing used. A copy computes its share of the positions of each row, so the unit that sets the interval between inferences works less for each. As long as arrays are left, the busiest
    unit is relieved; the bound is the work of all arrays over all arrays. Copies that were there before are dropped first. Layers whose rows have one position, such as dense ones, stay single.

    With `report`, remarks say how many copies there are, the work of the busiest unit with and without them, and the bound.

    ```
    cimc-opt --cim-replicate-weights="report=true" tiled.mlir
    ```
  }];
  let options = [Option<"report", "report", "bool", "false", "emit remarks with the copies and their effect">];
  let statistics = [
    Statistic<"numCopies", "copies", "copies of weights beside the first ones">,
    Statistic<"arraysUsed", "arrays used", "arrays that hold tiles, copies included">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def PlaceOnCores : Pass<"cim-place-on-cores", "::mlir::ModuleOp"> {
  let summary = "put arrays and digital ops on cores";
  let description = [{
    Before: the tiled level and a target. After: `array` of every tile is `core * arrays per core + array in core`, and every stage has its `core`, so that bytes
    x hops between cores are few. A weighted layer's core is that of its first tile; a digital op stays with the producer of its largest operand, or, if
    that is a network input, goes to its consumer's core. Where the buffers of a core (found by scheduling with unlimited memory) exceed its memory, digital ops move to cores with
    room, so that few bytes more travel. Values that leave a core are counted once for each core that reads them.

    ```
    cimc-opt --cim-place-on-cores tiled.mlir
    ```
  }];
  let statistics = [
    Statistic<"byteHops", "byte hops", "bytes x hops between cores per inference">,
    Statistic<"coresUsed", "cores used", "cores that compute">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

def CheckMapping : Pass<"cim-check-mapping", "::mlir::ModuleOp"> {
  let summary = "check the tiled and placed levels against the target";
  let description = [{
    Reports weights in arrays that have no tiles, weights that need slices or more bits than the target has, tiles that do not fit an array, overlap in one, lie in an array that the machine does not have, or
    do not cover their weight exactly once. If any stage has a `core`, every stage must, and the core must exist. Changes nothing.

    ```
    cimc-opt --cim-check-mapping placed.mlir
    ```
  }];
}

def HoldRows : Pass<"cim-hold-rows", "::mlir::ModuleOp"> {
  let summary = "let rows wait before they go to other chips";
  let description = [{
    Before: a placed function `main`, a target of several chips. After: every op that is a stage has the attribute `cim.hold`: its rows go to other chips only when `share` of the value's other rows have been made as
    well. 0 sends every row at once, which starts the next chip early; 1 sends the whole value behind its last row, so that the next chip can sleep until then and need not wait for rows when it is on. Rows
    that wait take memory where they were made. `stages` gives stages shares of their own, as `NUMBER:SHARE`; stages are numbered in the order of the function. Networks with recurrent loops are left alone, since a loop cannot wait for its own rows.

    ```
    cimc-opt --cim-hold-rows=share=0.8 placed.mlir
    cimc-opt --cim-hold-rows="share=0.5 stages=3:1,7:0" placed.mlir
    ```
  }];
  let options = [
    Option<"share", "share", "double", "1.0", "part of a value that must be there before its first row is sent, 0 to 1">,
    ListOption<"stages", "stages", "std::string", "shares of single stages, as NUMBER:SHARE">,
  ];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

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

def SchedulePower : Pass<"cim-schedule-power", "::mlir::ModuleOp"> {
  let summary = "wake chips before they get their first row and shut them down behind their last";
  let description = [{
    Before: a scheduled network. After: each core's program ends with `cim.shutdown`, the schedule lists the chips that the host wakes (`host_wakes`), and every core that
    sends to another chip has a `cim.wake` for it before the first firing that sends there, unless the host wakes that chip. Chips are on for one epoch of each inference. What stood there before of
    such ops is replaced.

    The host always wakes the chips that it sends to, and those that nobody sends to. With `wake=host` it wakes all at the beginning, so that no message waits for a chip; with `wake=send` the others are woken by
    their senders, as late as the messages allow. `calls` moves a wake forward: each is `CHIP:CORE:FIRING`, and core number CORE then wakes chip CHIP before its firing number FIRING, counted from 0 over all stages in program
    order. `wake=none` takes all such ops away, so that chips are always on.

    ```
    cimc-opt --cim-schedule-power='wake=send calls=1:0:12' scheduled.mlir
    ```
  }];
  let options = [
    Option<"wake", "wake", "std::string", "\"send\"", "who wakes chips: host, send or none">,
    ListOption<"calls", "calls", "std::string", "earlier wakes: CHIP:CORE:FIRING">];
  let statistics = [Statistic<"numWakes", "wakes", "wakes that cores ask for">];
  let dependentDialects = ["::cimc::cim::CimDialect"];
}

#endif
