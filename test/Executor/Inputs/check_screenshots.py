#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens a page in Chromium, light and dark, wide and narrow, and checks that its scripts ran and that the pictures show something.

Usage: check_screenshots.py CHROMIUM PAGE.html WORK_DIR

The pictures stay in WORK_DIR to be looked at.
"""

import collections
import os
import re
import struct
import subprocess
import sys
import zlib

# Name, size, theme as Chromium numbers it (0 dark, 1 light).
VIEWS = [("wide-light", "1100,1800", 1), ("wide-dark", "1100,1800", 0), ("narrow-light", "420,2200", 1)]


def browse(chromium, page, work, size, theme, *options):
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1", "--virtual-time-budget=3000", "--enable-logging=stderr",
               f"--blink-settings=preferredColorScheme={theme}", f"--user-data-dir={work}/profile", f"--window-size={size}", *options, "file://" + os.path.abspath(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    if done.returncode != 0 or messages:
        sys.exit(f"chromium ended with {done.returncode}: {messages or done.stderr}")
    return done.stdout


def read_png(path):
    """Rows of (r, g, b), of a picture with 8 bits a channel, not interlaced."""
    with open(path, "rb") as file:
        content = file.read()
    at, data = 8, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        body = content[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6), (depth, colour)
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    size = 3 if colour == 2 else 4
    raw, stride, before, rows = zlib.decompress(data), width * size, bytearray(width * size), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up, corner = (line[i - size] if i >= size else 0), before[i], (before[i - size] if i >= size else 0)
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + up) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                near = min((left, up, corner), key=lambda value: abs(guess - value))
                line[i] = (line[i] + near) & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, stride, size)])
        before = line
    return rows


def main():
    chromium, page, work = sys.argv[1:]
    dom = browse(chromium, page, work, "1100,1800", 1, "--dump-dom")
    for what, pattern in [("the script ran to its end", r'<html[^>]* data-ready="true"'), ("details of a core are shown", r'<div id="core-details"[^>]*><h3>'),
                          ("the lanes are drawn", r'<canvas[^>]* style="width: [1-9]'), ("tables can be sorted", r'<th scope="col"[^>]*><button'),
                          ("the lanes are not hidden", r'<div id="timeline">'), ("the colours have names", r'<ul class="keys"><li>')]:
        if not re.search(pattern, dom):
            sys.exit(f"does not hold: {what}")
    backgrounds = {}
    for name, size, theme in VIEWS:
        path = os.path.join(work, name + ".png")
        browse(chromium, page, work, size, theme, f"--screenshot={path}")
        rows = read_png(path)
        colours = collections.Counter(pixel for row in rows[::3] for pixel in row[::2])
        width, height = map(int, size.split(","))
        if (len(rows[0]), len(rows)) != (width, height):
            sys.exit(f"{name}: the picture is {len(rows[0])} by {len(rows)}")
        backgrounds[name] = sum(rows[0][0])
        # Text, squares in several shades, layers in several hues.
        hues = sum(1 for (r, g, b), count in colours.items() if max(r, g, b) - min(r, g, b) > 60 and count >= 8)
        if len(colours) < 100 or hues < 6:
            sys.exit(f"{name}: {len(colours)} colours, {hues} strong ones")
        # Nothing is wider than the window: the page's background is at its right edge all the way down.
        edge = collections.Counter(row[-2] for row in rows)
        if edge[rows[0][0]] < 0.98 * len(rows):
            sys.exit(f"{name}: something reaches the right edge")
    if not (backgrounds["wide-light"] > 700 and backgrounds["wide-dark"] < 120):
        sys.exit(f"the theme is not followed: {backgrounds}")
    print("the page shows itself in", ", ".join(name for name, _, _ in VIEWS))


if __name__ == "__main__":
    main()
