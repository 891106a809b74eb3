// A small ring for tests: a learner that trains nothing, the real services and a random tiny model.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "policy/word_tokenizer.h"
#include "services/reward_service.h"
#include "services/server.h"
#include "services/training_service.h"

namespace r1zero {

inline constexpr int32_t kTestGroupSize = 4;

inline ModelConfig TinyModel() {
  return {.vocab_size = 12,
          .hidden_size = 16,
          .num_layers = 1,
          .num_heads = 2,
          .num_kv_heads = 2,
          .head_width = 8,
          .intermediate_size = 32,
          .max_positions = 64};
}

inline WordTokenizer DigitTokenizer() {
  std::vector<std::string> words = {"<pad>", "<eos>"};
  for (char digit = '0'; digit <= '9'; ++digit) words.emplace_back(1, digit);
  return WordTokenizer(std::move(words), 0, 1);
}

inline RewardConfig TestRubric() {
  return {.accuracy = "random", .weights = {{"accuracy", 1.0}, {"format", 0.1}}};
}

inline SamplingParams TestSampling() {
  return {.group_size = kTestGroupSize, .max_total_tokens = 24, .seed = 7};
}

inline std::vector<Prompt> DigitPrompts(int64_t first, int64_t count) {
  const WordTokenizer tokenizer = DigitTokenizer();
  std::vector<Prompt> prompts;
  for (int64_t n = first; n < first + count; ++n) {
    const std::string text = std::to_string(100 + n);
    prompts.push_back({.ordinal = n, .text = text, .gold = "1", .tokens = tokenizer.Encode(text)});
  }
  return prompts;
}

inline std::shared_ptr<const Weights> RandomWeights(int64_t version) {
  auto weights = std::make_shared<Weights>(InitWeights(TinyModel(), /*seed=*/version + 1));
  weights->version = version;
  return weights;
}

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "r1zero-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }
  std::string Socket(const std::string& name) const { return "unix:" + (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class FakeLearner {
 public:
  explicit FakeLearner(const std::string& listen = "127.0.0.1:0", int64_t epoch = 1,
                       std::chrono::milliseconds lease_time = std::chrono::seconds(10),
                       std::string tokenizer_json = DigitTokenizer().ToJson())
      : buffer({.lease_time = lease_time, .vocab_size = 12, .eos_tokens = {1}}),
        service({.run_id = "test-run",
                 .epoch = epoch,
                 .model = TinyModel(),
                 .tokenizer_json = std::move(tokenizer_json),
                 .reward = TestRubric(),
                 .engine = {.max_sequences = 8, .max_prefill_tokens = 32},
                 .max_total_tokens = 24,
                 .max_prompts_per_lease = 4,
                 .lease_time = lease_time},
                buffer, weights),
        server(std::make_unique<Server>(ServerOptions{.listen = listen},
                                        std::vector<grpc::Service*>{&service})) {}
  ~FakeLearner() {
    buffer.Finish();
    buffer.Stop();
  }

  // Opens a batch under the version's own random weights.
  void Issue(int64_t first, int64_t count, int64_t version = 0) {
    weights.Publish(RandomWeights(version));
    buffer.Issue(DigitPrompts(first, count), TestSampling(), version);
  }
  std::string address() const { return server->address(); }

  GroupBuffer buffer;
  WeightStore weights;
  TrainingService service;
  std::unique_ptr<Server> server;
};

class FakeReward {
 public:
  explicit FakeReward(const std::string& listen = "127.0.0.1:0")
      : server({.listen = listen}, {&service}) {}
  std::string address() const { return server.address(); }

  RewardService service;
  Server server;
};

}  // namespace r1zero
