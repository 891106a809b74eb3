#include "grpo/evaluation_summary.h"

#include <algorithm>
#include <functional>
#include <map>

#include "common/error.h"
#include "grpo/majority.h"

namespace r1zero {
namespace {

using Problems = std::span<const EvaluatedProblem>;

Estimate Over(Problems problems, uint64_t seed,
              const std::function<double(const EvaluatedProblem&)>& measure) {
  std::vector<double> values;
  for (const EvaluatedProblem& problem : problems) values.push_back(measure(problem));
  return MeanWithInterval(values, seed);
}

Estimate OverSamples(Problems problems, uint64_t seed,
                     const std::function<double(const EvaluatedSample&)>& measure) {
  return Over(problems, seed, [&](const EvaluatedProblem& problem) {
    double sum = 0;
    for (const EvaluatedSample& sample : problem.samples) sum += measure(sample);
    return sum / static_cast<double>(problem.samples.size());
  });
}

// 1, 2, 4, ... and n.
std::vector<int64_t> Ks(int64_t n) {
  std::vector<int64_t> ks;
  for (int64_t k = 1; k < n; k *= 2) ks.push_back(k);
  ks.push_back(n);
  return ks;
}

std::vector<std::pair<std::string, int64_t>> Reasons(Problems problems) {
  std::map<std::string, int64_t> counts;
  for (const EvaluatedProblem& problem : problems)
    for (const EvaluatedSample& sample : problem.samples) ++counts[sample.reason];
  std::vector<std::pair<std::string, int64_t>> reasons(counts.begin(), counts.end());
  std::ranges::stable_sort(reasons, std::greater<>(), &std::pair<std::string, int64_t>::second);
  return reasons;
}

// Takes those that could not be judged out, and puts the others in order.
void Sort(std::vector<EvaluatedProblem>& problems, EvaluationSummary& summary) {
  std::ranges::sort(problems, {}, &EvaluatedProblem::row);
  for (const EvaluatedProblem& problem : problems) {
    summary.tokens += problem.tokens();
    if (problem.undecided()) summary.undecided_rows.push_back(problem.row);
    Require(problem.samples.size() == problems[0].samples.size(), "row ", problem.row, " has ",
            problem.samples.size(), " samples, expected ", problems[0].samples.size());
  }
  std::erase_if(problems, [](const EvaluatedProblem& p) { return p.undecided(); });
  Require(!problems.empty(), "no problem could be judged: the verifier understood none of ",
          summary.undecided_rows.size(), " golds");
}

}  // namespace

EvaluationSummary Summarise(std::vector<EvaluatedProblem> problems, uint64_t seed) {
  Require(!problems.empty(), "an evaluation of no problems");
  EvaluationSummary s;
  Sort(problems, s);
  s.problems = static_cast<int64_t>(problems.size());
  s.samples = static_cast<int64_t>(problems[0].samples.size());
  std::vector<std::vector<Vote>> votes;
  for (const EvaluatedProblem& problem : problems) votes.push_back(problem.votes());
  for (const int64_t k : Ks(s.samples)) {
    s.pass_at.emplace_back(k, Over(problems, seed, [&](const EvaluatedProblem& p) {
                             return PassAtK(s.samples, p.tally().right, k);
                           }));
    s.maj_at.emplace_back(k, MajorityOver(votes, k, seed));
  }
  s.format = OverSamples(problems, seed, [](const EvaluatedSample& x) { return x.format; });
  s.mean_length = OverSamples(
      problems, seed, [](const EvaluatedSample& x) { return static_cast<double>(x.tokens); });
  s.truncated = OverSamples(problems, seed, [](const EvaluatedSample& x) {
    return x.finish_reason == FinishReason::kLength;
  });
  s.reasons = Reasons(problems);
  return s;
}

}  // namespace r1zero
