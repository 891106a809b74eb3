#include "grpo/majority.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <vector>

#include "common/error.h"
#include "grpo/estimators.h"

namespace r1zero {
namespace {

// The share of right answers among the winners of one draw.
double Election(const std::vector<Vote>& drawn, const std::map<std::string, double>& right) {
  std::map<std::string, int> counts;
  int most = 0;
  for (const Vote& vote : drawn)
    if (!vote.answer.empty()) most = std::max(most, ++counts[vote.answer]);
  double sum = 0, winners = 0;
  for (const auto& [answer, count] : counts)
    if (count == most) {
      sum += right.at(answer);
      ++winners;
    }
  return winners == 0 ? 0 : sum / winners;
}

// Over every subset.
double ByEnumeration(const std::vector<Vote>& votes, int k) {
  std::map<std::string, double> right, all;
  for (const Vote& vote : votes) {
    right[vote.answer] += vote.right;
    ++all[vote.answer];
  }
  for (auto& [answer, share] : right) share /= all[answer];
  double sum = 0, draws = 0;
  for (unsigned subset = 0; subset < (1u << votes.size()); ++subset) {
    if (std::popcount(subset) != k) continue;
    std::vector<Vote> drawn;
    for (size_t i = 0; i < votes.size(); ++i)
      if ((subset >> i & 1) != 0) drawn.push_back(votes[i]);
    sum += Election(drawn, right);
    ++draws;
  }
  return sum / draws;
}

TEST(MajorityAtK, IsTheMeanOverAllDraws) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 60; ++trial) {
    const int n = 1 + static_cast<int>(random() % 10), answers = 1 + static_cast<int>(random() % 5);
    std::vector<Vote> votes;
    for (int i = 0; i < n; ++i) {
      const int answer = static_cast<int>(random() % (answers + 1));
      const bool judged_both_ways = answer == 3 && random() % 2 == 0;
      votes.push_back({answer == 0 ? "" : std::to_string(answer), answer == 1 || judged_both_ways});
    }
    for (int k = 1; k <= n; ++k)
      EXPECT_NEAR(MajorityAtK(votes, k), ByEnumeration(votes, k), 1e-12) << n << " " << k;
  }
}

TEST(MajorityAtK, KnownAnswers) {
  const std::vector<Vote> votes = {{"18", true}, {"18", true}, {"19", false}, {"20", false}};
  EXPECT_DOUBLE_EQ(MajorityAtK(votes, 1), 0.5);                // pass@1
  EXPECT_DOUBLE_EQ(MajorityAtK(votes, 4), 1);                  // 2 of 4 is the most
  EXPECT_DOUBLE_EQ(MajorityAtK(votes, 2), (1 + 4 * 0.5) / 6);  // one pair agrees, four tie
  EXPECT_DOUBLE_EQ(MajorityAtK(std::vector<Vote>(5), 3), 0);   // nobody votes
  EXPECT_DOUBLE_EQ(MajorityAtK(std::vector<Vote>{{"", false}, {"18", true}}, 2), 1);
  const std::vector<Vote> tie = {{"18", true}, {"18", true}, {"19", false}, {"19", false}};
  EXPECT_DOUBLE_EQ(MajorityAtK(tie, 4), 0.5);
}

TEST(MajorityAtK, IsPassAtOneForOneDrawAndAgreesWithBinomialsForTwoAnswers) {
  constexpr int kVotes = 101, kRight = 60, kDrawn = 21;
  std::vector<Vote> votes(kVotes, {"wrong", false});
  std::fill_n(votes.begin(), kRight, Vote{"right", true});
  EXPECT_NEAR(MajorityAtK(votes, 1), PassAtK(kVotes, kRight, 1), 1e-12);
  const auto log_choose = [](int n, int k) {
    return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
  };
  double most_are_right = 0;  // hypergeometric
  for (int right = kDrawn / 2 + 1; right <= kDrawn; ++right)
    most_are_right +=
        std::exp(log_choose(kRight, right) + log_choose(kVotes - kRight, kDrawn - right) -
                 log_choose(kVotes, kDrawn));
  EXPECT_NEAR(MajorityAtK(votes, kDrawn), most_are_right, 1e-10);
}

TEST(MajorityAtK, StaysFiniteForAThousandSamplesAndRefusesMore) {
  std::vector<Vote> votes(1000);
  for (size_t i = 0; i < votes.size(); ++i) votes[i] = {std::to_string(i % 500), i % 500 == 0};
  EXPECT_NEAR(MajorityAtK(votes, 500), 1.0 / 500, 1e-9);  // all answers are alike
  votes.push_back({"1", false});
  EXPECT_THROW(MajorityAtK(votes, 1), Error);
  EXPECT_THROW(MajorityAtK({}, 1), Error);
  EXPECT_THROW(MajorityAtK(std::vector<Vote>(3), 4), Error);
  EXPECT_THROW(MajorityAtK(std::vector<Vote>(3), 0), Error);
}

}  // namespace
}  // namespace r1zero
