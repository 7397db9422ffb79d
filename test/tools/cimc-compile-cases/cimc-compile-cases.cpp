//===- cimc-compile-cases.cpp - Whole compilations of many networks -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the cases that utils/random_compilations.py wrote into a folder, in one process, since
// starting a compiler takes longer than compiling one of them. Prints every failure with the
// command line that shows it again, then what was refused and why.
//
//   cimc-compile-cases FOLDER [--most-refused PERCENT] [--known SEED]... [--seed N]
//
// Exit status: 0 success, 1 a case failed or too many were refused, 2 bad input.
//
//===--------------------------------------------------------------------------===//

#include "Case.h"

#include "cimc/Pipelines/Compile.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <unistd.h>

using namespace cimc::test;

namespace {

/// After so many seconds a case counts as one that never ends; most take a tenth of a second.
constexpr unsigned kLongest = 100;

/// What a signal handler prints: the command line of the case that runs.
char running[4096];

/// Says which case crashed or did not end. Calls only what a handler may.
void reportSignal(int signal) {
  const char *what = signal == SIGALRM ? "does not end: " : "crashes: ";
  for (const char *text : {what, static_cast<const char *>(running), "\n"})
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
      break;
  _exit(1);
}

void watch(const Case &one) {
  std::string text = "seed " + std::to_string(one.seed) + ": " + one.commandLine();
  strncpy(running, text.c_str(), sizeof(running) - 1);
  alarm(kLongest);
}

std::vector<Case> readCases(const std::string &folder) {
  std::vector<Case> cases;
  std::ifstream file(folder + "/cases.json");
  for (const nlohmann::json &json : nlohmann::json::parse(file)) {
    Case one;
    json.at("seed").get_to(one.seed);
    json.at("model").get_to(one.model);
    json.at("calibrate").get_to(one.calibrate);
    json.at("target").get_to(one.target);
    json.at("settings").get_to(one.settings);
    json.at("chips").get_to(one.chips);
    json.at("objective").get_to(one.objective);
    json.at("partition").get_to(one.partition);
    json.at("pack").get_to(one.pack);
    cases.push_back(std::move(one));
  }
  return cases;
}

/// A message without the numbers and names that differ from case to case.
std::string kindOf(const std::string &message) {
  std::string kind;
  bool quoted = false;
  for (char c : message) {
    if (c == '\'')
      quoted = !quoted;
    if (c == ';' || c == '(')
      break;
    if (quoted && c != '\'')
      continue;
    bool digit = c >= '0' && c <= '9';
    if (!digit)
      kind += c;
    else if (kind.empty() || kind.back() != '#')
      kind += '#';
  }
  return kind;
}

int run(const std::string &folder, double mostRefused, const std::set<int64_t> &known,
        int64_t seed) {
  mlir::DialectRegistry registry;
  cimc::registerCompiler(registry);
  std::map<std::string, std::pair<int, int64_t>> reasons; // how often, and one seed
  int64_t total = 0, failed = 0, refused = 0, several = 0;
  for (const Case &one : readCases(folder)) {
    if (seed >= 0 && one.seed != seed)
      continue;
    watch(one);
    Outcome outcome = runCase(one, folder, registry);
    ++total;
    several += outcome.chips > 1;
    if (seed < 0 && known.contains(one.seed)) {
      bool stillFails = outcome.verdict == Verdict::Fails;
      std::cout << "seed " << one.seed << (stillFails ? " fails as known" : " fails no longer")
                << std::endl;
      failed += !stillFails;
      total -= stillFails;
    } else if (outcome.verdict == Verdict::Fails) {
      ++failed;
      std::cout << "seed " << one.seed << ": " << outcome.message << "\n  " << one.commandLine()
                << std::endl;
    } else if (outcome.verdict == Verdict::Refused) {
      ++refused;
      auto [reason, isNew] = reasons.try_emplace(kindOf(outcome.message), 0, one.seed);
      ++reason->second.first;
      if (seed >= 0)
        std::cout << outcome.message << "\n  " << one.commandLine() << "\n";
    }
  }
  alarm(0);
  std::cout << total - failed - refused << " agree, " << several << " of them on several chips; "
            << refused << " refused, " << failed << " failed\n";
  for (const auto &[reason, count] : reasons)
    std::cout << "  refused " << count.first << " times, first seed " << count.second << ": "
              << reason << "\n";
  return failed > 0 || static_cast<double>(refused) > mostRefused / 100 * static_cast<double>(total)
             ? 1
             : 0;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("cimc-compile-cases: compiles, runs and times many little networks");
  std::string folder;
  double mostRefused = 100;
  int64_t seed = -1;
  std::set<int64_t> known;
  app.add_option("FOLDER", folder, "where cases.json is")->required();
  app.add_option("--most-refused", mostRefused, "percent of the cases that may be refused");
  app.add_option("--known", known,
                 "a case that fails by a defect that is known; it must still fail")
      ->allow_extra_args(false);
  app.add_option("--seed", seed, "run this case only");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, SIGALRM})
    std::signal(signal, reportSignal);
  try {
    return run(folder, mostRefused, known, seed);
  } catch (const std::exception &error) { // of the JSON library
    std::cerr << "cimc-compile-cases: error: " << error.what() << "\n";
    return 2;
  }
}
