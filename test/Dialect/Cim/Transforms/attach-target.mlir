// RUN: %cimc-opt --cim-attach-target %s | FileCheck %s --check-prefix=GENERIC
// RUN: %cimc-opt --cim-attach-target=target=hermes %s | FileCheck %s --check-prefix=HERMES
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-attach-target=target=%source/targets/generic.yaml %s | FileCheck %s --check-prefix=GENERIC

// A target by name or by file; the last one stays.
// GENERIC: module attributes {cim.target = #cim.target<"generic", "{{[0-9A-F]+}}">}
// HERMES: module attributes {cim.target = #cim.target<"hermes", "{{[0-9A-F]+}}">}
module {}
