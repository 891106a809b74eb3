#include "grpo/evaluation_comparison.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "grpo/majority.h"

namespace r1zero {
namespace {

using Problems = std::span<const EvaluatedProblem>;

double MajorityOfAll(const EvaluatedProblem& problem) {
  return MajorityAtK(problem.votes(), static_cast<int64_t>(problem.samples.size()));
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

}  // namespace

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

}  // namespace r1zero
