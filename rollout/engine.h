// The rollout engine: continuous batching over a paged KV cache.
//
//   leases wait -> prompts are prefilled once a group -> all running sequences decode together ->
//   groups leave as soon as their last sequence is done, and waiting ones take their blocks.
//
// One engine a core, single-threaded, no locks. What a sequence becomes is a pure function of (weights,
// prompt, sampling seed, ordinal, sample): not of what runs beside it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "policy/decoder.h"
#include "rollout/block_manager.h"
#include "rollout/group.h"
#include "rollout/rollout_config.h"

namespace r1zero {

class Engine {
 public:
  Engine(std::unique_ptr<Decoder> decoder, const EngineConfig& config);
  ~Engine();

  // Takes effect at the next Step. REQUIRES idle(): a group is sampled under one policy.
  void SetWeights(std::shared_ptr<const Weights> weights);
  int64_t policy_version() const;  // -1 before the first SetWeights

  // Queues a group. Error if the prompt is empty, holds a token outside the vocabulary, leaves no room
  // within max_total_tokens or the context, or could never fit in the KV blocks.
  void Add(Lease lease);

  // One forward pass: prefills what fits, decodes every running sequence by one token, refills. Returns
  // the groups that this step completed (without text and rewards).
  std::vector<Group> Step();

  bool idle() const;
  int64_t num_sequences() const;  // running and waiting
  int64_t tokens_sampled() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace r1zero
