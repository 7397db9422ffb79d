#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the LLVM-free side of the instruction set from the records of its TableGen source.

Input is the output of `llvm-tblgen -dump-json` on include/cimc/Dialect/CimIsa/IR/CimIsaOps.td. One mode writes the
C++ structs, enums, tables and field visitors that the encoder, the decoder, the field checks, the disassembler and the
translator from MLIR are written over; the other writes the reference manual:

  gen_isa.py isa.json --cpp Instructions.inc
  gen_isa.py isa.json --doc instruction-set.md [--check]
"""

import argparse
import json
import pathlib
import sys
import textwrap

PREFIX = "CimIsa_"
UNITS = ["control", "array", "digital", "link"]
# Field kinds by the name of their TableGen def or parameter type: C++ type, default, how the manual names the encoding.
SCALARS = {
    "CimIsa_U32": ("uint32_t", "u32"),
    "CimIsa_I32": ("int32_t", "i32"),
    "CimIsa_F32": ("float", "f32"),
    "CimIsa_Flag": ("bool", "flag"),
    "CimIsa_Dims": ("std::array<int32_t, 4>", "dims"),
    "CimIsa_Strides": ("std::array<int32_t, 4>", "strides"),
    "uint32_t": ("uint32_t", "u32"),
    "int32_t": ("int32_t", "i32"),
}


def fail(message):
    sys.exit(f"gen_isa.py: error: {message}")


def camel(name):
    """kernel_h -> kernelH"""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


class Field:
    """One field of an instruction or of a composite operand."""

    def __init__(self, isa, kind, name):
        self.name = name
        self.member = camel(name)
        if kind in SCALARS:
            self.type, self.kind = SCALARS[kind]
        elif kind in isa.attr_types:
            self.type = self.kind = isa.attr_types[kind]
        else:
            fail(f"field '{name}' is of type '{kind}', which has no encoding")


class Record:
    """An enumeration, a composite operand or an instruction: a TableGen record and what is derived from it."""

    def __init__(self, record, name):
        self.name = name
        self.summary = record["summary"] or ""
        self.description = textwrap.dedent(record["description"] or "").strip()


def dag_args(dag):
    """(type or def name, argument name) of each argument of a dag."""
    return [(arg["def"] if isinstance(arg, dict) else arg, name) for arg, name in dag["args"]]


class Isa:
    """The instruction set as read from the dumped records, in a fixed order."""

    def __init__(self, records):
        self.records = records
        self.attr_types = {}
        self.enums = [self.read_enum(name) for name in self.in_source_order("CimIsa_Enum")]
        self.composites = [self.read_composite(name) for name in self.in_source_order("CimIsa_Attr")]
        names = self.in_source_order("CimIsa_Instr")
        self.instructions = sorted((self.read_instruction(name) for name in names), key=lambda i: i.opcode)
        self.check()

    def in_source_order(self, base):
        def line(name):
            return int(self.records[name]["!locs"][-1].rsplit(":", 1)[1])

        names = [n for n in self.records["!instanceof"].get(base, []) if n.startswith(PREFIX)]
        return sorted(names, key=line)

    def read_enum(self, name):
        record = self.records[name]
        enum = Record(record, record["className"])
        cases = [self.records[case["def"]] for case in record["enumerants"]]
        enum.cases = [(case["value"], case["symbol"], case["str"]) for case in cases]
        self.attr_types[name + "Attr"] = enum.name
        return enum

    def read_composite(self, name):
        record = self.records[name]
        composite = Record(record, name.removeprefix(PREFIX).removesuffix("Attr"))
        composite.fields = [Field(self, kind, arg) for kind, arg in dag_args(record["parameters"])]
        self.attr_types[name] = composite.name
        return composite

    def read_instruction(self, name):
        record = self.records[name]
        instruction = Record(record, name.removeprefix(PREFIX).removesuffix("Op"))
        instruction.mnemonic = record["opName"]
        instruction.opcode = record["opcode"]
        instruction.unit = record["unit"]
        instruction.fields = [Field(self, kind, arg) for kind, arg in dag_args(record["arguments"])]
        return instruction

    def check(self):
        opcodes = [i.opcode for i in self.instructions]
        if len(set(opcodes)) != len(opcodes):
            fail("two instructions share an opcode")
        for i in self.instructions:
            if not 0 < i.opcode < 256:
                fail(f"opcode of '{i.mnemonic}' is {i.opcode}, must be 1 to 255")
            if i.unit not in UNITS:
                fail(f"unit of '{i.mnemonic}' is '{i.unit}', must be one of {', '.join(UNITS)}")
        for enum in self.enums:
            if any(not 0 <= value < 256 for value, _, _ in enum.cases):
                fail(f"a case of '{enum.name}' does not fit one byte")


# C++ ----------------------------------------------------------------------------------------------------------------


def comment(text, indent=""):
    return "\n".join(textwrap.wrap(" ".join(text.split()), 116, initial_indent=indent + "/// ",
                                   subsequent_indent=indent + "/// ", break_long_words=False))


def cpp_enum(enum):
    cases = ", ".join(f"{symbol} = {value}" for value, symbol, _ in enum.cases)
    rows = ", ".join(f'{{{enum.name}::{symbol}, "{text}"}}' for _, symbol, text in enum.cases)
    return f"""{comment(enum.summary)}
enum class {enum.name} : uint8_t {{ {cases} }};

template <> struct EnumTraits<{enum.name}> {{
  static constexpr std::string_view name = "{enum.name}";
  static constexpr std::array<std::pair<{enum.name}, std::string_view>, {len(enum.cases)}> cases{{{{{rows}}}}};
}};
"""


def cpp_struct(record, constants=""):
    members = "".join(f"  {f.type} {f.member}{{}};\n" for f in record.fields)
    return f"""{comment(record.summary)}
