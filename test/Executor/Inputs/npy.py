# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes and prints small .npy files without NumPy.

npy.py make FILE DESCR SHAPE VALUE   every element is VALUE; SHAPE is like 2,4,16
npy.py show FILE                     type, shape and elements
"""

import math
import struct
import sys

CODES = {"f4": "f", "f8": "d", "i1": "b", "u1": "B", "i4": "i", "i8": "q"}


def make(path, descr, shape, value):
    extents = [int(extent) for extent in shape.split(",")]
    count = math.prod(extents)
    code = CODES[descr[1:]]
    number = float(value) if code in "fd" else int(value)
    tuple_text = "(" + "".join(f"{extent}, " for extent in extents) + ")"
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple_text}, }}\n".encode()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"<{count}{code}", *[number] * count))


def show(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<H", content[8:10])
    header = eval(content[10 : 10 + length].decode(), {})
    data = content[10 + length :]
    count = math.prod(header["shape"])
    values = struct.unpack(f"<{count}{CODES[header['descr'][1:]]}", data)
    print(header["descr"], header["shape"], *values)


{"make": make, "show": show}[sys.argv[1]](*sys.argv[2:])
