//===- ScheduleTest.cpp - Tests of the scheduler --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Known small graphs with the depths and steps that they must get, wrong graphs with their
// messages, seeded random graphs played out by the independent checker, and a graph the size of a
// large residual network.
//
//===--------------------------------------------------------------------------===//

#include "StageBuilder.h"

#include <gtest/gtest.h>

using namespace cimc;
using namespace cimc::mapping;
using namespace cimc::mapping::testing;

namespace {

size_t countSteps(const std::vector<Step> &steps) {
  size_t count = steps.size();
  for (const Step &step : steps)
    count += countSteps(step.body);
  return count;
}

const Region *findRing(const Schedule &schedule, int64_t core, int64_t stream) {
  for (const Region &region : schedule.cores[core].regions)
    if (region.kind == Region::Kind::Rows && region.stream == stream)
      return &region;
  return nullptr;
}

/// The schedule with the smallest buffers.
Result<Schedule> scheduleTightly(ScheduleProblem problem) {
  problem.useSpareMemory = false;
  problem.channelLead = 0;
  return schedule(problem);
}

/// Schedules, with different leads, and has the result checked.
void expectGood(const ScheduleProblem &problem) {
  for (int64_t lead : {0, 1, 3}) {
    ScheduleProblem ahead = problem;
    ahead.channelLead = lead;
    Result<Schedule> result = schedule(ahead);
    ASSERT_TRUE(result.ok()) << result.error().message;
    Status status = checkSchedule(problem, *result);
    EXPECT_TRUE(status.ok()) << status.error().message;
    for (const CoreSchedule &core : result->cores)
      EXPECT_LE(core.memoryBound, core.memoryBytes);
  }
}

TEST(ScheduleTest, ThreeConvolutionsOnOneCoreNeedAHandfulOfSteps) {
  StageBuilder b(1);
  int64_t x = b.input(28);
  int64_t c1 = b.stage("conv1", 0, 28, {window(x, 1, 1, 3)});
  int64_t c2 = b.stage("conv2", 0, 28, {window(c1, 1, 1, 3)});
  int64_t c3 = b.stage("conv3", 0, 28, {window(c2, 1, 1, 3)});
  b.output(c3);
  expectGood(b.problem);
  Result<Schedule> tight = scheduleTightly(b.problem);
  ASSERT_TRUE(tight.ok());
  EXPECT_TRUE(checkSchedule(b.problem, *tight).ok());
  EXPECT_LE(countSteps(tight->cores[0].steps), 18u);
  EXPECT_EQ(findRing(*tight, 0, c1)->rows, 3);
  EXPECT_EQ(findRing(*tight, 0, c2)->rows, 3);
  EXPECT_EQ(findRing(*tight, 0, c3)->rows, 1);
}

TEST(ScheduleTest, PipelineHasOneLoopPerCore) {
  StageBuilder b(3);
  int64_t x = b.input(32);
  int64_t c1 = b.stage("conv1", 0, 32, {window(x, 1, 1, 3)});
  int64_t c2 = b.stage("conv2", 1, 16, {window(c1, 2, 1, 3)});
  int64_t c3 = b.stage("conv3", 2, 16, {window(c2, 1, 1, 3)});
  b.output(c3);
  b.problem.coresPerChip = 3;
  expectGood(b.problem);
  Result<Schedule> result = schedule(b.problem);
  for (const CoreSchedule &core : result->cores)
    EXPECT_LE(countSteps(core.steps), 8u);
  for (const FifoDepth &fifo : result->fifos)
    if (b.problem.stages[fifo.receiver].core != kHostCore) {
      EXPECT_EQ(fifo.depth, 2);
    }
}

TEST(ScheduleTest, FifosBetweenChipsHoldTheWholeStreamWhereThereIsRoom) {
  StageBuilder b(2);
  int64_t x = b.input(32);
  int64_t c1 = b.stage("conv1", 0, 32, {window(x, 1, 1, 3)});
  int64_t c2 = b.stage("conv2", 1, 32, {window(c1, 1, 1, 3)});
  b.output(c2);
  b.problem.coresPerChip = 1;
  expectGood(b.problem);
  auto depthInto = [](const Result<Schedule> &result, int64_t core,
                      const ScheduleProblem &problem) {
    for (const FifoDepth &fifo : result->fifos)
      if (problem.stages[size_t(fifo.receiver)].core == core)
        return fifo.depth;
    return int64_t(0);
  };
  Result<Schedule> result = schedule(b.problem);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(depthInto(result, 0, b.problem), 2); // from the host
  EXPECT_EQ(depthInto(result, 1, b.problem), 32);
  // With room for a few rows more than are needed, as many as there is room for.
  int64_t rowBytes = b.problem.streams[size_t(c1)].rowBytes;
  b.problem.memoryBytesPerCore = result->cores[1].memoryBytes - (32 - 7) * rowBytes;
  result = schedule(b.problem);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(depthInto(result, 1, b.problem), 7);
}

TEST(ScheduleTest, SkipConnectionWaitsInTheFifoOrRing) {
  StageBuilder b(2);
  int64_t x = b.input(16);
  int64_t first = b.stage("first", 0, 16, {same(x)});
  int64_t c1 = b.stage("conv1", 1, 16, {window(first, 1, 1, 3)});
  int64_t c2 = b.stage("conv2", 1, 16, {window(c1, 1, 1, 3)});
  int64_t sum = b.stage("add", 0, 16, {same(c2), same(first)});
  b.output(sum);
  expectGood(b.problem);
  Result<Schedule> tight = scheduleTightly(b.problem);
  // Row r of the sum needs rows up to r + 1 of conv1 and so up to r + 2 of the first stage: rows r
  // to r + 2 are live.
  EXPECT_EQ(findRing(*tight, 0, first)->rows, 3);
}

TEST(ScheduleTest, EagerStagesLetSharedRowsGo) {
  // Two sums over all rows, each of a half. The half of the second is on another core, too.
  auto build = [](bool eager) {
    StageBuilder b(2);
    int64_t x = b.stage("layer", 0, 12, {same(b.input(12))}, 64);
    int64_t left = b.stage("left", 0, 12, {same(x)}, 32);
    b.last().eager = eager;
    int64_t a = b.stage("sum of left", 0, 1, {whole(left, 12)});
    int64_t right = b.stage("right", 1, 12, {same(x)}, 32);
    b.problem.stages[b.problem.stages.size() - 2].eager = eager; // the receiver
    b.last().eager = eager;
    int64_t c = b.stage("sum of right", 1, 1, {whole(right, 12)});
    b.output(b.stage("both", 0, 1, {same(a), same(c)}));
    return std::pair(b.problem, x);
  };
  auto messages = [](const Schedule &schedule, int64_t stream) {
    for (const FifoDepth &fifo : schedule.fifos)
      if (fifo.stream == stream)
        return fifo.depth;
    return int64_t(0);
  };
  auto [late, lateStream] = build(false);
  auto [eager, eagerStream] = build(true);
  expectGood(late);
  expectGood(eager);
  EXPECT_EQ(messages(*scheduleTightly(late), lateStream), 12);
  EXPECT_EQ(messages(*scheduleTightly(eager), eagerStream), 1);
}

TEST(ScheduleTest, WholeStreamAndUpsampling) {
  StageBuilder b(2);
  int64_t x = b.input(8);
  int64_t up = b.stage("up", 0, 16, {{x, {1, 2, 0, 1}, false}});
  int64_t mean = b.stage("mean", 1, 1, {whole(up, 16)});
  int64_t scaled = b.stage("scale", 0, 16, {same(up), whole(mean, 1)});
  b.output(scaled);
  expectGood(b.problem);
  Result<Schedule> tight = scheduleTightly(b.problem);
  EXPECT_EQ(findRing(*tight, 0, up)->rows, 16);
}

TEST(ScheduleTest, RowsThatNobodyReadsStillFlow) {
  StageBuilder b(2);
  int64_t x = b.input(29);
  int64_t c1 = b.stage("conv1", 0, 29, {same(x)});
  int64_t c2 = b.stage("conv2", 1, 14, {window(c1, 2, 0, 1)});
  b.stage("dead end", 1, 29, {same(c1)});
  b.output(c2);
  expectGood(b.problem);
}

TEST(ScheduleTest, AccumulatorsScratchAndEmptyRows) {
  StageBuilder b(1, 4096);
  int64_t x = b.input(28, 100);
  int64_t sums = b.stage("flatten", 0, 28, {same(x)}, 0);
  b.last().accumulatorBytes = 400;
  b.last().scratchBytes = 99;
  int64_t y = b.stage("dense", 0, 1, {whole(sums, 28)}, 10);
  b.last().scratchBytes = 300;
  b.last().constantBytes = 80;
  b.output(y);
  expectGood(b.problem);
  Result<Schedule> result = schedule(b.problem);
  EXPECT_EQ(result->cores[0].regions.front().kind, Region::Kind::Constant);
  EXPECT_EQ(result->cores[0].regions.front().address, 0);
}

TEST(ScheduleTest, MemoryErrorNamesTheLargest) {
  StageBuilder b(1, 1000);
  int64_t x = b.input(28, 400);
  b.output(b.stage("conv1", 0, 28, {window(x, 1, 1, 3)}));
  Result<Schedule> result = schedule(b.problem);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "core 0 needs 1616 bytes of memory, the target has 1000; largest: buffer of 'receive "
            "input' with 3 rows of 400 bytes (1200 "
            "bytes), channel into 'receive input' with 1 message of 400 bytes (400 bytes), buffer "
            "of 'conv1' with 1 row of 16 bytes "
            "(16 bytes); without the largest it would fit, with 584 bytes to spare");
}

