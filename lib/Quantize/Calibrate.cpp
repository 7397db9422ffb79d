//===- Calibrate.cpp - Ranges of a float model's tensors ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first run over the samples gives every tensor's smallest and largest element. Percentile and
// mean squared error need the distribution: a second run counts magnitudes in 2048 bins up to the
// largest, and adds up the channels of layers' inputs as fractions of it. Counts and sums are whole
// numbers per thread, added at the end, so that nothing depends on the number of threads.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Quantize/Calibrate.h"

#include "cimc/Reference/Evaluator.h"
#include "cimc/Transforms/Loops.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;

namespace cimc::quantize {
namespace {

constexpr int64_t kBins = 2048;

/// What one thread has seen of one tensor.
struct Statistics {
  float lo = 0.0f, hi = 0.0f;
  bool finite = true;
  std::vector<int64_t> bins;
  std::vector<int64_t> sums;  ///< by channel, of x / largest * kUnit
  std::vector<float> largest; ///< by channel, magnitudes
};

/// What the largest magnitude counts as in the sums of channels.
constexpr double kUnit = 1 << 24;

/// Whether a layer that multiplies channels by weights reads `value`.
bool feedsLayer(Value value) {
  return llvm::any_of(value.getUses(), [](OpOperand &use) {
    return use.getOperandNumber() == 0 &&
           isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::MatMulOp>(use.getOwner());
  });
}

/// All tensors of the function that are measured, with one Statistics per thread.
class Observations {
public:
  Observations(func::FuncOp function, unsigned threads) : perThread(threads) {
    for (BlockArgument argument : function.getArguments())
      add(argument);
    for (Operation *op : networkOps(function))
      if (!op->hasTrait<OpTrait::ConstantLike>())
        for (Value result : op->getResults())
          add(result);
    for (auto &all : perThread)
      all.resize(values.size());
  }

  ArrayRef<Value> tensors() const { return values; }

  void measure(unsigned thread, Value value, ArrayRef<char> data) {
    auto it = index.find(value);
    if (it == index.end())
      return;
    Statistics &s = perThread[thread][it->second];
    // A NaN or infinity makes the sum of (x - x) other than zero.
    float lo = s.lo, hi = s.hi, odd = 0.0f;
    for (float x : floats(data)) {
      lo = x < lo ? x : lo;
      hi = x > hi ? x : hi;
      odd += x - x;
    }
    s.lo = lo, s.hi = hi, s.finite &= odd == 0.0f;
  }

  void count(unsigned thread, Value value, ArrayRef<char> data) {
    auto it = index.find(value);
    if (it == index.end())
      return;
    Statistics &s = perThread[thread][it->second];
    s.bins.resize(kBins);
    float toBin = kBins / std::max(largest[it->second], 1e-30f);
    for (float x : floats(data))
      ++s.bins[std::min<int64_t>(static_cast<int64_t>(std::fabs(x) * toBin), kBins - 1)];
    if (!feeding[it->second])
      return;
    int64_t channels = cast<RankedTensorType>(value.getType()).getShape().back();
    s.sums.resize(channels);
    double toUnit = kUnit / std::max(largest[it->second], 1e-30f);
    ArrayRef<float> elements = floats(data);
    for (size_t i = 0; i < elements.size(); ++i)
      s.sums[i % channels] += std::llround(elements[i] * toUnit);
  }

  /// Takes the largest magnitude of each channel of a layer's input.
  void measureChannels(unsigned thread, Value value, ArrayRef<char> data) {
    auto it = index.find(value);
    if (it == index.end() || !feeding[it->second])
      return;
    std::vector<float> &most = perThread[thread][it->second].largest;
    auto channels = static_cast<size_t>(cast<RankedTensorType>(value.getType()).getShape().back());
    most.resize(channels);
    ArrayRef<float> elements = floats(data);
    for (size_t row = 0; row < elements.size(); row += channels)
      for (size_t c = 0; c < channels; ++c)
        most[c] = std::max(most[c], std::fabs(elements[row + c]));
  }

  /// The means of a tensor's channels, from the sums in `all`.
  std::vector<float> means(size_t tensor, const Statistics &all) const {
    std::vector<float> result;
    int64_t count = 0;
    for (int64_t inBin : all.bins)
      count += inBin;
    double perChannel = static_cast<double>(count) / std::max<size_t>(all.sums.size(), 1);
    for (int64_t sum : all.sums)
      result.push_back(static_cast<float>(static_cast<double>(sum) / kUnit * largest[tensor] /
                                          std::max(perChannel, 1.0)));
    return result;
  }

