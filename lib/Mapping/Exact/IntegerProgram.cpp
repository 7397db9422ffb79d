//===- IntegerProgram.cpp - A thin layer over the ILP solver ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "IntegerProgram.h"

#include <coin/Cbc_C_Interface.h>

#include <cmath>
#include <cstdlib>

namespace cimc::mapping {

struct IntegerProgram::Implementation {
  struct Column {
    double low, high, cost;
    bool whole;
  };
  struct Row {
    std::vector<std::pair<int, double>> terms;
    double low, high;
  };
  std::vector<Column> columns;
  std::vector<Row> rows;

  using Model = std::unique_ptr<Cbc_Model, void (*)(Cbc_Model *)>;
  Model makeModel(bool relaxed) const;
};

IntegerProgram::IntegerProgram() : implementation(std::make_unique<Implementation>()) {}
IntegerProgram::~IntegerProgram() = default;
IntegerProgram::IntegerProgram(IntegerProgram &&) noexcept = default;

int IntegerProgram::addVariable(double low, double high, double cost, bool whole) {
  implementation->columns.push_back({low, high, cost, whole});
  return static_cast<int>(implementation->columns.size()) - 1;
}

void IntegerProgram::setCost(int variable, double cost) {
  implementation->columns[static_cast<size_t>(variable)].cost = cost;
}

void IntegerProgram::setBounds(int variable, double low, double high) {
  auto &column = implementation->columns[static_cast<size_t>(variable)];
  column.low = low;
  column.high = high;
}

void IntegerProgram::addConstraint(const std::vector<std::pair<int, double>> &terms, double low,
                                   double high) {
  implementation->rows.push_back({terms, low, high});
}

/// A row as the solver takes it: equations and one-sided rows have letters, ranges are two rows.
static void addRow(Cbc_Model *model, const std::vector<std::pair<int, double>> &terms, char sense,
                   double right) {
  std::vector<int> columns;
  std::vector<double> factors;
  for (auto [column, factor] : terms) {
    columns.push_back(column);
    factors.push_back(factor);
  }
  Cbc_addRow(model, "", static_cast<int>(columns.size()), columns.data(), factors.data(), sense,
             right);
}

IntegerProgram::Implementation::Model
IntegerProgram::Implementation::makeModel(bool relaxed) const {
  Model model(Cbc_newModel(), Cbc_deleteModel);
  Cbc_setParameter(model.get(), "log", "0");
  Cbc_setLogLevel(model.get(), 0); // of a program without whole variables
  Cbc_setParameter(model.get(), "threads", "0");
  for (const Column &column : columns)
    Cbc_addCol(model.get(), "", column.low, column.high, column.cost,
               column.whole && !relaxed ? 1 : 0, 0, nullptr, nullptr);
  for (const Row &row : rows) {
    if (row.low == row.high) {
      addRow(model.get(), row.terms, 'E', row.low);
      continue;
    }
    if (std::isfinite(row.low))
      addRow(model.get(), row.terms, 'G', row.low);
    if (std::isfinite(row.high))
      addRow(model.get(), row.terms, 'L', row.high);
  }
  Cbc_setObjSense(model.get(), 1);
  return model;
}

IntegerProgram::Solution IntegerProgram::solve(int64_t maxNodes, double cutoff) {
  Implementation::Model model = implementation->makeModel(false);
  Cbc_setParameter(model.get(), "randomCbcSeed", "1");
  Cbc_setParameter(model.get(), "ratioGap", "0");
  // Trees are small here, and what is meant to keep them small costs more than they do.
  Cbc_setParameter(model.get(), "heur", "off");
  Cbc_setParameter(model.get(), "cuts", "off");
  Cbc_setParameter(model.get(), "strong", "1");
  Cbc_setParameter(model.get(), "maxNodes", std::to_string(maxNodes).c_str());
  if (std::isfinite(cutoff))
    Cbc_setParameter(model.get(), "cutoff", std::to_string(cutoff).c_str());
  Cbc_solve(model.get());
  Solution solution;
  solution.bound = Cbc_getBestPossibleObjValue(model.get());
  solution.proved = Cbc_isProvenOptimal(model.get()) || Cbc_isProvenInfeasible(model.get());
  solution.nodes = Cbc_getNodeCount(model.get());
  const double *values = Cbc_bestSolution(model.get());
  if (!values)
    return solution;
  solution.found = true;
  solution.cost = Cbc_getObjValue(model.get());
  solution.values.assign(values, values + implementation->columns.size());
  return solution;
}

double IntegerProgram::relaxedCost() {
  Implementation::Model model = implementation->makeModel(true);
  Cbc_solve(model.get());
  return Cbc_isProvenOptimal(model.get()) ? Cbc_getObjValue(model.get())
                                          : std::numeric_limits<double>::infinity();
}

} // namespace cimc::mapping
