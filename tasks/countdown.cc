#include "tasks/countdown.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/error.h"
#include "tasks/countdown_corpus.h"
#include "tasks/countdown_problem.h"
#include "tasks/jsonl_rows.h"
#include "tasks/permutation.h"
#include "tasks/probes.h"
#include "tasks/prompt_template.h"
#include "tasks/split.h"
#include "tasks/vocabulary.h"

namespace r1zero {
namespace {

constexpr const char* kShortPrompt = "{numbers}={target}:";
constexpr int kProbeTexts = 200;
constexpr int64_t kLargestNumber = 1'000'000, kLargestTarget = 1'000'000'000;
constexpr size_t kMostNumbers = 16;
constexpr int64_t kDrawsPerHeldOut = 100;

CountdownProblem ReadProblem(const JsonlRow& row) {
  const std::string key = row.Has("nums") ? "nums" : "numbers";
  CountdownProblem problem{row.Integers(key), row.Integer("target")};
  const auto [least, most] = std::minmax_element(problem.numbers.begin(), problem.numbers.end());
  const size_t count = problem.numbers.size();
  if (count < 2 || count > kMostNumbers || *least < 1 || *most > kLargestNumber)
    row.Refuse(key, "2 to 16 numbers from 1 to 1000000");
  if (problem.target < -kLargestTarget || problem.target > kLargestTarget)
    row.Refuse("target", "a target from -1000000000 to 1000000000");
  return problem;
}

class Countdown : public Task {
 public:
  explicit Countdown(const TaskConfig& config)
      : mix_(config.mix),
        range_{config.most_numbers, config.largest_number},
        from_file_(!config.file.empty()),
        prompt_(config.prompt_template.empty() ? kShortPrompt : config.prompt_template) {
    Require((prompt_.Has("{numbers}") || prompt_.Has("{number_list}")) && prompt_.Has("{target}"),
            "task.prompt_template is '", prompt_.text(),
            "', expected {numbers} or {number_list}, and {target}, in it");
    if (from_file_)
      ReadBothSides(config);
    else
      DrawHeldOut(config.held_out);
  }

  std::string name() const override { return "countdown"; }
  std::string accuracy_verifier() const override { return "countdown"; }

  // One token a number up to 999.
  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> words = TagWords();
    for (const char* word : {"wait", "ok"}) words.push_back(word);
    AddCharacters(" =:,+-*/()", words);
    for (int64_t i = 0; i <= kMaxResult; ++i) words.push_back(std::to_string(i));
    if (prompt_.Has("{number_list}")) AddCharacters("[]", words);
    AddCharacters(prompt_.text(), words);
    return words;
  }

  Problem Training(uint64_t seed, int64_t ordinal) const override {
    if (from_file_) return ToProblem(FromFile(seed, RandomPurpose::kPrompt, ordinal));
    RandomStream rng(seed, RandomPurpose::kPrompt, static_cast<uint64_t>(ordinal));
    return ToProblem(DrawCountdown(rng, range_, /*held_out=*/false));
  }

  const std::vector<Problem>& HeldOut() const override { return held_out_; }

  void ForEachPrompt(const std::function<void(const std::string&)>& take) const override {
    Task::ForEachPrompt(take);
    for (const CountdownProblem& problem : training_) take(ToProblem(problem).prompt);
  }

  Document Corpus(uint64_t seed, int64_t index) const override {
    RandomStream rng(seed, RandomPurpose::kCorpus, static_cast<uint64_t>(index));
    if (rng.Chance(mix_.drill)) return {"", WriteCountdownDrill(rng, range_)};
    const CountdownProblem problem = from_file_ ? FromFile(seed, RandomPurpose::kCorpus, index)
                                                : DrawCountdown(rng, range_, /*held_out=*/false);
    return {ToProblem(problem).prompt, WriteCountdownResponse(rng, mix_, problem)};
  }

  std::vector<ReadinessProbe> Probes() const override {
    RandomStream rng(kFixedSeed, RandomPurpose::kCorpus);
    std::vector<ProbeText> texts;
    for (int i = 0; i < kProbeTexts; ++i) {
      const auto [problem, attempt] = DrawProbedTry(rng, range_, /*hit=*/i % 2 == 0);
      texts.push_back({ToProblem(problem).prompt, attempt, problem.target});
    }
    return TryProbes(texts);
  }

 private:
  Problem ToProblem(const CountdownProblem& problem) const {
    const std::string numbers = RowText(problem.numbers);
    std::string list = "[";
    for (char c : numbers) list += c == ' ' ? ", " : std::string(1, c);
    const std::string target = std::to_string(problem.target);
    return {
        prompt_.Fill({{"{numbers}", numbers}, {"{number_list}", list + "]"}, {"{target}", target}}),
        CountdownGold(problem)};
  }

  // The file's training side, in an order of each epoch's own.
  const CountdownProblem& FromFile(uint64_t seed, RandomPurpose purpose, int64_t ordinal) const {
    const auto count = static_cast<int64_t>(training_.size());
    return training_[PermutedIndex(seed, purpose, ordinal / count, ordinal % count, count)];
  }

  void DrawHeldOut(int64_t count) {
    RandomStream rng(kFixedSeed, RandomPurpose::kPrompt);
    std::set<std::string> seen;
    for (int64_t draws = 0; static_cast<int64_t>(held_out_.size()) < count; ++draws) {
      Require(draws < kDrawsPerHeldOut * count, "task.held_out is ", count, ", but only ",
              held_out_.size(), " problems were found to hold out among numbers up to ",
              range_.largest, "; expected fewer, or a larger task.largest_number");
      Problem problem = ToProblem(DrawCountdown(rng, range_, /*held_out=*/true));
      if (seen.insert(problem.prompt).second) held_out_.push_back(std::move(problem));
    }
  }

  void ReadBothSides(const TaskConfig& config) {
    std::set<std::string> seen;
    ForEachRow(config.file, [&](const JsonlRow& row) {
      CountdownProblem problem = ReadProblem(row);
      if (!IsHeldOut(problem.numbers)) {
        training_.push_back(std::move(problem));
      } else if (static_cast<int64_t>(held_out_.size()) < config.held_out) {
        Problem held_out = ToProblem(problem);
        if (seen.insert(held_out.prompt).second) held_out_.push_back(std::move(held_out));
      }
    });
    Require(!training_.empty() && !held_out_.empty(), config.file, ": ", training_.size(),
            " problems to train on and ", held_out_.size(),
            " held out (a tenth of all sets of numbers), expected some of each: add rows");
  }

  CorpusMix mix_;
  NumberRange range_;
  bool from_file_;
  PromptTemplate prompt_;
  std::vector<CountdownProblem> training_;  // empty if generated
  std::vector<Problem> held_out_;
};

}  // namespace

std::unique_ptr<Task> MakeCountdown(const TaskConfig& config) {
  Require(config.held_out_file.empty(),
          "task.held_out_file is set, but countdown holds out a tenth of all sets of numbers by "
          "itself; leave it empty");
  Require(config.mix.in_order == 0, "task.mix.in_order is ", config.mix.in_order,
          ", expected 0: only signs has patterns to count through");
  return std::make_unique<Countdown>(config);
}

}  // namespace r1zero