struct {record.name} {{
{constants}{members}  bool operator==(const {record.name} &) const = default;
}};
"""


def cpp_visitors(record):
    def calls(prefix):
        return "".join(f'  visit(std::string_view("{f.name}"), {prefix}.{f.member});\n' for f in record.fields)

    value = "value" if record.fields else ""
    visit = "visit" if record.fields else ""
    ties = ", ".join(f"value.{f.member}" for f in record.fields)
    return f"""template <class V> void visitFields({record.name} &{value}, V &&{visit}) {{
{calls("value")}}}
template <class V> void visitFields(const {record.name} &{value}, V &&{visit}) {{
{calls("value")}}}
inline auto tieFields(const {record.name} &{value}) {{ return std::tie({ties}); }}
"""


def cpp_instruction(instruction):
    constants = f"""  static constexpr uint8_t kOpcode = {instruction.opcode:#04x};
  static constexpr std::string_view kMnemonic = "{instruction.mnemonic}";
  static constexpr Unit kUnit = Unit::{instruction.unit.capitalize()};
"""
    return cpp_struct(instruction, constants)


def cpp(isa):
    out = ["// Made by utils/gen_isa.py from CimIsaOps.td. Do not edit.\n"]
    out += [cpp_enum(enum) for enum in isa.enums]
    units = ", ".join(unit.capitalize() for unit in UNITS)
    names = ", ".join(f'"{unit}"' for unit in UNITS)
    out.append(f"""/// The part of a core that an instruction occupies.
enum class Unit : uint8_t {{ {units} }};
inline constexpr std::array<std::string_view, {len(UNITS)}> kUnitNames{{{names}}};
""")
    for composite in isa.composites:
        out += [cpp_struct(composite), cpp_visitors(composite)]
    for instruction in isa.instructions:
        out += [cpp_instruction(instruction), cpp_visitors(instruction)]
    out.append("/// Any instruction; the alternatives are in the order of their opcodes.")
    out.append("using Instruction = std::variant<" + ", ".join(i.name for i in isa.instructions) + ">;\n")
    return "\n".join(out)


# Manual -------------------------------------------------------------------------------------------------------------


def doc_fields(record):
    if not record.fields:
        return "No fields.\n"
    rows = "".join(f"| `{f.name}` | {f.kind} |\n" for f in record.fields)
    return f"| field | kind |\n|---|---|\n{rows}"


def doc_record(record, title):
    parts = [f"### {title}\n", sentence(record.summary) + "\n"]
    if record.description:
        parts.append(record.description + "\n")
    parts.append(doc_fields(record))
    return "\n".join(parts)


def sentence(text):
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def doc_enum(enum):
    rows = "".join(f"| {value} | `{text}` |\n" for value, _, text in enum.cases)
    return f"### {enum.name}\n\n{sentence(enum.summary)}\n\n| number | name |\n|---|---|\n{rows}"


def doc(isa, intro):
    out = [intro, "## All instructions\n", "| opcode | name | unit | what it does |\n|---|---|---|---|\n" + "".join(
        f"| `{i.opcode:#04x}` | [`{i.mnemonic}`](#{i.mnemonic}) | {i.unit} | {i.summary} |\n" for i in isa.instructions)]
    out.append("## Enumerations\n")
    out += [doc_enum(enum) for enum in isa.enums]
    out.append("## Composite operands\n")
    out += [doc_record(c, c.name) for c in isa.composites]
    for unit in UNITS:
        out.append(f"## Instructions of the unit `{unit}`\n")
        out += [doc_record(i, f"{i.mnemonic}") + f"\nOpcode `{i.opcode:#04x}`.\n"
                for i in isa.instructions if i.unit == unit]
    return "\n".join(out).rstrip() + "\n"


DOC_INTRO = """<!-- Made by utils/gen_isa.py from CimIsaOps.td. Do not edit; run `ninja cimc-isa-doc`. -->
# Instruction set

A core runs its *control* stream, which fires *blocks*. A block is a straight-line run of data instructions that does the
work of one output row; it has a counter `r` that is zero at the start of an inference and one higher after every firing.

An instruction is its opcode byte followed by its fields in the order of the tables below. Kinds of fields:

| kind | encoding |
|---|---|
| u32 | unsigned LEB128, at most 5 bytes, shortest form |
| i32 | signed LEB128 (two's complement), at most 5 bytes, shortest form |
| f32 | 4 bytes, little endian, IEEE 754 |
| flag | one byte, 0 or 1 |
| dims, strides | four i32, outermost first |
| an enumeration | one byte, one of the numbers in its table |
| a composite operand | its fields in order |
"""


def write_if_changed(path, text):
    path = pathlib.Path(path)
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description="make code or the manual from the instruction set's records")
    parser.add_argument("json", help="output of llvm-tblgen -dump-json on CimIsaOps.td")
    parser.add_argument("--cpp", metavar="FILE", help="write the generated part of Instructions.h")
    parser.add_argument("--doc", metavar="FILE", help="write the reference manual")
    parser.add_argument("--check", action="store_true", help="with --doc: write nothing, fail if FILE is out of date")
    args = parser.parse_args()
    isa = Isa(json.loads(pathlib.Path(args.json).read_text()))
    if args.cpp:
        write_if_changed(args.cpp, cpp(isa))
    if args.doc:
        text = doc(isa, DOC_INTRO)
        if not args.check:
            write_if_changed(args.doc, text)
        elif not pathlib.Path(args.doc).exists() or pathlib.Path(args.doc).read_text() != text:
            fail(f"'{args.doc}' is out of date; run `ninja cimc-isa-doc`")


if __name__ == "__main__":
    main()
