#include "grpo/evaluation.h"

#include <algorithm>

namespace r1zero {
namespace {

const Estimate* FindAt(const std::vector<std::pair<int64_t, Estimate>>& estimates, int64_t k) {
  for (const auto& [at, estimate] : estimates)
    if (at == k) return &estimate;
  return nullptr;
}

}  // namespace

Metrics EvaluationMetrics(const Evaluation& evaluation, const std::string& prefix) {
  Metrics metrics;
  const auto add = [&](const std::string& name, const Estimate& estimate) {
    metrics.emplace_back(prefix + name, estimate.value);
    metrics.emplace_back(prefix + name + "_low", estimate.low);
    metrics.emplace_back(prefix + name + "_high", estimate.high);
  };
  for (const auto& [k, estimate] : evaluation.pass_at) add("pass@" + std::to_string(k), estimate);
  for (const auto& [k, estimate] : evaluation.maj_at) add("maj@" + std::to_string(k), estimate);
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
  return FindAt(evaluation.pass_at, k);
}

const Estimate* FindMajAt(const Evaluation& evaluation, int64_t k) {
  return FindAt(evaluation.maj_at, k);
}

}  // namespace r1zero
