// RUN: not %cimc-opt --cim-attach-target=target=nowhere %s 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not %cimc-opt --cim-attach-target=target=%t.missing.yaml %s 2>&1 | FileCheck %s --check-prefix=FILE

// NAME: error: {{.*}}'nowhere'
// FILE: error: {{.*}}.missing.yaml
module {}
