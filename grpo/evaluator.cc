#include "grpo/evaluator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "common/error.h"

namespace r1zero {
namespace {

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
  e.format = mean(HasFormat);
  e.mean_length = mean([](const Completion& c) { return static_cast<double>(c.tokens.size()); });
  e.truncated = mean([](const Completion& c) { return c.finish_reason == FinishReason::kLength; });
  for (const std::string& word : counted_words)
    e.counts.emplace_back(word, mean([&](const Completion& c) {
                            return static_cast<double>(CountWord(c.text, word));
                          }));
  return e;
}

Metrics EvaluationMetrics(const Evaluation& evaluation, const std::string& prefix) {
  Metrics metrics;
  const auto add = [&](const std::string& name, const Estimate& estimate) {
    metrics.emplace_back(prefix + name, estimate.value);
    metrics.emplace_back(prefix + name + "_low", estimate.low);
    metrics.emplace_back(prefix + name + "_high", estimate.high);
  };
  for (const auto& [k, estimate] : evaluation.pass_at) add("pass@" + std::to_string(k), estimate);
  add("format", evaluation.format);
  add("mean_length", evaluation.mean_length);
  add("clipped_ratio", evaluation.truncated);
  for (const auto& [word, estimate] : evaluation.counts) add(word, estimate);
  return metrics;
}

const Evaluation* FindLike(std::span<const Evaluation> evaluations, const Evaluation& like) {
  const auto found = std::ranges::find_if(evaluations, [&](const Evaluation& e) {
    return e.temperature == like.temperature && e.problems == like.problems &&
           e.samples == like.samples;
  });
  return found == evaluations.end() ? nullptr : &*found;
}

const Estimate* FindPassAt(const Evaluation& evaluation, int64_t k) {
  for (const auto& [at, estimate] : evaluation.pass_at)
    if (at == k) return &estimate;
  return nullptr;
}

}  // namespace r1zero
