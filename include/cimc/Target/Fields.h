//===- Fields.h - The one list of a target's fields ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every struct of Target.h lists its fields here, once: key, unit, range, whether a file must give
// it, and one sentence. Whatever handles a target (YAML reader and printer, binary form, checks,
// `--set`, manual) calls visitFields and so cannot forget a field. The order of the list is the
// order of the binary form: a change of it is a new format version. Defaults are the member
// initialisers of the structs.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_FIELDS_H
#define CIMC_TARGET_FIELDS_H

#include "cimc/Target/DeviceFields.h"
#include "cimc/Target/Target.h"

namespace cimc::target {

template <> inline std::span<const std::string_view> enumNames<CoreKind>() {
  static constexpr std::string_view names[] = {"crossbar", "engine"};
  return names;
}
template <> inline std::span<const std::string_view> enumNames<InputCoding>() {
  static constexpr std::string_view names[] = {"sign-magnitude", "twos-complement"};
  return names;
}
template <> inline std::span<const std::string_view> enumNames<InputConverter>() {
  static constexpr std::string_view names[] = {"pulse-width", "bit-serial", "pulse-count"};
  return names;
}
template <> inline std::span<const std::string_view> enumNames<ReadDirections>() {
  static constexpr std::string_view names[] = {"forward", "both"};
  return names;
}

template <> inline std::span<const std::string_view> enumNames<Topology>() {
  static constexpr std::string_view names[] = {"chain", "ring", "mesh", "all-to-all", "listed"};
  return names;
}
template <> inline std::span<const std::string_view> enumNames<Retention>() {
  static constexpr std::string_view names[] = {"lost", "kept"};
  return names;
}

/// A struct with a field list.
template <typename T>
concept Record = OneOf<T, ReadMode, Array, Engine, DigitalFunction, Digital, Core, ChipBuffer,
                       Network, Gating, Connection, ChipLinks, HostLink, Chip, Target, Piece,
                       Relaxation, Drift, Decay, ReadNoise, Faults, Device>;
/// A field that holds one value.
template <typename T>
concept Leaf = OneOf<T, uint32_t, uint64_t, double, std::string, CoreKind, InputCoding,
                     InputConverter, ReadDirections, Topology, Retention, Argument>;

/// Calls `visit(const Field &, member)` for every member, in a fixed order. Members are leaves,
/// records, lists of numbers, or vectors of records. A core has the record of its kind, which is
/// visited first.
template <OneOf<ReadMode> T, typename Visitor> void visitFields(T &mode, Visitor &&visit) {
  visit(Field{"phases", "How many phases one read takes.", Unit::None, 1, 64, true}, mode.phases);
  visit(Field{"time", "Time of one read, whatever part of the array is used.", Unit::Time, 0, 1e12,
              true},
        mode.readNs);
  visit(Field{"energy",
              "Energy of one read, converters included, whatever part of the array is used.",
              Unit::Energy, 0, 1e15, true},
        mode.readPj);
  visit(
      Field{"pulse_time",
            "Time of each pulse of the inputs, beside `time`: 2^(input_bits - 1) - 1 pulses carry "
            "the magnitude of the largest input.",
            Unit::Time, 0, 1e12},
      mode.pulseNs);
  visit(Field{"pulse_energy", "Energy of each pulse of the inputs, beside `energy`.", Unit::Energy,
              0, 1e15},
        mode.pulsePj);
  visit(
      Field{"step_time",
            "Time of each step of a counting output converter, beside `time`: 2^output_bits steps "
            "count the largest sum.",
            Unit::Time, 0, 1e12},
      mode.stepNs);
  visit(Field{"step_energy", "Energy of each step of a counting output converter, beside `energy`.",
              Unit::Energy, 0, 1e15},
        mode.stepPj);
}

template <OneOf<Array> T, typename Visitor> void visitFields(T &array, Visitor &&visit) {
  visit(Field{"rows", "Rows of cells: elements of one input vector, times `rows_per_weight`.",
              Unit::None, 1, 65536, true},
        array.rows);
  visit(Field{"cols", "Columns: elements of one result vector.", Unit::None, 1, 65536, true},
        array.cols);
  visit(
      Field{"rows_per_weight",
            "Rows of cells that a row of weights takes; 2 where a weight is the difference of two "
            "cells of a column.",
            Unit::None, 1, 16},
      array.rowsPerWeight);
  visit(Field{"per_core", "Arrays in a core.", Unit::None, 1, 1024}, array.perCore);
  visit(Field{"weight_bits",
              "Bits of the widest weight that layers in arrays may have, sign included, in mode "
              "`exact`.",
              Unit::None, 2, 8},
        array.weightBits);
  visit(Field{"cell_bits",
              "Bits that one cell holds, as 2^bits levels; weights that need more are cut into "
              "slices, which the digital unit shifts and adds. 0: a whole weight.",
              Unit::None, 0, 8},
        array.cellBits);
  visit(Field{"input_bits", "Bits of an input element, sign included.", Unit::None, 2, 8},
        array.inputBits);
  visit(Field{"input_coding",
              "How the input converters code a negative number; sign and magnitude cannot "
              "represent -128 at 8 bits.",
              Unit::None},
        array.inputCoding);
  visit(Field{"input_converter",
              "How inputs reach their rows outside mode `exact`: as a `pulse-width`, `bit-serial` "
              "with a conversion for each bit, or as a `pulse-count`, bit b as 2^b pulses whose "
              "charges add up before one conversion.",
              Unit::None},
        array.inputConverter);
  visit(Field{"output_bits",
              "Bits of the magnitude of an output converter's code, the sign beside them; used "
              "outside mode `exact`.",
              Unit::None, 1, 24},
        array.outputBits);
  visit(Field{"output_gain_deviation",
              "Standard deviation of the gains of output converters, which differ from column to "
              "column, as a share of the gain; used outside mode `exact`.",
              Unit::None, 0, 1},
        array.outputGainDeviation);
  visit(Field{"output_offset_deviation",
              "Standard deviation of the offsets of output converters, which differ from column to "
              "column, in codes; used outside mode `exact`.",
              Unit::None, 0, 1e6},
        array.outputOffsetDeviation);
  visit(
      Field{"read_directions",
            "Whether inputs can only drive rows (`forward`), or also columns, for the transpose of "
            "the weights (`both`).",
            Unit::None},
      array.readDirections);
  visit(
      Field{"read_phases", "Which read mode is used, by its number of phases.", Unit::None, 1, 64},
      array.readPhases);
  visit(Field{"read_modes", "The ways to read the array.", Unit::None, 1, 16, true},
        array.readModes);
  visit(Field{"program_time", "Time to program one row.", Unit::Time, 0, 1e15},
        array.programNsPerRow);
  visit(Field{"program_energy", "Energy to program one cell.", Unit::Energy, 0, 1e15},
        array.programPjPerCell);
  visit(Field{"endurance", "How often a cell can be programmed; 0 if not known.", Unit::None, 0,
              9e15},
        array.enduranceCycles);
  visit(Field{"device", "The memory device of a cell, used in mode `analog`."}, array.device);
}

template <OneOf<Engine> T, typename Visitor> void visitFields(T &engine, Visitor &&visit) {
  visit(Field{"weight_memory", "Memory that keeps weights, one byte each.", Unit::Size, 1,
              2147483648.0, true},
        engine.weightBytes);
  visit(Field{"inputs", "Input channels that are multiplied at once.", Unit::None, 1, 65536, true},
        engine.inputs);
  visit(Field{"outputs", "Output channels that are computed at once.", Unit::None, 1, 65536, true},
        engine.outputs);
  visit(Field{"taps", "Places of the kernel that are multiplied at once.", Unit::None, 1, 65536,
              true},
        engine.parallelTaps);
  visit(Field{"clock", "Clock of the engine.", Unit::Frequency, 1e-6, 1000, true}, engine.clockGhz);
  visit(Field{"utilisation",
              "Share of the peak rate that is reached where all multipliers have work.", Unit::None,
              1e-6, 1},
        engine.utilisation);
  visit(Field{"mac_energy", "Energy of one multiplication and addition.", Unit::Energy, 0, 1e9},
        engine.pjPerMac);
  visit(Field{"program_time", "Time to program one byte.", Unit::Time, 0, 1e15},
        engine.programNsPerByte);
  visit(Field{"program_energy", "Energy to program one byte.", Unit::Energy, 0, 1e15},
        engine.programPjPerByte);
  visit(Field{"endurance", "How often a cell can be programmed; 0 if not known.", Unit::None, 0,
              9e15},
        engine.enduranceCycles);
}

template <OneOf<DigitalFunction> T, typename Visitor>
void visitFields(T &function, Visitor &&visit) {
  visit(Field{"latency", "Cycles from the first operand to the first result.", Unit::None, 0, 1e6},
        function.latencyCycles);
  visit(Field{"interval", "Cycles between two groups of as many elements as there are lanes.",
              Unit::None, 1, 1e6},
        function.intervalCycles);
  visit(Field{"energy", "Energy per element.", Unit::Energy, 0, 1e9}, function.pjPerElement);
}

template <OneOf<Digital> T, typename Visitor> void visitFields(T &digital, Visitor &&visit) {
  visit(Field{"lanes", "Elements that start together.", Unit::None, 1, 65536}, digital.lanes);
  visit(Field{"clock", "Clock of the digital unit.", Unit::Frequency, 1e-6, 1000},
        digital.clockGhz);
  visit(Field{"move", "Copies and fills."}, digital.move);
  visit(Field{"add", "Additions, subtractions, maxima, minima, comparisons, selections, "
                     "accumulations and steps of pooling."},
        digital.add);
  visit(Field{"multiply", "Multiplications, requantisations, quantisations, dequantisations, "
                          "conversions and table lookups."},
        digital.multiply);
  visit(Field{"divide", "Divisions, square roots and reciprocal square roots."}, digital.divide);
  visit(Field{"transcendental", "Exponentials, logarithms, hyperbolic tangents, powers, error "
                                "functions, sines and cosines."},
        digital.transcendental);
}

template <OneOf<Core> T, typename Visitor> void visitFields(T &core, Visitor &&visit) {
  visit(
      Field{"kind", "What multiplies: a `crossbar`, or a digital `engine` beside a weight memory."},
      core.kind);
  visit(Field{"memory", "Data memory of a core.", Unit::Size, 1, 2147483648.0}, core.memoryBytes);
  visit(Field{"memory_energy", "Energy to read or write one byte of core memory.",
              Unit::EnergyPerByte, 0, 1e9},
        core.memoryPjPerByte);
  visit(Field{"idle_power", "Power of a core that is on and does nothing.", Unit::Power, 0, 1e9},
        core.idleMw);
  visit(Field{"gated_power", "Power of a core whose supply is gated.", Unit::Power, 0, 1e9},
        core.gatedMw);
  if (core.kind == CoreKind::Crossbar)
    visit(Field{"array", "The crossbar array and its converters; of a `crossbar`.", Unit::None, 0,
                0, true},
          core.array);
  else
    visit(Field{"engine", "The matrix engine; of an `engine`.", Unit::None, 0, 0, true},
          core.engine);
  visit(Field{"digital", "The digital unit."}, core.digital);
}

template <OneOf<ChipBuffer> T, typename Visitor> void visitFields(T &buffer, Visitor &&visit) {
  visit(Field{"size", "Bytes that the cores share; 0: there is no such memory.", Unit::Size, 0,
              2147483648.0},
        buffer.sizeBytes);
  visit(Field{"bandwidth", "Bandwidth of its one port.", Unit::Bandwidth, 1e-9, 1e9},
        buffer.bytesPerNs);
  visit(Field{"latency", "Time of one access, without the time that the bytes take.", Unit::Time, 0,
              1e12},
        buffer.latencyNs);
  visit(Field{"energy", "Energy to read or write one byte.", Unit::EnergyPerByte, 0, 1e9},
        buffer.pjPerByte);
}

template <OneOf<Network> T, typename Visitor> void visitFields(T &network, Visitor &&visit) {
  visit(Field{"bandwidth", "Bandwidth of one link.", Unit::Bandwidth, 1e-9, 1e9},
        network.bytesPerNs);
  visit(Field{"hop_time", "Time from one core to the next, without the time that the bytes take.",
              Unit::Time, 0, 1e12},
        network.hopNs);
  visit(Field{"hop_energy", "Energy to move one byte over one hop.", Unit::EnergyPerByte, 0, 1e9},
        network.pjPerByteHop);
}

template <OneOf<Gating> T, typename Visitor> void visitFields(T &gating, Visitor &&visit) {
  visit(Field{"wake_time", "Time from the call to wake to the first instruction.", Unit::Time, 0,
              1e15},
        gating.wakeNs);
  visit(Field{"wake_energy", "Energy to wake, beside the idle power that flows meanwhile.",
              Unit::Energy, 0, 1e18},
        gating.wakePj);
  visit(Field{"shutdown_time", "Time from the last instruction until the power is off.", Unit::Time,
              0, 1e15},
        gating.shutdownNs);
  visit(Field{"shutdown_energy", "Energy to shut down, beside the idle power that flows meanwhile.",
              Unit::Energy, 0, 1e18},
        gating.shutdownPj);
  visit(Field{"gated_power", "Power of the chip beside its cores while it is off.", Unit::Power, 0,
              1e9},
        gating.gatedMw);
  visit(Field{"buffers", "Whether buffers are `lost` or `kept` while the chip is off."},
        gating.buffers);
}

template <OneOf<Connection> T, typename Visitor> void visitFields(T &connection, Visitor &&visit) {
  visit(Field{"from", "One chip.", Unit::None, 0, 65535, true}, connection.from);
  visit(Field{"to", "The other chip.", Unit::None, 0, 65535, true}, connection.to);
}

template <OneOf<ChipLinks> T, typename Visitor> void visitFields(T &links, Visitor &&visit) {
  visit(Field{"topology",
              "Which chips are joined: each and the next (`chain`, `ring`), a grid (`mesh`), all "
              "(`all-to-all`), or the pairs of `connections` (`listed`)."},
        links.topology);
  visit(Field{"columns", "Columns of a `mesh`.", Unit::None, 1, 65536}, links.columns);
  visit(Field{"connections", "Pairs of chips that `listed` links join.", Unit::None, 0, 1e6},
        links.connections);
  visit(Field{"bandwidth", "Bandwidth of one link, in each direction.", Unit::Bandwidth, 1e-9, 1e9},
        links.bytesPerNs);
  visit(Field{"latency", "Time over one link, without the time that the bytes take.", Unit::Time, 0,
              1e12},
        links.latencyNs);
  visit(Field{"energy", "Energy to move one byte over one link.", Unit::EnergyPerByte, 0, 1e9},
        links.pjPerByte);
}

template <OneOf<HostLink> T, typename Visitor> void visitFields(T &host, Visitor &&visit) {
  visit(Field{"bandwidth", "Bandwidth of the link between host and chip.", Unit::Bandwidth, 1e-9,
              1e9},
        host.bytesPerNs);
  visit(Field{"latency", "Time of one message, without the time that the bytes take.", Unit::Time,
              0, 1e12},
        host.latencyNs);
  visit(Field{"energy", "Energy to move one byte.", Unit::EnergyPerByte, 0, 1e9}, host.pjPerByte);
}

template <OneOf<Chip> T, typename Visitor> void visitFields(T &chip, Visitor &&visit) {
  visit(Field{"cores", "Cores, numbered row by row; they fill the grid.", Unit::None, 1, 1048576,
              true},
        chip.cores);
  visit(Field{"grid_columns", "Columns of the grid of cores.", Unit::None, 1, 1048576, true},
        chip.gridColumns);
  visit(Field{"idle_power", "Power of the chip beside its cores.", Unit::Power, 0, 1e9},
        chip.idleMw);
  visit(Field{"core", "The core, of which all are equal.", Unit::None, 0, 0, true}, chip.core);
  visit(Field{"buffer", "Memory that the cores share, for what their own does not hold."},
        chip.buffer);
  visit(Field{"network", "The links between neighbouring cores; routes go along the row first."},
        chip.network);
  visit(Field{"gating", "What it takes to switch the chip on and off."}, chip.gating);
}

template <OneOf<Target> T, typename Visitor> void visitFields(T &target, Visitor &&visit) {
  visit(Field{"name", "Name of the machine.", Unit::None, 1, 256, true}, target.name);
  visit(Field{"description", "What the machine is, in a sentence.", Unit::None, 0, 4096},
        target.description);
  visit(Field{"chips", "Chips of the machine.", Unit::None, 1, 65536}, target.chips);
  visit(Field{"chip", "The chip, of which all are equal.", Unit::None, 0, 0, true}, target.chip);
  visit(Field{"links", "The links between chips."}, target.links);
  visit(Field{"host", "The link between the host and each chip; the chips share it."}, target.host);
}

/// Calls `visit(path, field, leaf)` for every leaf of a record, with paths such as
/// `chip.core.array.read_modes.0.time`.
template <Record T, typename Visitor>
void visitLeaves(T &record, Visitor &&visit, const std::string &prefix = "") {
  visitFields(record, [&](const Field &field, auto &member) {
    using Member = std::remove_reference_t<decltype(member)>;
    std::string path = prefix + std::string(field.key);
    if constexpr (Leaf<Member>)
      visit(path, field, member);
    else if constexpr (Record<Member>)
      visitLeaves(member, visit, path + ".");
    else if constexpr (NumberList<Member>)
      for (size_t i = 0; i < member.size(); ++i)
        visit(path + "." + std::to_string(i), field, member[i]);
    else
      for (size_t i = 0; i < member.size(); ++i)
        visitLeaves(member[i], visit, path + "." + std::to_string(i) + ".");
  });
}

} // namespace cimc::target

#endif // CIMC_TARGET_FIELDS_H
