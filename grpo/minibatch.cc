#include "grpo/minibatch.h"

#include <numeric>
#include <utility>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

std::vector<size_t> InOrder(size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

std::vector<size_t> Shuffled(size_t n, const ShuffleKey& key) {
  std::vector<size_t> order = InOrder(n);
  RandomStream random(key.seed, RandomPurpose::kShuffle, static_cast<uint64_t>(key.step),
                      static_cast<uint32_t>(key.epoch));
  for (size_t i = n; i > 1; --i)
    std::swap(order[i - 1], order[random.Below(static_cast<int64_t>(i))]);
  return order;
}

void AppendGroup(const Group& group, std::span<const float> advantages,
                 std::vector<TrainingSequence>& sequences) {
  for (size_t i = 0; i < group.completions.size(); ++i)
    sequences.push_back({&group.prompt, &group.completions[i], advantages[i], 0});
}

}  // namespace

std::vector<std::vector<TrainingSequence>> MakeMinibatches(std::span<const Group> groups,
                                                           std::span<const float> advantages,
                                                           int64_t minibatches,
                                                           const ShuffleKey& key) {
  std::vector<size_t> first_completion;
  size_t completions = 0;
  for (const Group& group : groups) {
    first_completion.push_back(completions);
    completions += group.completions.size();
  }
  Require(completions > 0 && completions == advantages.size(), "learner: ", advantages.size(),
          " advantages for ", completions, " completions, expected one each and at least one");
  const auto parts = static_cast<size_t>(minibatches);
  Require(minibatches >= 1, "learner: ", minibatches, " mini-batches, expected at least 1");

  const auto order = parts == 1 ? InOrder(groups.size()) : Shuffled(groups.size(), key);
  std::vector<std::vector<TrainingSequence>> out(parts);
  for (size_t part = 0; part < parts; ++part)
    for (size_t i = groups.size() * part / parts; i < groups.size() * (part + 1) / parts; ++i)
      AppendGroup(groups[order[i]], advantages.subspan(first_completion[order[i]]), out[part]);
  return out;
}

}  // namespace r1zero
