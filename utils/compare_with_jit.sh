#!/bin/sh
# Runs the same quantised level through upstream's JIT and through cimc-run, and compares all outputs.
#
# Usage: compare_with_jit.sh WORK_PREFIX MODEL.onnx INPUT.npy "CIMC OPTIONS" [COMPARE OPTIONS]
#
# Without compare options every bit must agree. The tools are taken from PATH.
set -eu
work=$1 model=$2 input=$3 options=$4
shift 4
utils=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}
# shellcheck disable=SC2086
cimc "$model" --target hermes $options --emit=quantized -q -o "$work.mlir"
cimc "$work.mlir" --target hermes -q -o "$work.cimb"
cimc-jit "$work.mlir" --input "$input" --output "$work-jit.npy"
cimc-run "$work.cimb" --input "$input" --output "$work-run.npy" > "$work.log"
"$python" "$utils/compare_npy.py" "$work-jit.npy" "$work-run.npy" "$@"
