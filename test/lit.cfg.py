# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Configuration of the lit suite.
#
# Features:  shared  the folder with real models and data stands beside the project (or CIMC_SHARED names it);
#                    tests that need it say `REQUIRES: shared` and are reported as unsupported where it is missing.
#            plain-build  built without sanitizers, so that a program built otherwise can link the libraries.
#            onnx    /usr/bin/python3 has onnx and numpy.
#            torch   it has torch and sklearn, to train networks.
#            chromium  a browser to look at pages with; tests of what they show are unsupported without it.
# Parameter: --param verify-roundtrip=1 runs every cimc-opt with --verify-roundtrip.

import os
import shutil
import subprocess

import lit.formats
import lit.util

config.name = "cimc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test", ".yaml"]
config.excludes = ["Inputs", "lit.cfg.py", "CMakeLists.txt", "tools"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.cimc_build_dir, "test")

bin_dir = os.path.join(config.cimc_build_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, os.environ.get("PATH", "")])
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

cimc_opt = os.path.join(bin_dir, "cimc-opt")
if lit_config.params.get("verify-roundtrip"):
    cimc_opt += " --verify-roundtrip"
config.substitutions.append(("%cimc-opt", cimc_opt))
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%source", config.cimc_source_dir))
config.substitutions.append(("%utils", os.path.join(config.cimc_source_dir, "utils")))
config.substitutions.append(("%build", config.cimc_build_dir))
config.substitutions.append(("%mlir_include", config.mlir_include_dir))
config.substitutions.append(("%unittests", os.path.join(config.cimc_build_dir, "unittests")))

shared = os.environ.get("CIMC_SHARED", os.path.join(config.cimc_source_dir, "..", "shared"))
shared = os.path.realpath(shared)
if os.path.isdir(os.path.join(shared, "assets", "models")):
    config.available_features.add("shared")
else:
    lit_config.note("no folder with real models: the tests that need it are unsupported")
config.substitutions.append(("%shared", shared))

if not config.sanitize:
    config.available_features.add("plain-build")

for feature, modules in (("onnx", ["onnx", "numpy"]), ("torch", ["torch", "sklearn", "numpy"])):
    find = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    if subprocess.run([config.python, "-c", find, *modules], capture_output=True).returncode == 0:
        config.available_features.add(feature)
if "torch" not in config.available_features:
    lit_config.note("no PyTorch or scikit-learn: the tests that train networks are unsupported")

chromium = shutil.which("chromium")
if chromium:
    config.available_features.add("chromium")
else:
    lit_config.note("no chromium: the tests that look at pages in a browser are unsupported")
config.substitutions.append(("%chromium", chromium or "chromium"))