TEST(ScheduleTest, CycleIsNamed) {
  StageBuilder b(1);
  int64_t x = b.input(4);
  int64_t a = b.stage("a", 0, 4, {same(x)});
  int64_t c = b.stage("c", 0, 4, {same(a)});
  b.problem.stages[2].inputs.push_back(same(c)); // stage 1 receives the input
  Result<Schedule> result = schedule(b.problem);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("'a' -> 'c' -> 'a'"), std::string::npos)
      << result.error().message;
}

// An LSTM's stages in a nutshell: the loop has one step per stage, whatever the number of rows.
TEST(ScheduleTest, FeedbackIsALoop) {
  for (int64_t steps : {2, 5, 1000}) {
    StageBuilder b(1);
    int64_t x = b.input(steps);
    int64_t state = b.delay("state", 0, steps);
    int64_t next = b.stage("next", 0, steps, {same(x), same(state)});
    b.feed(state, next);
    b.output(next);
    expectGood(b.problem);
    Result<Schedule> tight = scheduleTightly(b.problem);
    ASSERT_TRUE(tight.ok()) << tight.error().message;
    EXPECT_LE(countSteps(tight->cores[0].steps), 8u);
    // The row that the next step needs is the only one that is kept.
    EXPECT_EQ(findRing(*tight, 0, next)->rows, 1);
  }
}