  /// The threads' statistics together; call between and after the runs.
  Statistics merged(size_t tensor) const {
    Statistics all;
    for (const auto &thread : perThread) {
      const Statistics &s = thread[tensor];
      all.lo = std::min(all.lo, s.lo), all.hi = std::max(all.hi, s.hi), all.finite &= s.finite;
      all.bins.resize(std::max(all.bins.size(), s.bins.size()));
      for (size_t i = 0; i < s.bins.size(); ++i)
        all.bins[i] += s.bins[i];
      all.sums.resize(std::max(all.sums.size(), s.sums.size()));
      for (size_t i = 0; i < s.sums.size(); ++i)
        all.sums[i] += s.sums[i];
      all.largest.resize(std::max(all.largest.size(), s.largest.size()));
      for (size_t i = 0; i < s.largest.size(); ++i)
        all.largest[i] = std::max(all.largest[i], s.largest[i]);
    }
    return all;
  }

  void fixLargest() {
    for (size_t i = 0; i < values.size(); ++i) {
      Statistics s = merged(i);
      largest.push_back(std::max(-s.lo, s.hi));
    }
  }

private:
  static ArrayRef<float> floats(ArrayRef<char> data) {
    return {reinterpret_cast<const float *>(data.data()), data.size() / sizeof(float)};
  }

  void add(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    Operation *op = value.getDefiningOp();
    if (!type || !type.getElementType().isF32() ||
        (op && op->getName().getStringRef() == "tensor.empty"))
      return;
    index[value] = values.size();
    values.push_back(value);
    feeding.push_back(type.getRank() > 0 && feedsLayer(value));
  }

