#include "rollout/rollout_config.h"

#include "rollout/stop_matcher.h"

namespace r1zero {

void Describe(Fields& f, RolloutConfig& c) {
  f.Key("workers", c.workers, "worker processes; 0: one a core", {.min = 0, .max = 4096});
  f.Key("temperature", c.temperature, "of training rollouts", {.min = 0.01, .max = 100});
  f.Key("top_k", c.top_k,
        "training rollouts draw from so many likeliest tokens, and the update is of that "
        "distribution; 0: of all",
        {.min = 0, .max = 1 << 24});
  f.Key("top_p", c.top_p, "... from the fewest that hold this much of their probability; 1: off",
        {.min = 1e-6, .max = 1});
  f.Key("min_p", c.min_p, "... that have this share of the likeliest one's probability; 0: off",
        {.min = 0, .max = 0.999});
  f.Key("repetition_penalty", c.repetition_penalty,
        "of training rollouts too: divides the positive logits of tokens that came before and "
        "multiplies the negative ones; 1: off",
        {.min = 0.01, .max = 100});
  f.Key("max_total_tokens", c.max_total_tokens, "tokens of prompt and completion together",
        {.min = 2, .max = 1 << 24});
  f.Key(
      "stop", c.stop,
      "texts that end a completion, which keeps them, in evaluations too; at most 16 of 256 bytes "
      "each");
  f.Key("max_prompts_per_lease", c.max_prompts_per_lease, "prompts that one lease call hands out",
        {.min = 1, .max = 1 << 16});
  f.Key("lease_seconds", c.lease_seconds,
        "a lease not renewed for this long is given to another worker", {.min = 0.1, .max = 86400});
  f.Key("max_sequences", c.engine.max_sequences, "completions that a worker decodes together",
        {.min = 1, .max = 1 << 16});
  f.Key("max_prefill_tokens", c.engine.max_prefill_tokens,
        "prompt tokens that a worker runs in one step", {.min = 1, .max = 1 << 20});
  f.Key("kv_blocks", c.engine.kv_blocks,
        "KV-cache blocks of 16 tokens a worker, enough for one completion; 0: for max_sequences "
        "at full length",
        {.min = 0, .max = kMaxKvBlocks});
}

void Check(const RolloutConfig& c) { CheckStopStrings(c.stop, "rollout.stop"); }

}  // namespace r1zero
