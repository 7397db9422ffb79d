//===- ScheduleLoops.cpp - Loops recovered from a sequence ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A core's firing sequence is periodic but for its ends. Runs of equal stages are taken together
// first. Then the items go onto a stack one by one, and the top of the stack is folded as long as
// that is possible: the last p items equal to the body of the loop below them add a turn to that
// loop; the last p items equal to the p items below them become a loop of two turns. Periods are
// tried from short to long. Loops nest because folded loops are items themselves. Equal items have
// equal numbers, and each number knows where it is on the stack, so only places where the last item
// recurs are compared. Folding is greedy, so the beginning of a sequence can spoil what follows;
// the sequence is folded from both ends and the shorter result taken.
//
//===--------------------------------------------------------------------------===//

#include "ScheduleInternal.h"

#include <map>

namespace cimc::mapping::detail {
namespace {

constexpr int32_t kNone = -1;
constexpr int kMaxNesting = 6; // loops inside loops; programs limit them as well
constexpr int kMaxCandidates =
    64; // places compared per item: bounds the work on sequences without structure

/// An item's kind: a run of one stage or a loop over a body, `count` times.
struct Item {
  int32_t stage = kNone; ///< or
  int32_t body = kNone;  ///< number of the body in Folder::bodies
  int64_t count = 1;
  auto operator<=>(const Item &) const = default;
};

class Folder {
public:
  void push(Item item) {
    place(item);
    while (fold()) {
    }
  }

  std::vector<Step> steps() const {
    std::vector<Step> result;
    for (const Entry &entry : stack)
      result.push_back(toStep(entry.id));
    return result;
  }

private:
  struct Entry {
    int32_t id = 0;               ///< number of the item
    int32_t previousSame = kNone; ///< next lower place on the stack with the same number
    int32_t previousEnding =
        kNone; ///< loops: next lower place of a loop whose body ends with the same item
  };

  /// Numbers the item; equal items get equal numbers.
  int32_t intern(const Item &item) {
    auto [it, isNew] = numbers.try_emplace(item, static_cast<int32_t>(items.size()));
    if (isNew) {
      items.push_back(item);
      topOf.push_back(kNone);
      topEnding.push_back(kNone);
    }
    return it->second;
  }

  int32_t internBody(std::vector<int32_t> body) {
    auto [it, isNew] =
        bodyNumbers.try_emplace(std::move(body), static_cast<int32_t>(bodies.size()));
    if (isNew) {
      int depth = 0;
      for (int32_t id : it->first)
        depth = std::max(depth, nesting(id));
      bodies.push_back(it->first);
      depths.push_back(depth + 1);
    }
    return it->second;
  }

  int nesting(int32_t id) const { return items[id].body == kNone ? 0 : depths[items[id].body]; }

  void place(const Item &item) {
    Entry entry;
    entry.id = intern(item);
    entry.previousSame = topOf[entry.id];
    topOf[entry.id] = static_cast<int32_t>(stack.size());
    if (item.body != kNone) {
      int32_t &ending = topEnding[bodies[item.body].back()];
      entry.previousEnding = ending;
      ending = static_cast<int32_t>(stack.size());
    }
    stack.push_back(entry);
  }

  void remove(size_t howMany) {
    for (; howMany > 0; --howMany) {
      const Entry &entry = stack.back();
      topOf[entry.id] = entry.previousSame;
      if (const Item &item = items[entry.id]; item.body != kNone)
        topEnding[bodies[item.body].back()] = entry.previousEnding;
      stack.pop_back();
    }
  }

  bool fold() { return joinNeighbours() || extendLoop() || startLoop(); }

  /// Two runs or loops of the same thing side by side are one.
  bool joinNeighbours() {
    if (stack.size() < 2)
      return false;
    Item upper = items[stack.back().id], lower = items[stack[stack.size() - 2].id];
    if (upper.stage != lower.stage || upper.body != lower.body)
      return false;
    upper.count += lower.count;
    remove(2);
    place(upper);
    return true;
  }

  bool extendLoop() {
    int32_t place = topEnding[stack.back().id];
    for (int tries = 0; place != kNone && tries < kMaxCandidates;
         ++tries, place = stack[place].previousEnding) {
      Item loop = items[stack[place].id];
      const std::vector<int32_t> &body = bodies[loop.body];
      size_t above = stack.size() - 1 - static_cast<size_t>(place);
      if (above != body.size() || !matches(static_cast<size_t>(place) + 1, body))
        continue;
      remove(above + 1);
      ++loop.count;
      this->place(loop);
      return true;
    }
    return false;
  }

  bool matches(size_t begin, const std::vector<int32_t> &body) const {
    for (size_t i = body.size(); i-- > 0;)
      if (stack[begin + i].id != body[i])
        return false;
    return true;
  }

  bool startLoop() {
    int32_t place = stack.back().previousSame;
    for (int tries = 0; place != kNone && tries < kMaxCandidates;
         ++tries, place = stack[place].previousSame) {
      size_t period = stack.size() - 1 - static_cast<size_t>(place);
      if (2 * period > stack.size())
        return false;
      if (period > 1 && repeats(period) && foldPeriod(period))
        return true;
    }
    return false;
  }

  bool repeats(size_t period) const {
    size_t size = stack.size();
    for (size_t i = 1; i <= period; ++i)
      if (stack[size - i].id != stack[size - i - period].id)
        return false;
    return true;
  }

  bool foldPeriod(size_t period) {
    std::vector<int32_t> body;
    for (size_t i = stack.size() - period; i < stack.size(); ++i) {
      if (nesting(stack[i].id) >= kMaxNesting)
        return false;
      body.push_back(stack[i].id);
    }
    remove(2 * period);
    place(Item{kNone, internBody(std::move(body)), 2});
    return true;
  }

  Step toStep(int32_t id) const {
    const Item &item = items[id];
    Step step;
    step.stage = item.stage;
    step.count = item.count;
    if (item.body != kNone)
      for (int32_t inner : bodies[item.body])
        step.body.push_back(toStep(inner));
    return step;
  }

  std::vector<Entry> stack;
  std::vector<Item> items;
  std::map<Item, int32_t> numbers;
  std::vector<int32_t> topOf;     ///< by item: its highest place on the stack
  std::vector<int32_t> topEnding; ///< by item: the highest loop whose body ends with it
  std::vector<std::vector<int32_t>> bodies;
  std::map<std::vector<int32_t>, int32_t> bodyNumbers;
  std::vector<int> depths; ///< by body: loops inside loops
};

template <class Iterator> std::vector<Step> foldRuns(Iterator begin, Iterator end) {
  Folder folder;
  while (begin != end) {
    Iterator next = std::find_if(begin, end, [&](int32_t stage) { return stage != *begin; });
    folder.push(Item{*begin, kNone, static_cast<int64_t>(next - begin)});
    begin = next;
  }
  return folder.steps();
}

size_t countSteps(const std::vector<Step> &steps) {
  size_t count = steps.size();
  for (const Step &step : steps)
    count += countSteps(step.body);
  return count;
}

void reverse(std::vector<Step> &steps) {
  std::reverse(steps.begin(), steps.end());
  for (Step &step : steps)
    reverse(step.body);
}

} // namespace

std::vector<Step> compressSteps(const std::vector<int32_t> &sequence) {
  std::vector<Step> forward = foldRuns(sequence.begin(), sequence.end());
  std::vector<Step> backward = foldRuns(sequence.rbegin(), sequence.rend());
  if (countSteps(forward) <= countSteps(backward))
    return forward;
  reverse(backward);
  return backward;
}

} // namespace cimc::mapping::detail
