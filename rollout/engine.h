// The rollout engine: continuous batching over a paged KV cache.
//
//   leases wait -> prompts are prefilled once a group -> all running sequences decode together ->
//   groups leave as soon as their last sequence is done, and waiting ones take their blocks.
//
// When blocks run short the youngest sequences are pre-empted and run again later (docs/engine.md).
// One engine a core, single-threaded, no locks. What a sequence becomes is a pure function of
// (weights, prompt, sampling seed, ordinal, sample): not of what runs beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/decoder.h"
#include "rollout/group.h"
#include "rollout/rollout_config.h"

namespace r1zero {

// What a decoder must offer to serve an engine of this config.
int64_t MaxBatchTokens(const EngineConfig& config);
// config.kv_blocks, or if that is 0, enough for max_sequences sequences of max_total_tokens each.
int64_t NumKvBlocks(const EngineConfig& config, int64_t max_total_tokens);

// Told of every token as it is sampled: it is the last of `completion`, which is sample `sample` of
// the prompt. A completion that it finished has its text and finish_reason.
using TokenObserver = std::function<void(const Prompt& prompt, int32_t sample,
                                         const Completion& completion, bool is_finished)>;

class Engine {
 public:
  Engine(std::unique_ptr<Decoder> decoder, const EngineConfig& config);
  ~Engine();

  // Takes effect at the next Step, also for what is running: the KV blocks stay, and the tokens
  // sampled from then on are of this version (Completion::versions). Error if the weights are not
  // the decoder's model or one of them is not finite; the engine then keeps those that it has.
  void SetWeights(std::shared_ptr<const Weights> weights);
  int64_t policy_version() const;  // -1 before the first SetWeights

  // The bytes that each token decodes to, special tokens to nothing: what stop strings are matched in,
  // and what completions get their text from. Tokens beyond the last one decode to nothing (models
  // pad their vocabulary). Error if there are more than tokens.
  void SetTokenTexts(std::vector<std::string> texts);

  // For whoever shows completions as they grow; null: nobody is told. It must not call the engine.
  // No token depends on it.
  void SetTokenObserver(TokenObserver observer);

  // Queues a group. Error if the lease wants newer weights than these, if its prompt is empty,
  // holds a token outside the vocabulary or leaves no room within max_total_tokens or the context,
  // if a sampling parameter is out of range, if it has stop strings and no token texts are set, if
  // the group does not fit in max_sequences, or if one sequence of max_total_tokens does not fit in
  // the KV blocks.
  void Add(Lease lease);

  // One forward pass: refills, decodes every running sequence by one token, prefills what fits.
  // Returns the groups that this step completed: without rewards, and without text if no token
  // texts are set.
  std::vector<Group> Step();

  // How many more groups like this one would start at the next Step, at least: as far as sequences
  // and KV blocks reach now.
  int64_t RoomFor(const Lease& like) const;

  bool idle() const;              // no group is running or waiting
  int64_t num_sequences() const;  // completions not finished yet, of running and waiting groups
  int64_t max_sequences() const;
  int64_t num_free_blocks() const;
  int64_t tokens_sampled() const;
  int64_t tokens_prefilled() const;  // of prompts, and of sequences that were resumed
  int64_t preemptions() const;       // sequences whose blocks were given to older ones

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace r1zero
