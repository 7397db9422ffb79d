#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that what the README quotes from the tools is what they print.

usage: check_readme.py README.md OUTPUT

Every line of the README's code blocks without a language must stand in OUTPUT. Steps of the script (`==>`) and lines with the time
that this machine took are left out.
"""

import pathlib
import re
import sys

LEFT_OUT = re.compile(r"==>|evaluated \d+ samples in|\d+ inferences of ")


def main():
    readme, output = (pathlib.Path(path).read_text() for path in sys.argv[1:])
    printed = {line.strip() for line in output.splitlines()}
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", readme, re.S | re.M)
    quoted = [line.strip() for language, block in blocks if not language for line in block.splitlines()]
    quoted = [line for line in quoted if line and not LEFT_OUT.match(line)]
    missing = [line for line in quoted if line not in printed]
    for line in missing:
        print(f"the README quotes what is not printed: {line}")
    print(f"{len(quoted)} lines checked, {len(missing)} problems")
    sys.exit(1 if missing or not quoted else 0)


if __name__ == "__main__":
    main()
