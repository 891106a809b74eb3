#include "grpo/pretrain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "policy/word_tokenizer.h"
#include "common/philox.h"
#include "common/stop.h"

namespace r1zero {
namespace {

// "c=cdef": after a random letter, four letters in alphabetical order from it.
class AlphabetTask : public Task {
 public:
  explicit AlphabetTask(double ready_from) : ready_from_(ready_from) {}
  std::string name() const override { return "alphabet"; }
  std::string accuracy_verifier() const override { return "exact"; }
  std::vector<std::string> Vocabulary() const override {
    return {"<pad>", "<eos>", "=", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
  }
  Problem Training(uint64_t, int64_t) const override { return {}; }
  const std::vector<Problem>& HeldOut() const override { return none_; }
  Document Corpus(uint64_t seed, int64_t index) const override {
    RandomStream random(seed, RandomPurpose::kCorpus, static_cast<uint64_t>(index));
    return DocumentFrom(static_cast<char>('a' + random.Below(8)));
  }
  std::vector<ReadinessProbe> Probes() const override {
    ReadinessProbe argmax{"order", ReadinessProbe::Measure::kArgmaxAccuracy, ready_from_, 1, {}};
    ReadinessProbe probability{"certain", ReadinessProbe::Measure::kMeanProbability, 0, 1, {}};
    for (char c = 'a'; c <= 'h'; ++c) {
      argmax.items.push_back({std::string{c, '=', c}, std::string{static_cast<char>(c + 1)}});
      probability.items.push_back(argmax.items.back());
    }
    return {argmax, probability};
  }

 private:
  static Document DocumentFrom(char c) {
    Document document{std::string{c, '='}, ""};
    for (char d = c; d < c + 4; ++d) document.text += d;
    return document;
  }
  double ready_from_;
  std::vector<Problem> none_;
};

PretrainOptions TinyOptions(const Tokenizer& tokenizer) {
  PretrainOptions options;
  options.config = {.tokens = 20000, .batch_tokens = 200, .lr = 1e-2, .warmup_steps = 10};
  options.model = {.vocab_size = tokenizer.vocab_size(),
                   .hidden_size = 16,
                   .num_layers = 1,
                   .num_heads = 2,
                   .num_kv_heads = 2,
                   .head_width = 8,
                   .intermediate_size = 24,
                   .max_positions = 32};
  options.seed = 5;
  options.threads = 1;
  return options;
}

class PretrainTest : public testing::Test {
 protected:
  PretrainResult Run(const Task& task) {
    options_.progress = [&](const PretrainProgress& p) { progress_.push_back(p); };
    return Pretrain(task, tokenizer_, options_);
  }
  AlphabetTask task_{0.99};
  WordTokenizer tokenizer_{task_.Vocabulary(), 0, 1};
  PretrainOptions options_ = TinyOptions(tokenizer_);
  std::vector<PretrainProgress> progress_;
};

TEST_F(PretrainTest, LearnsTheTextsButIsNotAskedForTheQuestions) {
  const PretrainResult result = Run(task_);
  EXPECT_GT(progress_.front().loss, 2.0) << "about log(14) at the start";
  // The question's letter is random: had it counted, the loss could not fall below log(8) / 6.
  EXPECT_LT(result.loss, 0.1);
  EXPECT_TRUE(result.ready);
  EXPECT_GE(result.tokens, 20000);
  EXPECT_LT(result.tokens, 20000 + 207) << "ready at the end: nothing is added";
  ASSERT_EQ(result.probes.size(), 2u);
  EXPECT_EQ(result.probes[0].first, "order");
  EXPECT_EQ(result.probes[0].second, 1.0);
  EXPECT_GT(result.probes[1].second, 0.9);
}

TEST_F(PretrainTest, SameOptionsGiveTheSameBitsOnAnyNumberOfThreads) {
  options_.config.tokens = 3000;
  options_.config.extra_tokens = 0;
  std::vector<std::string> hashes;
  for (const int threads : {1, 2, 4, 1}) {
    options_.threads = threads;
    hashes.push_back(WeightSha256(*Run(task_).weights));
  }
  EXPECT_THAT(hashes, testing::Each(hashes[0]));
  options_.seed = 6;
  EXPECT_NE(WeightSha256(*Run(task_).weights), hashes[0]);
}

TEST_F(PretrainTest, ThatIsNotReadyGoesOnToTheExtraTokensAndSaysSo) {
  options_.config.tokens = 2000;
  options_.config.extra_tokens = 0.5;
  const PretrainResult result = Run(AlphabetTask(/*ready_from=*/1.5));
  EXPECT_FALSE(result.ready);
  EXPECT_GE(result.tokens, 3000);
  EXPECT_LT(result.tokens, 3000 + 207);
  EXPECT_EQ(progress_.back().tokens, result.tokens);
  EXPECT_EQ(progress_.size(), static_cast<size_t>(result.steps));
}

TEST_F(PretrainTest, StopsWhenAskedTo) {
  RequestStop();
  EXPECT_THROW(Run(task_), Error);
  ClearStopForTest();
}

TEST_F(PretrainTest, DocumentLongerThanTheContextIsRefusedByNumber) {
  options_.model.max_positions = 6;
  try {
    Run(task_);
    FAIL() << "a document of 7 tokens went into 6 positions";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("document 0 has 7 tokens"));
  }
}

}  // namespace
}  // namespace r1zero