  SmallVector<Value> values;
  std::vector<bool> feeding;
  DenseMap<Value, size_t> index;
  std::vector<std::vector<Statistics>> perThread;
  std::vector<float> largest;
};

/// The magnitude that `percent` of all elements do not exceed.
double percentileBound(ArrayRef<int64_t> bins, double largest, double percent) {
  int64_t total = 0, seen = 0;
  for (int64_t count : bins)
    total += count;
  for (size_t i = 0; i < bins.size(); ++i) {
    seen += bins[i];
    if (static_cast<double>(seen) >= percent / 100.0 * static_cast<double>(total))
      return largest * static_cast<double>(i + 1) / kBins;
  }
  return largest;
}

/// The bound at which rounding and clipping cost least, tried in steps of a hundredth of the
/// largest magnitude.
double mseBound(ArrayRef<int64_t> bins, double largest, unsigned bits) {
  double steps = (1 << (bits - 1)) - 1, best = largest,
         least = std::numeric_limits<double>::infinity();
  for (int percent = 100; percent >= 10; --percent) {
    double bound = largest * percent / 100.0, step = bound / steps, error = 0;
    for (size_t i = 0; i < bins.size(); ++i) {
      double x = largest * (static_cast<double>(i) + 0.5) / kBins;
      double q = std::min(std::nearbyint(x / step), steps) * step;
      // Inside a bin the rounding error is spread evenly if the step is smaller than the bin.
      double rounding =
          x <= bound ? std::max((x - q) * (x - q), step * step / 12.0 * (step < largest / kBins))
                     : (x - q) * (x - q);
      error += static_cast<double>(bins[i]) * rounding;
    }
    if (error < least)
      least = error, best = bound;
  }
  return best;
}

TensorRange chooseRange(Value value, const Statistics &s, const Options &options) {
  TensorRange range{value, s.lo, s.hi, {}};
  if (options.method == Method::MinMax)
    return range;
  double largest = std::max(-range.lo, range.hi);
  bool oneSided = options.asymmetric && (range.lo == 0 || range.hi == 0);
  double bound = options.method == Method::Percentile
                     ? percentileBound(s.bins, largest, options.percentile)
                     : mseBound(s.bins, largest, options.bits + (oneSided ? 1 : 0));
  range.lo = std::max(range.lo, -bound);
  range.hi = std::min(range.hi, bound);
  return range;
}

LogicalResult checkFinite(const Observations &observations) {
  for (auto [i, value] : llvm::enumerate(observations.tensors()))
    if (!observations.merged(i).finite)
      return emitError(value.getLoc()) << "became infinite or NaN for a calibration sample; "
                                          "weights and samples must be finite";
  return success();
}

} // namespace

std::optional<Method> parseMethod(StringRef name) {
  return llvm::StringSwitch<std::optional<Method>>(name)
      .Case("", Options().method)
      .Case("minmax", Method::MinMax)
      .Case("percentile", Method::Percentile)
      .Case("mse", Method::Mse)
      .Default(std::nullopt);
}

FailureOr<RangeTable> measureRanges(func::FuncOp function, int64_t samples,
                                    ArrayRef<const char *> inputs, const Options &options) {
  if (samples < 1)
    return function.emitError("calibration needs at least one sample");
  FailureOr<std::unique_ptr<reference::Evaluator>> evaluator =
      reference::Evaluator::create(function);
  if (failed(evaluator))
    return failure();
  unsigned threads = options.threads ? options.threads : reference::defaultThreads();
  Observations observations(function, threads);
  SmallVector<char *> outputs(function.getNumResults(), nullptr);
  reference::runSamples(**evaluator, samples, inputs, outputs, threads,
                        [&](unsigned thread, int64_t, Value value, ArrayRef<char> data) {
                          observations.measure(thread, value, data);
                        });
  if (failed(checkFinite(observations)))
    return failure();
  observations.fixLargest();
  reference::runSamples(**evaluator, samples, inputs, outputs, threads,
                        [&](unsigned thread, int64_t, Value value, ArrayRef<char> data) {
                          observations.count(thread, value, data);
                        });
  RangeTable table;
  for (auto [i, value] : llvm::enumerate(observations.tensors())) {
    Statistics all = observations.merged(i);
    table.push_back(chooseRange(value, all, options));
    table.back().means = observations.means(i, all);
  }
  return table;
}

LogicalResult measureChannels(func::FuncOp function, int64_t samples, ArrayRef<const char *> inputs,
                              const Options &options) {
  if (samples < 1)
    return function.emitError("calibration needs at least one sample");
  FailureOr<std::unique_ptr<reference::Evaluator>> evaluator =
      reference::Evaluator::create(function);
  if (failed(evaluator))
    return failure();
  unsigned threads = options.threads ? options.threads : reference::defaultThreads();
  Observations observations(function, threads);
  SmallVector<char *> outputs(function.getNumResults(), nullptr);
  reference::runSamples(**evaluator, samples, inputs, outputs, threads,
                        [&](unsigned thread, int64_t, Value value, ArrayRef<char> data) {
                          observations.measureChannels(thread, value, data);
                        });
  for (auto [i, value] : llvm::enumerate(observations.tensors())) {
    std::vector<float> largest = observations.merged(i).largest;
    Operation *op = value.getDefiningOp();
    if (op && op->getNumResults() == 1 && !largest.empty())
      op->setAttr("cim.largest", Builder(op->getContext()).getDenseF32ArrayAttr(largest));
  }
  return success();
}

bool needsCalibration(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  return function && !function.isExternal() && hasUnquantizedLayer(function);
}

/// Loops have several results: their attribute is an array with a range, or unit, for each.
static void setRange(OpResult result, ArrayAttr range) {
  Operation *op = result.getOwner();
  if (op->getNumResults() == 1)
    return op->setAttr("cim.range", range);
  SmallVector<Attribute> all(op->getNumResults(), UnitAttr::get(op->getContext()));
  if (auto known = op->getAttrOfType<ArrayAttr>("cim.range"))
    all.assign(known.begin(), known.end());
  all[result.getResultNumber()] = range;
  op->setAttr("cim.range", ArrayAttr::get(op->getContext(), all));
}

void attachRanges(const RangeTable &table) {
  for (const TensorRange &range : table) {
    Builder builder(range.value.getContext());
    ArrayAttr attr = builder.getArrayAttr(
        {builder.getF64FloatAttr(range.lo), builder.getF64FloatAttr(range.hi)});
    auto means = builder.getDenseF32ArrayAttr(range.means);
    if (auto argument = dyn_cast<BlockArgument>(range.value)) {
      auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
      function.setArgAttr(argument.getArgNumber(), "cim.range", attr);
      if (!range.means.empty())
        function.setArgAttr(argument.getArgNumber(), "cim.mean", means);
      continue;
    }
    setRange(cast<OpResult>(range.value), attr);
    if (!range.means.empty() && range.value.getDefiningOp()->getNumResults() == 1)
      range.value.getDefiningOp()->setAttr("cim.mean", means);
  }
}

} // namespace cimc::quantize
