# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares accuracy reports without redundancy, with four instances of each weight, and with those
that the compiler chose."""

import json
import sys

once, four, auto = (json.load(open(path))["accuracy_report"] for path in sys.argv[1:])
for a, b in zip(once["layers"], four["layers"]):
    assert a["layer"] == b["layer"] and b["cells"] == 4 * a["cells"], (a, b)
    assert 3 < b["alone_db"] - a["alone_db"] < 9, (a, b)
assert four["outputs_db"] > once["outputs_db"] + 3, (once, four)
assert auto["outputs_db"] > once["outputs_db"] + 3, (once, auto)
