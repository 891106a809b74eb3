#include "tasks/countdown_problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "common/error.h"
#include "tests/tasks/oracle.h"

namespace r1zero {
namespace {

// Can the numbers make the target? Tries every joining of every pair, in exact fractions.
using Fraction = std::pair<int64_t, int64_t>;

bool CanMake(const std::vector<Fraction>& numbers, int64_t target) {
  if (numbers.size() == 1) return numbers[0].first == target * numbers[0].second;
  for (size_t i = 0; i < numbers.size(); ++i)
    for (size_t j = 0; j < numbers.size(); ++j) {
      if (i == j) continue;
      std::vector<Fraction> rest;
      for (size_t k = 0; k < numbers.size(); ++k)
        if (k != i && k != j) rest.push_back(numbers[k]);
      const auto [a, b] = numbers[i];
      const auto [c, d] = numbers[j];
      for (const Fraction& joined : {Fraction{a * d + c * b, b * d},
                                     {a * d - c * b, b * d},
                                     {a * c, b * d},
                                     {a * d, b * c}}) {
        if (joined.second == 0) continue;
        rest.push_back(joined);
        if (CanMake(rest, target)) return true;
        rest.pop_back();
      }
    }
  return false;
}

TEST(CountdownProblem, EveryDrawnProblemCanBeSolved) {
  RandomStream rng(1, RandomPurpose::kPrompt);
  int fours = 0;
  for (int i = 0; i < 400; ++i) {
    const CountdownProblem problem = DrawCountdown(rng, {}, i % 2 == 0);
    ASSERT_TRUE(problem.numbers.size() == 3 || problem.numbers.size() == 4);
    ASSERT_TRUE(1 <= problem.target && problem.target <= 999);
    std::vector<Fraction> numbers;
    for (int64_t number : problem.numbers) {
      ASSERT_TRUE(1 <= number && number <= 99);
      numbers.push_back({number, 1});
    }
    ASSERT_TRUE(CanMake(numbers, problem.target)) << CountdownGold(problem);
    fours += problem.numbers.size() == 4;
  }
  EXPECT_NEAR(fours, 200, 40);
}

TEST(CountdownProblem, NumbersKeepToTheirRange) {
  RandomStream rng(3, RandomPurpose::kPrompt);
  std::set<int64_t> seen;
  for (int i = 0; i < 400; ++i) {
    const auto numbers = DrawNumbers(rng, {.most = 3, .largest = 9}, i % 2 == 0);
    ASSERT_EQ(numbers.size(), 3u);
    seen.insert(numbers.begin(), numbers.end());
  }
  EXPECT_EQ(*seen.begin(), 1);
  EXPECT_EQ(*seen.rbegin(), 9);
}

TEST(CountdownProblem, ARangeWithoutAHeldOutSetIsAnErrorAndNotAnEndlessSearch) {
  RandomStream rng(3, RandomPurpose::kPrompt);
  const std::vector<int64_t> only{1, 1, 1};
  EXPECT_THAT([&] { DrawNumbers(rng, {.most = 3, .largest = 1}, !IsHeldOut(only)); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("task.largest_number is 1")));
}

TEST(CountdownProblem, StepsUseEachNumberOnceAndKeepWholeSmallResults) {
  RandomStream rng(2, RandomPurpose::kCorpus);
  for (int i = 0; i < 3000; ++i) {
    const auto numbers = DrawNumbers(rng, {}, false);
    const Attempt attempt = JoinNumbers(rng, numbers, 0);
    std::multiset<int64_t> pool(numbers.begin(), numbers.end());
    std::string rest = attempt.worked + ",";
    for (; !rest.empty(); rest = rest.substr(rest.find(',') + 1)) {
      const std::string step = rest.substr(0, rest.find(','));
      const auto parts = oracle::Numbers(step);
      ASSERT_EQ(parts.size(), 3u) << attempt.worked;
      const auto [a, b, c] = std::tuple(parts[0], parts[1], parts[2]);
      for (int64_t operand : {a, b}) {
        ASSERT_TRUE(pool.contains(operand)) << attempt.worked;
        pool.erase(pool.find(operand));
      }
      switch (step[step.find_first_of("+-*/")]) {
        case '+': ASSERT_EQ(a + b, c); break;
        case '-': ASSERT_EQ(a - b, c); break;
        case '*': ASSERT_EQ(a * b, c); break;
        default: ASSERT_EQ(b * c, a);
      }
      ASSERT_TRUE(0 <= c && c <= 999) << attempt.worked;
      pool.insert(c);
    }
    ASSERT_EQ(pool, std::multiset<int64_t>{attempt.result});
  }
}

TEST(CountdownProblem, LargeNumbersOfAFileAreOnlySubtractedOrDivided) {
  RandomStream rng(3, RandomPurpose::kCorpus);
  for (int i = 0; i < 200; ++i) {
    const Attempt attempt = JoinNumbers(rng, std::vector<int64_t>{5000, 2500, 1000}, 0);
    EXPECT_EQ(attempt.worked.find_first_of("+*"), std::string::npos) << attempt.worked;
  }
}

TEST(CountdownProblem, SlipsStayAmongTheTokens) {
  RandomStream rng(4, RandomPurpose::kCorpus);
  int slipped = 0;
  for (int i = 0; i < 500; ++i) {
    const Attempt attempt = JoinNumbers(rng, std::vector<int64_t>{2, 1, 1}, /*slip=*/1);
    EXPECT_TRUE(0 <= attempt.result && attempt.result <= 999);
    slipped += attempt.result > 4;
  }
  EXPECT_GT(slipped, 100);
}

TEST(CountdownProblem, TheSplitIgnoresTheOrderOfTheNumbers) {
  EXPECT_TRUE(IsHeldOut(std::vector<int64_t>{1, 3, 8}));  // known CRC-32 of "1 3 8"
  EXPECT_TRUE(IsHeldOut(std::vector<int64_t>{8, 1, 3}));
  RandomStream rng(5, RandomPurpose::kPrompt);
  int held = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<int64_t> numbers = {1 + rng.Below(99), 1 + rng.Below(99), 1 + rng.Below(99)};
    held += IsHeldOut(numbers);
    ASSERT_EQ(IsHeldOut(numbers), oracle::RowIsHeldOut(numbers, true));
    std::next_permutation(numbers.begin(), numbers.end());
    ASSERT_EQ(IsHeldOut(numbers), oracle::RowIsHeldOut(numbers, true));
  }
  EXPECT_NEAR(held, 500, 90);
}

}  // namespace
}  // namespace r1zero
