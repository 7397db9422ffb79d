// RUN: not %cimc-opt --cim-hold-rows=share=1.5 %s 2>&1 | FileCheck %s
// RUN: not %cimc-opt --cim-hold-rows=share=-1 %s 2>&1 | FileCheck %s --check-prefix=LOW

// CHECK: error: share must be between 0 and 1, is 1.5
// LOW: error: share must be between 0 and 1, is -1
