//===- Progress.h - A progress bar on the terminal -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shows a line on standard error once a run has taken more than a second, and only if that is a
// terminal.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_RUN_PROGRESS_H
#define CIMC_TOOLS_CIMC_RUN_PROGRESS_H

#include <chrono>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace cimc::run {

class Progress {
public:
  Progress() : terminal(isatty(STDERR_FILENO)) {}
  ~Progress() {
    if (shown)
      std::fprintf(stderr, "\r\033[K");
  }

  void operator()(size_t done, size_t total) {
    Clock::time_point now = Clock::now();
    if (!terminal || now - start < std::chrono::seconds(1) ||
        now - last < std::chrono::milliseconds(100))
      return;
    constexpr size_t kWidth = 40;
    double seconds = std::chrono::duration<double>(now - start).count();
    double share = static_cast<double>(done) / static_cast<double>(total);
    auto filled = static_cast<size_t>(share * kWidth);
    std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
    std::fprintf(stderr, "\r[%s] %zu/%zu, %.0f s left\033[K", bar.c_str(), done, total,
                 seconds / share - seconds);
    last = now;
    shown = true;
  }

private:
  using Clock = std::chrono::steady_clock;
  const bool terminal;
  const Clock::time_point start = Clock::now();
  Clock::time_point last{};
  bool shown = false;
};

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_PROGRESS_H
