#include "grpo/evaluation_summary.h"

#include <algorithm>
#include <functional>
#include <map>

#include "common/error.h"
#include "grpo/majority.h"

namespace r1zero {
namespace {

using Problems = std::span<const EvaluatedProblem>;

std::vector<Vote> Votes(const EvaluatedProblem& problem) {
  std::vector<Vote> votes;
  for (const EvaluatedSample& sample : problem.samples)
    votes.push_back({sample.extracted, sample.right});
  return votes;
}

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

double MajorityOfAll(const EvaluatedProblem& problem) {
  return MajorityAtK(Votes(problem), static_cast<int64_t>(problem.samples.size()));
}

// By what a problem is found again in another evaluation.
using Key = std::pair<int64_t, std::string>;

std::map<Key, const EvaluatedProblem*> Index(Problems problems, bool same_file) {
  std::map<Key, const EvaluatedProblem*> index;
  for (const EvaluatedProblem& problem : problems) {
    if (problem.undecided()) continue;
    index.emplace(same_file ? Key{problem.row, ""} : Key{0, problem.prompt_sha256}, &problem);
  }
  return index;
}

struct Pairs {
  std::vector<Tally> theirs, ours;
  std::vector<double> their_shares, our_shares;
};

void AddPair(const EvaluatedProblem& theirs, const EvaluatedProblem& ours, Pairs& pairs,
             EvaluationComparison& c) {
  const auto share = [](const Tally& t) {
    return static_cast<double>(t.right) / static_cast<double>(t.samples);
  };
  pairs.theirs.push_back(theirs.tally());
  pairs.ours.push_back(ours.tally());
  pairs.their_shares.push_back(share(theirs.tally()));
  pairs.our_shares.push_back(share(ours.tally()));
  const bool they_solve = MajorityOfAll(theirs) > 0.5, we_solve = MajorityOfAll(ours) > 0.5;
  c.majority_gained += we_solve && !they_solve;
  c.majority_lost += they_solve && !we_solve;
}

void Put(Json& json, const std::string& name, const Estimate& estimate) {
  json[name] = estimate.value;
  json[name + "_ci"] = Json::array({estimate.low, estimate.high});
}

}  // namespace

EvaluationSummary Summarise(std::vector<EvaluatedProblem> problems, uint64_t seed) {
  Require(!problems.empty(), "an evaluation of no problems");
  EvaluationSummary s;
  Sort(problems, s);
  s.problems = static_cast<int64_t>(problems.size());
  s.samples = static_cast<int64_t>(problems[0].samples.size());
  for (const int64_t k : Ks(s.samples)) {
    s.pass_at.emplace_back(k, Over(problems, seed, [&](const EvaluatedProblem& p) {
                             return PassAtK(s.samples, p.tally().right, k);
                           }));
    s.maj_at.emplace_back(k, Over(problems, seed, [&](const EvaluatedProblem& p) {
                            return MajorityAtK(Votes(p), k);
                          }));
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

EvaluationComparison Compare(Problems ours, Problems theirs, bool same_file, uint64_t seed) {
  const auto our_index = Index(ours, same_file), their_index = Index(theirs, same_file);
  EvaluationComparison c;
  Pairs pairs;
  for (const auto& [key, problem] : our_index) {
    const auto other = their_index.find(key);
    if (other == their_index.end())
      ++c.only_ours;
    else
      AddPair(*other->second, *problem, pairs, c);
  }
  c.problems = static_cast<int64_t>(pairs.ours.size());
  c.only_theirs = static_cast<int64_t>(their_index.size()) - c.problems;
  Require(c.problems > 0, "no problem is in both evaluations (paired by ",
          same_file ? "row" : "prompt", "); were they made of the same data with the same style?");
  c.pass_at_1_theirs = MeanWithInterval(pairs.their_shares, seed);
  c.pass_at_1_ours = MeanWithInterval(pairs.our_shares, seed);
  c.pass_at_1 = ComparePaired(pairs.theirs, pairs.ours, seed);
  c.majority_p_value = McNemarExact(c.majority_lost, c.majority_gained);
  return c;
}

Json ToJson(const EvaluationSummary& summary) {
  Json json = {{"problems", summary.problems}, {"samples", summary.samples}};
  for (const auto& [k, estimate] : summary.pass_at)
    Put(json, "pass@" + std::to_string(k), estimate);
  for (const auto& [k, estimate] : summary.maj_at) Put(json, "maj@" + std::to_string(k), estimate);
  Put(json, "format", summary.format);
  Put(json, "mean_length", summary.mean_length);
  Put(json, "clipped_ratio", summary.truncated);
  json["undecided_rows"] = summary.undecided_rows;
  json["reasons"] = Json::object();
  for (const auto& [reason, count] : summary.reasons) json["reasons"][reason] = count;
  json["tokens_generated"] = summary.tokens;
  return json;
}

Json ToJson(const EvaluationComparison& c) {
  Json json = {{"problems", c.problems}, {"only_here", c.only_ours}, {"only_there", c.only_theirs}};
  Put(json, "pass@1_there", c.pass_at_1_theirs);
  Put(json, "pass@1_here", c.pass_at_1_ours);
  Put(json, "pass@1_difference", c.pass_at_1.difference);
  json["pass@1_p_value"] = c.pass_at_1.p_value;
  json["problems_better"] = c.pass_at_1.better;
  json["problems_worse"] = c.pass_at_1.worse;
  json["problems_equal"] = c.pass_at_1.equal;
  json["majority_gained"] = c.majority_gained;
  json["majority_lost"] = c.majority_lost;
  json["majority_p_value"] = c.majority_p_value;
  return json;
}

}  // namespace r1zero
