// A task: problems to train on, problems held out, and texts to pretrain a base policy on.
//
// Everything is a pure function of (seed, ordinal), so any worker, run or resume sees the same
// problem for the same ordinal. Immutable after construction, thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasks/task_config.h"

namespace r1zero {

struct Problem {
  std::string prompt;  // the exact text that the policy completes
  std::string gold;    // what the accuracy verifier judges against; its form is the verifier's
};

// A pretraining document. The loss counts on `text` (and the end token), not on `question`.
struct Document {
  std::string question;
  std::string text;
};

// One measure of whether a base policy is ready for RL, by teacher forcing.
struct ReadinessProbe {
  enum class Measure { kArgmaxAccuracy, kMeanProbability };
  struct Item {
    std::string context;
    std::string next;  // exactly one token
  };
  std::string name;  // "sums", "ok_given_hit", "ok_given_miss"
  Measure measure = Measure::kMeanProbability;
  double min = 0, max = 1;  // ready when the measure lies within
  std::vector<Item> items;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  virtual std::string accuracy_verifier() const = 0;  // the verifier that judges its golds

  // The words of a tokenizer made for this task; [0] is the padding token, [1] the end token.
  virtual std::vector<std::string> Vocabulary() const = 0;

  // Training problem number `ordinal` >= 0 (endless: file tasks are reshuffled every epoch).
  virtual Problem Training(uint64_t seed, int64_t ordinal) const = 0;
  // The held-out problems: fixed, distinct, the same for every seed, never among the training ones.
  virtual const std::vector<Problem>& HeldOut() const = 0;

  // Calls `take` for every prompt that comes from a file and for those held out; of a generated task
  // the held-out ones show how long its prompts are.
  virtual void ForEachPrompt(const std::function<void(const std::string& prompt)>& take) const {
    for (const Problem& problem : HeldOut()) take(problem.prompt);
  }

  // What a person should know of the files that were read, a line each.
  virtual std::vector<std::string> Notes() const { return {}; }

  // Pretraining document number `index`. Error if the task has no corpus.
  virtual Document Corpus(uint64_t seed, int64_t index) const = 0;
  virtual std::vector<ReadinessProbe> Probes() const { return {}; }
};

// The policy that will read a task's prompts, as far as it is known; empty where there is none yet.
struct PromptReader {
  std::string model_folder;                                        // a Hugging Face folder
  std::function<int64_t(const std::string& prompt)> count_tokens;  // Error if it cannot read it
};

// Error names the task and those there are, or what is wrong with its file (file, line, column).
std::unique_ptr<Task> MakeTask(const TaskConfig& config, const PromptReader& reader = {});

}  // namespace r1zero
