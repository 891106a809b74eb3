#include "grpo/evaluator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "common/error.h"
#include "grpo/majority.h"

namespace r1zero {
namespace {

// Of maj@k while training: its cost grows with k^2, and more change little.
constexpr int64_t kLargestMajorityK = 64;

const NamedReward* FindPart(const Completion& completion, const std::string& name) {
  for (const NamedReward& part : completion.parts)
    if (part.name == name) return &part;
  return nullptr;
}

bool IsRight(const Completion& completion) {
  if (completion.finish_reason == FinishReason::kLength) return false;
  const NamedReward* accuracy = FindPart(completion, "accuracy");
  return (accuracy ? accuracy->score : completion.reward) == 1;
}

bool HasFormat(const Completion& completion) {
  const NamedReward* format = FindPart(completion, "format");
  return format && format->score == 1;
}

void CheckGroups(std::span<const Group> groups) {
  Require(!groups.empty() && !groups[0].completions.empty(), "evaluation of no completions");
  for (const Group& group : groups) {
    Require(group.completions.size() == groups[0].completions.size(), "evaluation: problem ",
            group.prompt.ordinal, " has ", group.completions.size(), " samples, expected ",
            groups[0].completions.size());
    for (const Completion& completion : group.completions) {
      if (!completion.undecided) continue;
      std::string reason = "?";
      for (const NamedReward& part : completion.parts)
        if (part.undecided) reason = part.name + ": " + part.reason;
      Fail("evaluation: a completion of problem ", group.prompt.ordinal, " could not be judged (",
           reason, "); is its gold '", group.prompt.gold, "' right?");
    }
  }
}

// The mean of `measure` over a problem's completions, for each problem.
std::vector<double> PerProblem(std::span<const Group> groups,
                               const std::function<double(const Completion&)>& measure) {
  std::vector<double> means;
  for (const Group& group : groups) {
    double sum = 0;
    for (const Completion& completion : group.completions) sum += measure(completion);
    means.push_back(sum / static_cast<double>(group.completions.size()));
  }
  return means;
}

Estimate PassAt(std::span<const Group> groups, int64_t k, uint64_t seed) {
  std::vector<double> per_problem;
  for (const Group& group : groups) {
    const auto right = std::count_if(group.completions.begin(), group.completions.end(), IsRight);
    per_problem.push_back(PassAtK(static_cast<int64_t>(group.completions.size()), right, k));
  }
  return MeanWithInterval(per_problem, seed);
}

Vote VoteOf(const Completion& completion) {
  const NamedReward* accuracy = FindPart(completion, "accuracy");
  if (!accuracy || completion.finish_reason == FinishReason::kLength) return {};
  return {accuracy->extracted, IsRight(completion)};
}

// Empty if nobody votes: then the rule has no normal form of an answer, or there was no answer.
std::vector<std::vector<Vote>> VotesOf(std::span<const Group> groups) {
  std::vector<std::vector<Vote>> votes;
  bool has_answer = false;
  for (const Group& group : groups) {
    votes.emplace_back();
    for (const Completion& completion : group.completions) {
      votes.back().push_back(VoteOf(completion));
      has_answer |= !votes.back().back().answer.empty();
    }
  }
  if (!has_answer) votes.clear();
  return votes;
}

void AddMajority(std::span<const Group> groups, uint64_t seed, Evaluation& e) {
  if (e.samples > kMostVotes) return;
  const auto votes = VotesOf(groups);
  if (votes.empty()) return;
  for (int64_t k = 1; k <= std::min(e.samples, kLargestMajorityK); k *= 2)
    e.maj_at.emplace_back(k, MajorityOver(votes, k, seed));
}

}  // namespace

double ParseTemperature(const std::string& text) {
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  Require(error == std::errc() && end == last && std::isfinite(value) && value >= 0,
          "eval.temperatures: '", text, "' is not a finite number of at least 0");
  return value;
}

Evaluation Evaluate(std::span<const Group> groups, double temperature,
                    std::span<const std::string> counted_words, uint64_t seed) {
  CheckGroups(groups);
  const auto mean = [&](const std::function<double(const Completion&)>& measure) {
    return MeanWithInterval(PerProblem(groups, measure), seed);
  };
  Evaluation e;
  e.temperature = temperature;
  e.problems = static_cast<int64_t>(groups.size());
  e.samples = static_cast<int64_t>(groups[0].completions.size());
  for (int64_t k = 1; k <= e.samples; k *= 2) e.pass_at.emplace_back(k, PassAt(groups, k, seed));
  AddMajority(groups, seed, e);
  e.format = mean(HasFormat);
  e.mean_length = mean([](const Completion& c) { return static_cast<double>(c.tokens.size()); });
  e.truncated = mean([](const Completion& c) { return c.finish_reason == FinishReason::kLength; });
  for (const std::string& word : counted_words)
    e.counts.emplace_back(word, mean([&](const Completion& c) {
                            return static_cast<double>(CountWord(c.text, word));
                          }));
  return e;
}

}  // namespace r1zero
