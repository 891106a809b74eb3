#include "tasks/word_sums_problem.h"

#include <gtest/gtest.h>

#include <cctype>
#include <numeric>
#include <set>

#include "common/error.h"

namespace r1zero {
namespace {

// The numbers that a question names, read as a reader would.
std::vector<int64_t> NumbersIn(const std::string& text) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < text.size(); ++i)
    if (std::isdigit(static_cast<unsigned char>(text[i]))) {
      size_t length = 0;
      numbers.push_back(std::stoll(text.substr(i), &length));
      i += length;
    }
  return numbers;
}

TEST(WordSum, IsTheSumOfTheTwoDigitsThatTheQuestionNames) {
  for (int64_t i = 0; i < NumWordSums(); i += 37) {
    const WordSum problem = WordSumAt(i);
    const std::vector<int64_t> numbers = NumbersIn(problem.question);
    ASSERT_EQ(numbers.size(), 2u) << problem.question;
    EXPECT_EQ(numbers[0] + numbers[1], problem.sum) << problem.question;
    EXPECT_GE(std::min(numbers[0], numbers[1]), 2);
    EXPECT_LE(std::max(numbers[0], numbers[1]), 9);
    EXPECT_EQ(problem.question.find('{'), std::string::npos) << problem.question;
    EXPECT_EQ(problem.question.back(), '?');
  }
}

TEST(WordSum, EveryNumberMakesAnotherQuestion) {
  std::set<std::string> questions;
  for (int64_t i = 0; i < NumWordSums(); ++i) questions.insert(WordSumAt(i).question);
  EXPECT_EQ(static_cast<int64_t>(questions.size()), NumWordSums());
  EXPECT_THROW(WordSumAt(NumWordSums()), Error);
  EXPECT_THROW(WordSumAt(-1), Error);
}

TEST(WordSum, ATenthIsHeldOutAndNeverDrawnForTraining) {
  int64_t held_out = 0;
  for (int64_t i = 0; i < NumWordSums(); ++i) held_out += IsHeldOut(WordSumAt(i));
  EXPECT_NEAR(static_cast<double>(held_out) / static_cast<double>(NumWordSums()), 0.1, 0.005);
  RandomStream rng(1, RandomPurpose::kPrompt);
  for (int i = 0; i < 300; ++i) {
    EXPECT_FALSE(IsHeldOut(DrawWordSum(rng, false)));
    EXPECT_TRUE(IsHeldOut(DrawWordSum(rng, true)));
  }
}

}  // namespace
}  // namespace r1zero
