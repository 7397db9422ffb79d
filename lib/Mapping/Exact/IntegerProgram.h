//===- IntegerProgram.h - A thin layer over the ILP solver -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimise a linear function of bounded variables, some of them whole, under linear constraints.
// Cbc does the work; this keeps its headers and conventions in one place.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_MAPPING_EXACT_INTEGERPROGRAM_H
#define CIMC_LIB_MAPPING_EXACT_INTEGERPROGRAM_H

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace cimc::mapping {

class IntegerProgram {
public:
  IntegerProgram();
  ~IntegerProgram();
  IntegerProgram(IntegerProgram &&) noexcept;

  /// Number of a new variable in [low, high].
  int addVariable(double low, double high, double cost, bool whole);
  void setCost(int variable, double cost);
  void setBounds(int variable, double low, double high);
  /// low <= sum of terms (variable, factor) <= high.
  void addConstraint(const std::vector<std::pair<int, double>> &terms, double low, double high);

  struct Solution {
    bool found = false;  ///< `values` are a solution
    bool proved = false; ///< and no other is better (or there is none)
    double cost = 0;
    double bound = 0;  ///< no solution costs less
    int64_t nodes = 0; ///< of the search tree
    std::vector<double> values;
  };
  /// Solves the program as it stands; gives up behind `maxNodes` nodes of the search tree.
  /// Solutions that cost `cutoff` or more are not looked for.
  Solution solve(int64_t maxNodes, double cutoff = std::numeric_limits<double>::infinity());
  /// The least cost where no variable need be whole; infinite where there is no solution.
  double relaxedCost();

private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

} // namespace cimc::mapping

#endif // CIMC_LIB_MAPPING_EXACT_INTEGERPROGRAM_H
