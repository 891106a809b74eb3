#include "tasks/signs.h"

#include <set>
#include <utility>

#include "common/error.h"
#include "tasks/signs_corpus.h"
#include "tasks/signs_problem.h"
#include "tasks/split.h"
#include "tasks/vocabulary.h"

namespace r1zero {
namespace {

constexpr int kProbeTexts = 200;

Problem ToProblem(const SignsProblem& problem) {
  return {SignsPrompt(problem), SignsGold(problem)};
}

int64_t CountHeldOut() {
  int64_t problems = 0;
  for (int64_t code = 0; code < 9 * 9 * 9 * 9; ++code) {
    const DigitRow digits = {1 + code / 729, 1 + code / 81 % 9, 1 + code / 9 % 9, 1 + code % 9};
    if (!IsHeldOut(digits)) continue;
    std::set<int64_t> targets;
    for (int pattern = 0; pattern < kSignPatterns; ++pattern)
      if (const int64_t value = SignsValue(digits, pattern); value >= 0) targets.insert(value);
    problems += static_cast<int64_t>(targets.size());
  }
  return problems;
}

std::vector<Problem> DrawHeldOut(int64_t count) {
  const int64_t exist = CountHeldOut();
  Require(count <= exist, "task.held_out is ", count, ", but signs has ", exist,
          " held-out problems");
  RandomStream rng(kFixedSeed, RandomPurpose::kPrompt);
  std::set<std::string> seen;
  std::vector<Problem> problems;
  while (static_cast<int64_t>(problems.size()) < count) {
    Problem problem = ToProblem(DrawSigns(rng, /*held_out=*/true));
    if (seen.insert(problem.prompt).second) problems.push_back(std::move(problem));
  }
  return problems;
}

class Signs : public Task {
 public:
  explicit Signs(const TaskConfig& config)
      : mix_(config.mix), held_out_(DrawHeldOut(config.held_out)) {}

  std::string name() const override { return "signs"; }
  std::string accuracy_verifier() const override { return "signs"; }

  // One token a number, signed where a sign belongs to it: 6+6=12-8=4 is 6 +6 = 12 -8 = 4.
  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> words = TagWords();
    for (const char* word : {"wait", "ok", " ", "=", ":", "+", "-"}) words.push_back(word);
    for (int i = 0; i <= 49; ++i) words.push_back(std::to_string(i));
    for (int i = 1; i <= 9; ++i) words.push_back('+' + std::to_string(i));
    for (int i = 1; i <= 49; ++i) words.push_back('-' + std::to_string(i));
    return words;
  }

  Problem Training(uint64_t seed, int64_t ordinal) const override {
    RandomStream rng(seed, RandomPurpose::kPrompt, static_cast<uint64_t>(ordinal));
    return ToProblem(DrawSigns(rng, /*held_out=*/false));
  }

  const std::vector<Problem>& HeldOut() const override { return held_out_; }

  Document Corpus(uint64_t seed, int64_t index) const override {
    RandomStream rng(seed, RandomPurpose::kCorpus, static_cast<uint64_t>(index));
    return WriteSignsDocument(rng, mix_);
  }

  std::vector<ReadinessProbe> Probes() const override {
    RandomStream rng(kFixedSeed, RandomPurpose::kCorpus);
    return TryProbes(SignsProbeTexts(rng, kProbeTexts));
  }

 private:
  CorpusMix mix_;
  std::vector<Problem> held_out_;
};

}  // namespace

std::unique_ptr<Task> MakeSigns(const TaskConfig& config) {
  Require(config.file.empty() && config.held_out_file.empty(),
          "task.file and task.held_out_file are set, but signs is generated and reads no file");
  Require(config.prompt_template.empty(),
          "task.prompt_template is set, but the prompts of signs have one fixed form");
  RequireNoNumberRange(config, "signs");
  return std::make_unique<Signs>(config);
}

}  // namespace r1zero