TEST(ScheduleTest, FeedbackThatNeedsItselfIsNamed) {
  StageBuilder b(1);
  int64_t state = b.delay("state", 0, 4);
  int64_t next = b.stage("next", 0, 4, {whole(state, 4)});
  b.feed(state, next);
  b.output(next);
  Result<Schedule> result = schedule(b.problem);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "in a cycle with feedback row 0 would have to be made before "
                                    "itself: 'next' <- 'state' <- 'next'");
  b.problem.stages[0].inputs[0].rows.add = 0;
  result = schedule(b.problem);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "stage 'state' reads stream 'next' as feedback, of which firing "
            "r may need rows before r only");
}

TEST(ScheduleTest, RandomRecurrencesComplete) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ScheduleProblem problem = randomRecurrence(seed);
    expectGood(problem);
    Result<Schedule> tight = scheduleTightly(problem);
    ASSERT_TRUE(tight.ok()) << tight.error().message;
    Status status = checkSchedule(problem, *tight);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
}

TEST(ScheduleTest, WrongGraphsAreRefused) {
  auto message = [](auto change) {
    StageBuilder b(2);
    int64_t x = b.input(4);
    b.output(b.stage("a", 0, 4, {same(x)}));
    change(b.problem);
    Result<Schedule> result = schedule(b.problem);
    return result.ok() ? std::string() : result.error().message;
  };
  EXPECT_EQ(message([](ScheduleProblem &) {}), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].core = 7; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].core = 1; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].firings = -1; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].firings = 5; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].inputs[0].stream = 99; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].inputs[0].rows.div = 0; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[2].outputs = {0}; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.stages[3].inputs[0].rows.mul = 2; }), "");
  EXPECT_NE(message([](ScheduleProblem &p) { p.streams[0].rowBytes = -1; }), "");
}

