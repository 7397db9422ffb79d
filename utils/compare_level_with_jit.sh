#!/bin/sh
# Runs a level written as MLIR through upstream's JIT and through cimc-run, and compares all outputs.
#
# Usage: compare_level_with_jit.sh WORK_PREFIX LEVEL.mlir "CIMC OPTIONS" INPUT [COMPARE OPTIONS]
#
# INPUT is one [name=]X.npy, or several with spaces between them. Without compare options every bit must agree. The tools are taken from PATH.
set -eu
work=$1 level=$2 options=$3 inputs=$4
shift 4
utils=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}
# shellcheck disable=SC2086
cimc "$level" $options -q -o "$work.cimb"
given= jit= run=
for input in $inputs; do
  given="$given --input $input"
done
names=$(cimc-objdump --headers "$work.cimb" | sed -n "s,^  '\(.*\)' *output .*,\1,p")
for name in $names; do
  jit="$jit --output $work-$name-jit.npy" run="$run --output $name=$work-$name-run.npy"
done
# shellcheck disable=SC2086
cimc-jit "$level" $given $jit
# shellcheck disable=SC2086
cimc-run "$work.cimb" $given $run > "$work.log"
for name in $names; do
  "$python" "$utils/compare_npy.py" "$work-$name-jit.npy" "$work-$name-run.npy" "$@"
done
