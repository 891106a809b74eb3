#include "grpo/metrics.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

double Mean(std::span<const double> values) {
  double sum = 0;
  for (double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Unbiased, as torch.std.
double Std(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values);
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

std::vector<const Completion*> Completions(std::span<const Group> groups) {
  std::vector<const Completion*> all;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions) all.push_back(&completion);
  return all;
}

bool AllRewardsEqual(const Group& group) {
  return std::all_of(group.completions.begin(), group.completions.end(),
                     [&](const Completion& c) { return c.reward == group.completions[0].reward; });
}

// The scores of each reward part, by name in the order that the completions name them.
std::vector<std::pair<std::string, std::vector<double>>> PartScores(
    std::span<const Completion* const> completions) {
  std::vector<std::pair<std::string, std::vector<double>>> scores;
  for (const Completion* completion : completions) {
    for (const NamedReward& part : completion->parts) {
      auto named = std::find_if(scores.begin(), scores.end(),
                                [&](const auto& s) { return s.first == part.name; });
      if (named == scores.end())
        named = scores.insert(scores.end(), {part.name, std::vector<double>{}});
      if (!part.undecided) named->second.push_back(part.score);
    }
  }
  return scores;
}

void AddRewards(std::span<const Group> groups, std::span<const Completion* const> completions,
                Metrics& metrics) {
  std::vector<double> rewards;
  for (const Completion* completion : completions) rewards.push_back(completion->reward);
  const auto zero_std = std::count_if(groups.begin(), groups.end(), AllRewardsEqual);
  metrics.emplace_back("reward", Mean(rewards));
  metrics.emplace_back("reward_std", Std(rewards));
  metrics.emplace_back("frac_reward_zero_std",
                       static_cast<double>(zero_std) / static_cast<double>(groups.size()));
  for (const auto& [name, scores] : PartScores(completions)) {
    metrics.emplace_back("rewards/" + name + "/mean", Mean(scores));
    metrics.emplace_back("rewards/" + name + "/std", Std(scores));
  }
}

void AddLengths(std::span<const Completion* const> completions, Metrics& metrics) {
  std::vector<double> lengths, terminated;
  for (const Completion* completion : completions) {
    lengths.push_back(static_cast<double>(completion->tokens.size()));
    if (completion->finish_reason != FinishReason::kLength) terminated.push_back(lengths.back());
  }
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  const double n = static_cast<double>(lengths.size());
  metrics.emplace_back("completions/mean_length", Mean(lengths));
  metrics.emplace_back("completions/min_length", *shortest);
  metrics.emplace_back("completions/max_length", *longest);
  metrics.emplace_back("completions/clipped_ratio", 1 - static_cast<double>(terminated.size()) / n);
  metrics.emplace_back("completions/mean_terminated_length", Mean(terminated));
}

}  // namespace

int64_t CountWord(std::string_view text, std::string_view word) {
  if (word.empty()) return 0;
  int64_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size()))
    ++count;
  return count;
}

Metrics GroupMetrics(std::span<const Group> groups, std::span<const std::string> counted_words) {
  const std::vector<const Completion*> completions = Completions(groups);
  Require(!completions.empty(), "metrics of no completions");
  Metrics metrics;
  AddRewards(groups, completions, metrics);
  AddLengths(completions, metrics);
  for (const std::string& word : counted_words) {
    int64_t count = 0;
    for (const Completion* completion : completions) count += CountWord(completion->text, word);
    metrics.emplace_back("completions/" + word,
                         static_cast<double>(count) / static_cast<double>(completions.size()));
  }
  return metrics;
}

Metrics RolloutMetrics(std::span<const Group> groups) {
  double preemptions = 0, tokens_prefilled = 0;  // a peer's: their sum must not overflow
  for (const Group& group : groups) {
    preemptions += static_cast<double>(group.preemptions);
    tokens_prefilled += static_cast<double>(group.tokens_prefilled);
  }
  return {{"rollout/preemptions", preemptions}, {"rollout/prefilled_tokens", tokens_prefilled}};
}

Metrics LearnerMetrics(const UpdateMetrics& update) {
  const LossSums& sums = update.loss;
  const double steps = static_cast<double>(std::max<int64_t>(update.optimizer_steps, 1));
  const double tokens = std::max(sums.tokens, 1.0);
  return {
      {"loss", sums.loss / steps},
      {"actor/pg_loss", -sums.surrogate / steps},
      {"actor/kl_loss", sums.kl / steps},
      {"actor/grad_norm", update.grad_norm},
      {"actor/ppo_kl", sums.old_kl_sum / tokens},
      {"actor/pg_clipfrac", (sums.clipped_low + sums.clipped_high) / tokens},
      {"actor/ratio_mean", sums.ratio_sum / tokens},
      {"learning_rate", update.lr},
      {"kl", sums.kl_tokens / tokens},
      {"entropy", update.entropy},
      {"clip_ratio/low_mean", sums.clipped_low / tokens},
      {"clip_ratio/high_mean", sums.clipped_high / tokens},
      {"clip_ratio/region_mean", (sums.clipped_low + sums.clipped_high) / tokens},
      {"training/rollout_probs_diff_mean", update.probs_diff_mean},
      {"training/rollout_probs_diff_max", update.probs_diff_max},
      {"training/optimizer_steps", static_cast<double>(update.optimizer_steps)},
  };
}

}  // namespace r1zero
