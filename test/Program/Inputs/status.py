# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""status.py N COMMAND...: fails unless the command's exit status is N."""
import subprocess
import sys

status = subprocess.run(sys.argv[2:], capture_output=True).returncode
sys.exit(0 if status == int(sys.argv[1]) else f"exit status {status}, expected {sys.argv[1]}")
