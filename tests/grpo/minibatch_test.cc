#include "grpo/minibatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/error.h"

namespace r1zero {
namespace {

// Group g holds two completions, of advantages 2 g and 2 g + 1.
class Minibatches : public testing::Test {
 protected:
  Minibatches() : groups_(10) {
    for (size_t g = 0; g < groups_.size(); ++g) {
      groups_[g].prompt.ordinal = static_cast<int64_t>(g);
      groups_[g].completions.resize(2);
    }
    for (int i = 0; i < 20; ++i) advantages_.push_back(static_cast<float>(i));
  }

  // The advantages of each mini-batch in order; checks that each belongs to its completion.
  std::vector<std::vector<float>> Make(int64_t minibatches, const ShuffleKey& key) const {
    std::vector<std::vector<float>> made;
    for (const auto& sequences : MakeMinibatches(groups_, advantages_, minibatches, key)) {
      made.emplace_back();
      for (const TrainingSequence& s : sequences) {
        const auto i = static_cast<size_t>(s.advantage);
        EXPECT_EQ(s.completion, &groups_[i / 2].completions[i % 2]);
        EXPECT_EQ(s.prompt, &groups_[i / 2].prompt);
        made.back().push_back(s.advantage);
      }
    }
    return made;
  }

  std::vector<Group> groups_;
  std::vector<float> advantages_;
};

TEST_F(Minibatches, OneHoldsAllInOrder) {
  EXPECT_EQ(Make(1, {.seed = 1}), std::vector<std::vector<float>>{advantages_});
  EXPECT_EQ(Make(1, {.seed = 2, .step = 5}), std::vector<std::vector<float>>{advantages_});
}

TEST_F(Minibatches, SeveralDivideTheGroupsWithoutCuttingThem) {
  const auto made = Make(3, {.seed = 1});
  ASSERT_EQ(made.size(), 3u);
  std::multiset<float> all;
  for (const auto& minibatch : made) {
    EXPECT_THAT(minibatch.size(), testing::AnyOf(6, 8));
    for (size_t i = 0; i < minibatch.size(); i += 2) EXPECT_EQ(minibatch[i] + 1, minibatch[i + 1]);
    all.insert(minibatch.begin(), minibatch.end());
  }
  EXPECT_EQ(all, std::multiset<float>(advantages_.begin(), advantages_.end()));
}

TEST_F(Minibatches, ShuffleIsAFunctionOfItsKey) {
  const auto made = Make(2, {.seed = 1, .step = 2, .epoch = 0});
  EXPECT_EQ(Make(2, {.seed = 1, .step = 2, .epoch = 0}), made);
  EXPECT_NE(Make(2, {.seed = 2, .step = 2, .epoch = 0}), made);
  EXPECT_NE(Make(2, {.seed = 1, .step = 3, .epoch = 0}), made);
  EXPECT_NE(Make(2, {.seed = 1, .step = 2, .epoch = 1}), made);
}

TEST_F(Minibatches, OfTooFewGroupsAreSmallerOrEmptyInAnOrderOfTheKey) {
  for (const int64_t parts : {11, 13, 25}) {
    const auto made = Make(parts, {.seed = 1, .step = 2});
    ASSERT_EQ(made.size(), static_cast<size_t>(parts));
    EXPECT_EQ(std::ranges::count_if(made, [](const auto& part) { return part.empty(); }),
              parts - 10);
    std::multiset<float> all;
    for (const auto& part : made) all.insert(part.begin(), part.end());
    EXPECT_EQ(all, std::multiset<float>(advantages_.begin(), advantages_.end()));
    EXPECT_EQ(Make(parts, {.seed = 1, .step = 2}), made);
  }
}

TEST_F(Minibatches, OfNoNumberOrThatDoNotFitTheAdvantagesAreRefused) {
  EXPECT_THROW(Make(0, {}), Error);
  advantages_.pop_back();
  EXPECT_THROW(Make(1, {}), Error);
}

}  // namespace
}  // namespace r1zero
