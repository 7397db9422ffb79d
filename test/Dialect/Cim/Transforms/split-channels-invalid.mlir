// RUN: not %cimc-opt --cim-split-channels %s 2>&1 | FileCheck %s

// How wide a row may be is the machine's matter.
// CHECK: error: module has no attribute 'cim.target', attach a target with 'cim-attach-target'
func.func @main() {
  return
}
