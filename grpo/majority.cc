#include "grpo/majority.h"

#include <algorithm>
#include <map>

#include "common/error.h"

namespace r1zero {
namespace {

struct Answer {
  int64_t count = 0;
  double right = 0;  // share of its votes
};

struct Ballot {
  std::vector<Answer> answers;
  int64_t most = 0;        // votes of the most frequent answer
  int64_t abstaining = 0;  // completions without an answer
};

Ballot Count(std::span<const Vote> votes) {
  std::map<std::string, Answer> by_answer;
  Ballot ballot;
  for (const Vote& vote : votes) {
    if (vote.answer.empty()) {
      ++ballot.abstaining;
      continue;
    }
    Answer& answer = by_answer[vote.answer];
    ++answer.count;
    answer.right += vote.right;
  }
  for (auto& [text, answer] : by_answer) {
    answer.right /= static_cast<double>(answer.count);
    ballot.most = std::max(ballot.most, answer.count);
    ballot.answers.push_back(answer);
  }
  return ballot;
}

// C(n, 0) .. C(n, most).
std::vector<double> Binomials(int64_t n, int64_t most) {
  std::vector<double> row(static_cast<size_t>(most) + 1, 0);
  row[0] = 1;
  for (int64_t j = 1; j <= std::min(n, most); ++j)
    row[j] = row[j - 1] * static_cast<double>(n - j + 1) / static_cast<double>(j);
  return row;
}

// Ways to draw some votes so that no answer so far has more than `top`, by how many were drawn and
// how many answers have exactly `top`; and the same ways, each times the right shares of those
// answers.
class Draws {
 public:
  Draws(int64_t k, int64_t top) : k_(k), top_(top), tied_(k / top) {
    const size_t cells = static_cast<size_t>((k + 1) * (tied_ + 1));
    ways_.resize(cells);
    right_.resize(cells);
    ways_[0] = 1;
  }

  void AddAnswer(const Answer& answer, const std::vector<double>& binomials) {
    Add(binomials, std::min(answer.count, top_ - 1), answer.count >= top_ ? top_ : -1,
        answer.right);
  }
  void AddAbstaining(int64_t count) { Add(Binomials(count, k_), std::min(count, k_), -1, 0); }

  // Over all ways to draw k in which the winners have `top` votes: the share of them that is right.
  double RightShare() const {
    double sum = 0;
    for (int64_t t = 1; t <= tied_; ++t) sum += right_[At(k_, t)] / static_cast<double>(t);
    return sum;
  }

 private:
  size_t At(int64_t drawn, int64_t tied) const {
    return static_cast<size_t>(drawn * (tied_ + 1) + tied);
  }

  // One answer more, of which 0 to `below` are drawn, or `winning` (unless that is -1), which ties.
  void Add(const std::vector<double>& binomials, int64_t below, int64_t winning, double right) {
    for (int64_t drawn = k_; drawn >= 0; --drawn)  // downwards: each cell from old ones
      for (int64_t tied = tied_; tied >= 0; --tied) {
        double ways = 0, rights = 0;
        for (int64_t j = 0; j <= std::min(below, drawn); ++j) {
          ways += binomials[j] * ways_[At(drawn - j, tied)];
          rights += binomials[j] * right_[At(drawn - j, tied)];
        }
        if (winning >= 0 && winning <= drawn && tied > 0) {
          const size_t from = At(drawn - winning, tied - 1);
          ways += binomials[winning] * ways_[from];
          rights += binomials[winning] * (right_[from] + right * ways_[from]);
        }
        ways_[At(drawn, tied)] = ways;
        right_[At(drawn, tied)] = rights;
      }
  }

  int64_t k_, top_, tied_;
  std::vector<double> ways_, right_;
};

}  // namespace

double MajorityAtK(std::span<const Vote> votes, int64_t k) {
  const auto n = static_cast<int64_t>(votes.size());
  Require(1 <= k && k <= n && n <= kMostVotes, "maj@", k, " of ", n,
          " samples, expected 1 <= k <= samples <= ", kMostVotes);
  const Ballot ballot = Count(votes);
  std::vector<std::vector<double>> binomials;
  for (const Answer& answer : ballot.answers) binomials.push_back(Binomials(answer.count, k));
  double right_share = 0;
  for (int64_t top = 1; top <= std::min(k, ballot.most); ++top) {
    Draws draws(k, top);
    for (size_t i = 0; i < ballot.answers.size(); ++i)
      draws.AddAnswer(ballot.answers[i], binomials[i]);
    draws.AddAbstaining(ballot.abstaining);
    right_share += draws.RightShare();
  }
  return right_share / Binomials(n, k)[k];
}

Estimate MajorityOver(std::span<const std::vector<Vote>> votes_by_problem, int64_t k,
                      uint64_t seed) {
  std::vector<double> per_problem;
  for (const std::vector<Vote>& votes : votes_by_problem)
    per_problem.push_back(MajorityAtK(votes, k));
  return MeanWithInterval(per_problem, seed);
}

}  // namespace r1zero