TEST(ScheduleTest, CheckerFindsBrokenSchedules) {
  StageBuilder b(2);
  int64_t x = b.input(16);
  int64_t c1 = b.stage("conv1", 0, 16, {window(x, 1, 1, 3)});
  int64_t c2 = b.stage("conv2", 1, 16, {window(c1, 1, 1, 3)});
  int64_t sum = b.stage("add", 0, 16, {same(c2), same(c1)});
  b.output(sum);
  Result<Schedule> tight = scheduleTightly(b.problem);
  ASSERT_TRUE(checkSchedule(b.problem, *tight).ok());
  auto broken = [&](auto change) {
    Schedule copy = *tight;
    change(copy);
    return !checkSchedule(b.problem, copy).ok();
  };
  for (size_t core = 0; core < 2; ++core)
    for (size_t i = 0; i < tight->cores[core].regions.size(); ++i) {
      const Region &region = tight->cores[core].regions[i];
      bool isRing = region.kind == Region::Kind::Rows && region.rows > 1;
      EXPECT_TRUE(!isRing || broken([&](Schedule &s) { s.cores[core].regions[i].rows -= 1; }));
    }
  EXPECT_TRUE(broken([](Schedule &s) { s.cores[0].steps.pop_back(); }));
  EXPECT_TRUE(
      broken([](Schedule &s) { std::swap(s.cores[0].steps.front(), s.cores[0].steps.back()); }));
  EXPECT_TRUE(broken([](Schedule &s) { s.fifos.pop_back(); }));
  EXPECT_TRUE(broken([](Schedule &s) { s.fifos.front().depth = 0; }));
  EXPECT_TRUE(
      broken([](Schedule &s) { s.cores[0].regions[1].address = s.cores[0].regions[0].address; }));
}

TEST(ScheduleTest, RandomGraphsComplete) {
  int shared = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ScheduleProblem problem = randomProblem(seed);
    expectGood(problem);
    Result<Schedule> tight = scheduleTightly(problem);
    ASSERT_TRUE(tight.ok());
    Status status = checkSchedule(problem, *tight);
    ASSERT_TRUE(status.ok()) << status.error().message;
    for (size_t core = 0; core < tight->cores.size(); ++core)
      EXPECT_LE(tight->cores[core].memoryBound, tight->cores[core].memoryBytes);
    // With just the memory of the fullest core the others still find room for second slots, and it
    // must hold as well.
    int64_t most = 0;
    for (const CoreSchedule &core : tight->cores)
      most = std::max(most, core.memoryBytes);
    problem.memoryBytesPerCore = most;
    expectGood(problem);
    problem.memoryBytesPerCore = most - 1;
    problem.channelLead = 0;
    EXPECT_TRUE(most == 0 || !schedule(problem).ok());
    // With memory that the cores share, rows and messages lie there instead.
    problem.sharedBytesPerChip = 1 << 20;
    problem.coresPerChip = problem.cores;
    for (int64_t own : {most - 1, most / 2 / 8 * 8}) {
      problem.memoryBytesPerCore = std::max<int64_t>(own, 8) / 8 * 8;
      if (schedule(problem).ok())
        expectGood(problem);
      shared += schedule(problem).ok();
    }
  }
  EXPECT_GT(shared, 500); // the others keep too much that is neither rows nor messages
}

TEST(ScheduleTest, LargeResidualNetwork) {
  for (int64_t cores : {64, 7, 1}) {
    ScheduleProblem problem = residualNetwork(16, 4, cores, 112);
    Result<Schedule> result = schedule(problem);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_TRUE(checkSchedule(problem, *result).ok());
    size_t steps = 0;
    int64_t firings = 0;
    for (const CoreSchedule &core : result->cores)
      steps += countSteps(core.steps);
    for (const Stage &stage : problem.stages)
      firings += stage.firings;
    EXPECT_LT(static_cast<int64_t>(steps), firings / 2);
  }
}

} // namespace
