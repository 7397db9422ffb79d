# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The unit test programs (build/unittests/*Tests) as a suite of their own inside the lit suite.

import os

import lit.formats

config.name = "cimc-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.suffixes = []
config.excludes = []
config.test_source_root = os.path.join(config.cimc_build_dir, "unittests")
config.test_exec_root = config.test_source_root
