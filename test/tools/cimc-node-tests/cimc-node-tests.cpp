//===- cimc-node-tests.cpp - ONNX's node tests through the JIT ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   cimc-node-tests FOLDER [--filter TEXT] [--jobs N] [--seconds N] [--output FILE]
//
// Runs every test of the folder in a process of its own and prints one line per test, in the order
// of their names: the name and what NodeTest.h says, or `crashed` or `timeout`. Exit status 0
// unless a test crashed or took too long.
//
//===--------------------------------------------------------------------------===//

#include "NodeTest.h"

#include "../Jit/Jit.h"

#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace cimc;

namespace {

using Clock = std::chrono::steady_clock;

/// A test that is running.
struct Child {
  pid_t process;
  int pipe;
  size_t index;
  Clock::time_point deadline;
  std::string text;
  bool timedOut = false;
};

class Runner {
public:
  Runner(std::vector<std::string> folders, size_t jobs, int seconds)
      : folders(std::move(folders)), jobs(jobs), seconds(seconds) {
    test::registerJit(registry);
  }

  /// The outcome of each folder.
  std::vector<std::string> run() {
    results.resize(folders.size());
    for (size_t next = 0; next < folders.size() || !running.empty();) {
      while (next < folders.size() && running.size() < jobs)
        start(next++);
      wait();
    }
    return std::move(results);
  }

  bool broken = false; ///< a test crashed or took too long

private:
  void start(size_t index) {
    int ends[2];
    if (pipe(ends) != 0)
      llvm::report_fatal_error("cannot make a pipe");
    pid_t process = fork();
    if (process == 0) {
      close(ends[0]);
      std::string text = test::runNodeTest(folders[index], registry);
      ssize_t written = write(ends[1], text.data(), text.size());
      _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    running.push_back({process, ends[0], index, Clock::now() + std::chrono::seconds(seconds), {}});
  }

  /// Waits until something happens, and takes what the tests say.
  void wait() {
    std::vector<pollfd> polls;
    for (const Child &child : running)
      polls.push_back({child.pipe, POLLIN, 0});
    poll(polls.data(), polls.size(), 200);
    std::vector<Child> left;
    for (size_t i = 0; i < running.size(); ++i) {
      Child &child = running[i];
      if (!child.timedOut && Clock::now() > child.deadline) {
        child.timedOut = true;
        kill(child.process, SIGKILL);
      }
      char buffer[4096];
      ssize_t count = polls[i].revents ? read(child.pipe, buffer, sizeof(buffer)) : -1;
      if (count > 0)
        child.text.append(buffer, static_cast<size_t>(count));
      if (count == 0)
        finish(child);
      else
        left.push_back(std::move(child));
    }
    running = std::move(left);
  }

  void finish(Child &child) {
    int status = 0;
    close(child.pipe);
    waitpid(child.process, &status, 0);
    bool crashed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    broken |= crashed;
    if (child.timedOut)
      child.text = "- timeout: took more than " + std::to_string(seconds) + " seconds";
    else if (crashed)
      child.text = WIFSIGNALED(status)
                       ? std::string("- crashed: ") + strsignal(WTERMSIG(status))
                       : "- crashed: exit status " + std::to_string(WEXITSTATUS(status));
    results[child.index] = std::move(child.text);
  }

  std::vector<std::string> folders;
  size_t jobs;
  int seconds;
  DialectRegistry registry;
  std::vector<Child> running;
  std::vector<std::string> results;
};

/// One line, and short enough to read.
std::string tidy(std::string text) {
  text = text.substr(0, text.find('\n'));
  return text.size() > 240 ? text.substr(0, 240) + "..." : text;
}

/// The class of an outcome: the word behind the operators.
std::string classOf(const std::string &text) {
  size_t start = text.find(' ') + 1;
  return text.substr(start, text.find_first_of(": ", start) - start);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("cimc-node-tests: runs ONNX's node tests through upstream's JIT");
  std::string root, filter, output;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  int seconds = 60;
  app.add_option("FOLDER", root, "folder of the tests, or one test")->required();
  app.add_option("--filter", filter, "only tests whose names hold this");
  app.add_option("--jobs", jobs, "processes at a time");
  app.add_option("--seconds", seconds, "time for one test");
  app.add_option("--output", output, "write the lines to this file");
  CLI11_PARSE(app, argc, argv);

  std::vector<std::string> names, folders;
  std::error_code code;
  for (const auto &entry : std::filesystem::directory_iterator(root, code))
    if (std::filesystem::exists(entry.path() / "model.onnx") &&
        entry.path().filename().string().find(filter) != std::string::npos)
      names.push_back(entry.path().filename().string());
  if (names.empty()) {
    llvm::errs() << "cimc-node-tests: error: '" << root << "' holds no tests\n";
    return 2;
  }
  std::sort(names.begin(), names.end());
  for (const std::string &name : names)
    folders.push_back(root + "/" + name);
  Runner runner(folders, jobs, seconds);
  std::vector<std::string> results = runner.run();

  std::string text;
  std::map<std::string, int> classes;
  for (size_t i = 0; i < names.size(); ++i) {
    // Messages name files; where the tests lie is nobody's concern.
    for (size_t at; (at = results[i].find(folders[i] + "/")) != std::string::npos;)
      results[i].erase(at, folders[i].size() + 1);
    text += names[i] + " " + tidy(results[i]) + "\n";
    ++classes[classOf(results[i])];
  }
  if (output.empty())
    llvm::outs() << text;
  else
    std::ofstream(output) << text;
  for (const auto &[name, count] : classes)
    llvm::errs() << name << " " << count << "\n";
  return runner.broken ? 1 : 0;
}
