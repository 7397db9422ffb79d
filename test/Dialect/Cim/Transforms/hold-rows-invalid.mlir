// RUN: not %cimc-opt --cim-hold-rows=share=1.5 %s 2>&1 | FileCheck %s
// RUN: not %cimc-opt --cim-hold-rows=share=-1 %s 2>&1 | FileCheck %s --check-prefix=LOW

// RUN: not %cimc-opt --cim-hold-rows="stages=0:2" %s 2>&1 | FileCheck %s --check-prefix=STAGE
// RUN: not %cimc-opt --cim-hold-rows="stages=7:1" %s 2>&1 | FileCheck %s --check-prefix=COUNT
// CHECK: error: share must be between 0 and 1, is 1.5
// LOW: error: share must be between 0 and 1, is -1
// STAGE: error: stages are NUMBER:SHARE with a share between 0 and 1, got '0:2'
// COUNT: error: '7:1' names stage 7, but there are 0 stages
