#include "tasks/signs_problem.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/tasks/oracle.h"

namespace r1zero {
namespace {

template <typename Visit>
void ForEveryRow(const Visit& visit) {
  for (int64_t a = 1; a <= 9; ++a)
    for (int64_t b = 1; b <= 9; ++b)
      for (int64_t c = 1; c <= 9; ++c)
        for (int64_t d = 1; d <= 9; ++d) visit(DigitRow{a, b, c, d});
}

TEST(SignsProblem, PatternsAreTheEightWaysToSign) {
  const DigitRow digits = {6, 6, 8, 8};
  const std::vector<std::string> expressions = {"6+6+8+8", "6+6+8-8", "6+6-8+8", "6+6-8-8",
                                                "6-6+8+8", "6-6+8-8", "6-6-8+8", "6-6-8-8"};
  const std::vector<int64_t> values = {28, 12, 12, -4, 16, 0, 0, -16};
  for (int pattern = 0; pattern < kSignPatterns; ++pattern) {
    EXPECT_EQ(SignsExpression(digits, pattern), expressions[pattern]);
    EXPECT_EQ(SignsValue(digits, pattern), values[pattern]);
  }
}

TEST(SignsProblem, TextsAreTheOnesOfTheContract) {
  const SignsProblem problem{{6, 6, 8, 8}, 16, 4};
  EXPECT_EQ(SignsPrompt(problem), "6 6 8 8=16:");
  EXPECT_EQ(SignsGold(problem), R"({"numbers":[6,6,8,8],"target":16})");
}

// Counted once by a separate program: 32,403 problems, 1.13 solutions each, a guess is right 15.5%.
TEST(SignsProblem, TheSpaceHasItsKnownSize) {
  int64_t rows = 0, problems = 0, solutions = 0, held_rows = 0, held_problems = 0;
  double hit = 0;
  ForEveryRow([&](const DigitRow& digits) {
    std::map<int64_t, int> targets;
    for (int pattern = 0; pattern < kSignPatterns; ++pattern)
      if (SignsValue(digits, pattern) >= 0) ++targets[SignsValue(digits, pattern)];
    ++rows;
    problems += static_cast<int64_t>(targets.size());
    for (const auto& [target, ways] : targets) {
      solutions += ways;
      hit += ways * ways / 8.0;
    }
    if (!IsHeldOut(digits)) return;
    ++held_rows;
    held_problems += static_cast<int64_t>(targets.size());
  });
  EXPECT_EQ(rows, 6561);
  EXPECT_EQ(problems, 32403);
  EXPECT_NEAR(double(solutions) / double(problems), 1.1311, 1e-4);
  EXPECT_NEAR(hit / double(solutions), 0.15484, 1e-5);
  EXPECT_EQ(held_rows, 639);
  EXPECT_EQ(held_problems, 3222);
}

TEST(SignsProblem, TheSplitIsTheCrcOfTheRowForEveryRow) {
  ForEveryRow([](const DigitRow& digits) {
    ASSERT_EQ(IsHeldOut(digits), oracle::RowIsHeldOut({digits.begin(), digits.end()}, false));
  });
}

TEST(SignsProblem, DrawsOfEachSideStayOnIt) {
  RandomStream rng(1, RandomPurpose::kPrompt);
  for (const bool held_out : {false, true})
    for (int i = 0; i < 5000; ++i) {
      const SignsProblem problem = DrawSigns(rng, held_out);
      ASSERT_EQ(IsHeldOut(problem.digits), held_out);
      ASSERT_GE(problem.target, 0);
      ASSERT_EQ(SignsValue(problem.digits, problem.pattern), problem.target);
    }
}

TEST(SignsProblem, AGuessIsRightForFifteenPercentOfDrawnProblems) {
  RandomStream rng(2, RandomPurpose::kPrompt);
  double hit = 0;
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) {
    const SignsProblem problem = DrawSigns(rng, /*held_out=*/false);
    for (int pattern = 0; pattern < kSignPatterns; ++pattern)
      hit += (SignsValue(problem.digits, pattern) == problem.target) / 8.0;
  }
  EXPECT_NEAR(hit / kDraws, 0.1548, 0.002);  // standard error .0004
}

}  // namespace
}  // namespace r1zero
