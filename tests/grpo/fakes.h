// Stand-ins for what the trainer is handed: a policy of a few numbers, a learner that moves them by
// a rule, workers that answer leases by another.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "grpo/group_buffer.h"
#include "grpo/learner.h"
#include "policy/weights.h"
#include "policy/word_tokenizer.h"

namespace r1zero {

// An empty folder of the running test, removed at the end.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    static int count = 0;
    std::string name =
        std::to_string(getpid()) + "-" + std::to_string(count++) + "-" + test->name();
    std::replace(name.begin(), name.end(), '/', '-');
    path_ = std::filesystem::path(testing::TempDir()) / ("r1zero-" + name);
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline WordTokenizer TinyTokenizer() {
  return WordTokenizer({"<pad>", "<eos>", "a", "b", "wait", "<think>", "</think>", " "}, 0, 1);
}

inline ModelConfig TinyModel() {
  return {.vocab_size = 8,
          .hidden_size = 4,
          .num_layers = 1,
          .num_heads = 2,
          .num_kv_heads = 1,
          .head_width = 2,
          .intermediate_size = 4,
          .max_positions = 32};
}

inline Completion MakeCompletion(const std::string& text, double accuracy, double format,
                                 size_t tokens, FinishReason finish = FinishReason::kStop) {
  Completion c;
  c.text = text;
  c.tokens.assign(tokens, 2);
  if (finish == FinishReason::kStop) c.tokens.back() = 1;
  c.logprobs.assign(tokens, -0.5f);
  c.finish_reason = finish;
  c.reward = finish == FinishReason::kStop ? accuracy + 0.1 * format : 0;
  c.parts = {{.name = "accuracy", .weight = 1, .score = accuracy},
             {.name = "format", .weight = 0.1, .score = format}};
  return c;
}

// Moves every weight by momentum along a number made of all that an update is given. Like Adam it
// has state, so that a resume which loses the state ends elsewhere.
class FakeLearner : public Learner {
 public:
  explicit FakeLearner(uint64_t seed = 1) : weights_(InitWeights(TinyModel(), seed)) {
    state_.adam_m.resize(weights_.flat.size());
    state_.adam_v.resize(weights_.flat.size());
  }

  UpdateMetrics Update(int64_t step, std::span<const Group> groups,
                       std::span<const float> advantages) override {
    if (fail_at_step == step) throw std::runtime_error("the machine fell over");
    updates.push_back({step, {}, {advantages.begin(), advantages.end()}});
    double push = 0.01 * static_cast<double>(step + 1);
    int64_t tokens = 0;
    size_t i = 0;
    for (const Group& group : groups) {
      updates.back().ordinals.push_back(group.prompt.ordinal);
      for (const Completion& c : group.completions) {
        push += advantages[i++] * static_cast<double>(c.tokens.size() + group.prompt.ordinal);
        tokens += static_cast<int64_t>(c.tokens.size() + group.prompt.tokens.size());
      }
    }
    for (size_t w = 0; w < weights_.flat.size(); ++w) {
      state_.adam_m[w] = 0.9f * state_.adam_m[w] + static_cast<float>(1e-4 * push);
      state_.adam_v[w] += state_.adam_m[w] * state_.adam_m[w];
      weights_.flat[w] += state_.adam_m[w];
    }
    ++state_.optimizer_step;
    UpdateMetrics metrics;
    metrics.loss.loss = push;
    metrics.loss.tokens = 1;
    metrics.optimizer_steps = 1;
    metrics.tokens = tokens;
    return metrics;
  }
  std::shared_ptr<const Weights> Snapshot(int64_t version) const override {
    auto copy = std::make_shared<Weights>(weights_);
    copy->version = version;
    return copy;
  }
  void RefreshReference(int64_t version) override {
    state_.reference = weights_.flat;
    state_.reference_version = version;
  }
  LearnerState State() const override { return state_; }
  void Restore(const Weights& weights, const LearnerState& state) override {
    weights_ = weights;
    state_ = state;
  }

  struct Seen {
    int64_t step;
    std::vector<int64_t> ordinals;
    std::vector<float> advantages;
  };
  std::vector<Seen> updates;
  int64_t fail_at_step = -1;

 private:
  Weights weights_;
  LearnerState state_;
};

// What a worker answers to a lease: a function of the lease alone. Later policies are right more
// often.
inline Group AnswerLease(const Lease& lease) {
  Group group{lease.id, lease.policy_version, lease.prompt, {}};
  for (int32_t i = 0; i < lease.sampling.group_size; ++i) {
    const uint64_t draw = (static_cast<uint64_t>(lease.prompt.ordinal) * 7919 +
                           static_cast<uint64_t>(i) * 104729 + lease.sampling.seed * 31) %
                          20;
    const bool right = draw < 3 + 2 * static_cast<uint64_t>(lease.policy_version);
    group.completions.push_back(MakeCompletion(right ? "<think>wait a</think>b" : "b", right, right,
                                               right ? 6 : 3 + draw % 2));
    group.completions.back().versions = {{0, lease.policy_version}};
  }
  return group;
}

// Threads that answer the leases of a buffer until the run is over.
class FakeWorkers {
 public:
  FakeWorkers(GroupBuffer& buffer, int count,
              std::function<Group(const Lease&)> answer = AnswerLease) {
    for (int w = 0; w < count; ++w)
      threads_.emplace_back([this, &buffer, w, answer] {
        const std::string name = "fake-" + std::to_string(w);
        while (const auto leases = buffer.LeasePrompts(name, 3, std::chrono::milliseconds(20)))
          for (const Lease& lease : *leases) {
            if (lease.prompt.use == PromptUse::kEvaluation) ++evaluated;
            buffer.Submit(name, answer(lease));
          }
      });
  }
  ~FakeWorkers() { Join(); }
  void Join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  std::atomic<int64_t> evaluated = 0;  // problems

 private:
  std::vector<std::thread> threads_;
};

}  // namespace r1zero
