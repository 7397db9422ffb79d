# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Shared by the scripts of this folder: set-up on Debian 12, and the build. Sourced, not run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${CIMC_BUILD:-$ROOT/build}
JOBS=${CIMC_JOBS:-$(nproc)}

# Everything that the build and the tests need, all from Debian 12.
PACKAGES=(
  g++ cmake ninja-build ccache python3
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools lld-22
  libonnx-dev libprotobuf-dev protobuf-compiler
  libflatbuffers-dev flatbuffers-compiler libxxhash-dev
  libdnnl-dev libhwy-dev coinor-libcbc-dev libcli11-dev nlohmann-json3-dev librandom123-dev
  libgtest-dev python3-numpy python3-onnx python3-psutil
)

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Installs what is missing, as root or with sudo.
install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script installs its packages with apt; on another system install them by hand: ${PACKAGES[*]}"
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "all packages are installed"
    return
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing, and there is neither root nor sudo to install them: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq ||
    say "apt-get update failed; trying with the package lists that are there"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$BUILD-apt.log" 2>&1 || {
    tail -n 20 "$BUILD-apt.log" >&2
    die "apt-get could not install ${missing[*]} (whole output: $BUILD-apt.log); LLVM and MLIR 22 are in Debian 12's security suite, which must be among the sources"
  }
  rm -f "$BUILD-apt.log"
}

# build [TARGET...]: configures on the first call, then builds.
build() {
  if [ ! -f "$BUILD/build.ninja" ]; then
    say "configuring in $BUILD"
    mkdir -p "$BUILD"
    cmake -G Ninja -S "$ROOT" -B "$BUILD" -DCMAKE_BUILD_TYPE=Release >"$BUILD/configure.log" 2>&1 || {
      grep -A 8 'CMake Error' "$BUILD/configure.log" | head -n 30 >&2
      die "cmake failed (whole output: $BUILD/configure.log)"
    }
  fi
  say "building $* with $JOBS jobs"
  ninja -C "$BUILD" -j "$JOBS" "$@" || die "the build failed"
}
