//===- Fields.h - Attributes of instructions and members of structs -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pair of functions per kind of field: fromAttr reads an attribute into a member, toAttr makes
// the attribute of a member. With the field visitors of Instructions.h this is all that
// instructions need.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSLATION_FIELDS_H
#define CIMC_LIB_TRANSLATION_FIELDS_H

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Program/Instructions.h"

namespace cimc::translation {

/// The attribute class of an enum of the instruction set.
template <class E> struct EnumAttrOf;
template <> struct EnumAttrOf<program::Format> {
  using type = isa::FormatAttr;
};
template <> struct EnumAttrOf<program::UnaryFn> {
  using type = isa::UnaryFnAttr;
};
template <> struct EnumAttrOf<program::BinaryFn> {
  using type = isa::BinaryFnAttr;
};
template <> struct EnumAttrOf<program::ReduceFn> {
  using type = isa::ReduceFnAttr;
};
template <> struct EnumAttrOf<program::Direction> {
  using type = isa::DirectionAttr;
};

//===--------------------------------------------------------------------------===//
// Attribute to member
//===--------------------------------------------------------------------------===//

inline void fromAttr(mlir::Attribute attr, uint32_t &member) {
  member = static_cast<uint32_t>(llvm::cast<mlir::IntegerAttr>(attr).getValue().getZExtValue());
}
inline void fromAttr(mlir::Attribute attr, int32_t &member) {
  member = static_cast<int32_t>(llvm::cast<mlir::IntegerAttr>(attr).getValue().getSExtValue());
}
inline void fromAttr(mlir::Attribute attr, float &member) {
  member = llvm::cast<mlir::FloatAttr>(attr).getValue().convertToFloat();
}
inline void fromAttr(mlir::Attribute attr, bool &member) {
  member = llvm::cast<mlir::BoolAttr>(attr).getValue();
}
inline void fromAttr(mlir::Attribute attr, std::array<int32_t, 4> &member) {
  llvm::copy(llvm::cast<mlir::DenseI32ArrayAttr>(attr).asArrayRef(), member.begin());
}
inline void fromAttr(mlir::Attribute attr, program::Row &member) {
  auto row = llvm::cast<isa::RowAttr>(attr);
  member = {row.getBuffer(), row.getMul(), row.getDiv(), row.getAdd(), row.getOffset()};
}
inline void fromAttr(mlir::Attribute attr, program::Window &member) {
  auto window = llvm::cast<isa::WindowAttr>(attr);
  member = {window.getBuffer(),    window.getMul(),     window.getDiv(),     window.getAdd(),
            window.getHeight(),    window.getWidth(),   window.getPitch(),   window.getChannel(),
            window.getChannels(),  window.getKernelH(), window.getKernelW(), window.getDilationH(),
            window.getDilationW(), window.getStrideW(), window.getPadLeft(), window.getPositions(),
            window.getPadValue()};
}
template <program::InstructionEnum E> void fromAttr(mlir::Attribute attr, E &member) {
  member = static_cast<E>(llvm::cast<typename EnumAttrOf<E>::type>(attr).getValue());
}

//===--------------------------------------------------------------------------===//
// Member to attribute
//===--------------------------------------------------------------------------===//

inline mlir::Attribute toAttr(mlir::Builder &builder, uint32_t member) {
  return builder.getI32IntegerAttr(static_cast<int32_t>(member));
}
inline mlir::Attribute toAttr(mlir::Builder &builder, int32_t member) {
  return builder.getI32IntegerAttr(member);
}
inline mlir::Attribute toAttr(mlir::Builder &builder, float member) {
  return builder.getF32FloatAttr(member);
}
inline mlir::Attribute toAttr(mlir::Builder &builder, bool member) {
  return builder.getBoolAttr(member);
}
inline mlir::Attribute toAttr(mlir::Builder &builder, const std::array<int32_t, 4> &member) {
  return builder.getDenseI32ArrayAttr(member);
}
inline mlir::Attribute toAttr(mlir::Builder &builder, const program::Row &member) {
  return std::apply(
      [&](auto... field) { return isa::RowAttr::get(builder.getContext(), field...); },
      program::tieFields(member));
}
inline mlir::Attribute toAttr(mlir::Builder &builder, const program::Window &member) {
  return std::apply(
      [&](auto... field) { return isa::WindowAttr::get(builder.getContext(), field...); },
      program::tieFields(member));
}
template <program::InstructionEnum E> mlir::Attribute toAttr(mlir::Builder &builder, E member) {
  using EnumAttr = typename EnumAttrOf<E>::type;
  return EnumAttr::get(builder.getContext(),
                       static_cast<decltype(std::declval<EnumAttr>().getValue())>(member));
}

} // namespace cimc::translation

#endif // CIMC_LIB_TRANSLATION_FIELDS_H
