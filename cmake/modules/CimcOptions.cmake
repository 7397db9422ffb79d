# Options, compiler flags, and the linker and compiler cache that keep builds short.

option(CIMC_BUILD_TESTS "Build the tests" ON)
option(CIMC_BUILD_BENCHMARKS "Build the benchmarks" OFF)
option(CIMC_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
set(CIMC_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

find_program(LLD_PROGRAM NAMES ld.lld-22 ld.lld PATHS /usr/lib/llvm-22/bin)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld -B/usr/lib/llvm-22/bin)
endif()

# GCC 12 sees overlaps in std::string's operator+ that are not there.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()

# Numbers must not depend on the compiler's freedom: no contraction, no reassociation.
add_compile_options(-Wall -Wextra -Wno-unused-parameter -ffp-contract=off -fno-math-errno)
if(CIMC_SANITIZE)
  add_compile_options(-fsanitize=${CIMC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CIMC_SANITIZE})
endif()
