#include "rollout/engine.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "common/error.h"
#include "common/philox.h"
#include "kernels/sampler.h"
#include "rollout/draw.h"
#include "rollout/lease_check.h"
#include "rollout/scheduler.h"

namespace r1zero {
namespace {

// The distribution at temperature 0: all on the likeliest token.
kernels::SampledToken Greedy(std::span<const float> logits_V) {
  const auto likeliest = std::ranges::max_element(logits_V);  // the first of equals
  const bool is_any_nan = std::ranges::any_of(logits_V, [](float x) { return std::isnan(x); });
  Require(std::isfinite(*likeliest) && !is_any_nan, "the logits are not finite");
  return {.token = static_cast<int32_t>(likeliest - logits_V.begin()), .logprob = 0};
}

const EngineConfig& Checked(const EngineConfig& c) {
  Require(c.max_sequences >= 1, "max_sequences is ", c.max_sequences, ", expected at least 1");
  Require(c.max_prefill_tokens >= 1, "max_prefill_tokens is ", c.max_prefill_tokens,
          ", expected at least 1");
  return c;
}

}  // namespace

int64_t MaxBatchTokens(const EngineConfig& config) {
  return config.max_sequences + config.max_prefill_tokens;
}

int64_t NumKvBlocks(const EngineConfig& config, int64_t max_total_tokens) {
  if (config.kv_blocks > 0) return config.kv_blocks;
  return config.max_sequences * BlocksFor(max_total_tokens);
}

struct Engine::State {
  State(std::unique_ptr<Decoder> d, const EngineConfig& c)
      : config(Checked(c)), decoder(std::move(d)), scheduler(*decoder, c.max_sequences) {
    now.eos_tokens = decoder->config().eos_tokens;
    batch.reserve(c.max_sequences);
    logits_BV.resize(c.max_sequences * vocab_size());
    scratch_V.resize(vocab_size());
  }

  int64_t vocab_size() const { return decoder->config().vocab_size; }

  std::vector<Group> Step() {
    scheduler.Schedule();
    if (scheduler.running().empty()) return {};
    PlanBatch();
    decoder->Forward(batch, logits_BV.data());
    scheduler.Fork();
    SampleNextTokens();
    return scheduler.TakeFinished();
  }

  void PlanBatch();
  std::span<const int32_t> TokensToRun(const Sequence& sequence, int64_t& prefill_budget);
  void SampleNextTokens();
  kernels::SampledToken Draw(const Sequence& sequence, const float* logits_V);

  const EngineConfig config;
  const std::unique_ptr<Decoder> decoder;
  Scheduler scheduler;
  SampledUnder now;
  TokenObserver observer;
  int64_t tokens_sampled = 0, tokens_prefilled = 0;

  // Of the step under way.
  std::vector<DecoderInput> batch;
  std::vector<float> logits_BV, scratch_V;
};

// Those that have caught up with their tokens get a row of logits.
void Engine::State::PlanBatch() {
  batch.clear();
  int64_t prefill_budget = config.max_prefill_tokens, rows = 0;
  for (Sequence& sequence : scheduler.running()) {
    sequence.logits_row = -1;
    const std::span<const int32_t> tokens = TokensToRun(sequence, prefill_budget);
    if (tokens.empty()) continue;
    const int64_t first_position = sequence.tokens_run;
    sequence.tokens_run += static_cast<int64_t>(tokens.size());
    if (sequence.tokens_run == sequence.num_tokens()) sequence.logits_row = rows++;
    batch.push_back({.tokens = tokens,
                     .first_position = first_position,
                     .block_table = sequence.blocks,
                     .wants_logits = sequence.logits_row >= 0});
  }
}

// A decoding sequence runs one token; the others share what a step may prefill, the oldest first.
std::span<const int32_t> Engine::State::TokensToRun(const Sequence& sequence,
                                                    int64_t& prefill_budget) {
  std::span<const int32_t> tokens = sequence.NextTokens();
  if (sequence.is_decoding()) return tokens;
  tokens = tokens.first(std::min<size_t>(tokens.size(), prefill_budget));
  const auto count = static_cast<int64_t>(tokens.size());
  prefill_budget -= count;
  tokens_prefilled += count;
  sequence.group->group.tokens_prefilled += count;
  return tokens;
}

void Engine::State::SampleNextTokens() {
  for (Sequence& sequence : scheduler.running()) {
    if (sequence.logits_row < 0) continue;
    const float* logits_V = logits_BV.data() + sequence.logits_row * vocab_size();
    sequence.Append(Draw(sequence, logits_V), now);
    ++tokens_sampled;
    if (observer)
      observer(sequence.group->group.prompt, sequence.sample, sequence.completion(),
               sequence.is_finished);
  }
}

kernels::SampledToken Engine::State::Draw(const Sequence& sequence, const float* logits_V) {
  const SamplingParams& p = sequence.group->sampling;
  const Prompt& prompt = sequence.group->group.prompt;
  const auto position = static_cast<uint32_t>(sequence.completion().tokens.size());
  const float uniform = SampleUniform(p.seed, SamplingOrdinal(prompt), sequence.sample, position);
  try {
    if (p.temperature == 0) return Greedy({logits_V, static_cast<size_t>(vocab_size())});
    return DrawToken(p, prompt.tokens, sequence.completion(),
                     {logits_V, static_cast<size_t>(vocab_size())}, uniform, scratch_V.data());
  } catch (const Error& error) {
    Fail("prompt ", prompt.ordinal, " under policy version ", now.policy_version, ": ",
         error.what());
  }
}

Engine::Engine(std::unique_ptr<Decoder> decoder, const EngineConfig& config)
    : state_(std::make_unique<State>(std::move(decoder), config)) {}
Engine::~Engine() = default;

void Engine::SetWeights(std::shared_ptr<const Weights> weights) {
  Require(weights != nullptr, "no weights to sample with");
  CheckWeights(*weights);
  const int64_t version = weights->version;
  state_->decoder->SetWeights(std::move(weights));
  state_->now.policy_version = version;
}

void Engine::SetTokenTexts(std::vector<std::string> texts) {
  Require(static_cast<int64_t>(texts.size()) <= state_->vocab_size(), "texts of ", texts.size(),
          " tokens, the vocabulary has ", state_->vocab_size());
  Require(idle(), "token texts cannot change while groups are being sampled");
  texts.resize(state_->vocab_size());  // a model's vocabulary may be padded: the rest has no text
  state_->now.token_texts = std::move(texts);
}

void Engine::SetTokenObserver(TokenObserver observer) { state_->observer = std::move(observer); }

void Engine::Add(Lease lease) {
  CheckLease(lease, {.policy = state_->decoder->config(),
                     .policy_version = state_->now.policy_version,
                     .max_sequences = state_->config.max_sequences,
                     .num_blocks = state_->decoder->num_blocks(),
                     .has_token_texts = !state_->now.token_texts.empty()});
  state_->scheduler.Add(std::move(lease));
}

std::vector<Group> Engine::Step() { return state_->Step(); }

int64_t Engine::RoomFor(const Lease& like) const { return state_->scheduler.RoomFor(like); }

int64_t Engine::policy_version() const { return state_->now.policy_version; }
bool Engine::idle() const { return state_->scheduler.idle(); }
int64_t Engine::num_sequences() const { return state_->scheduler.num_sequences(); }
int64_t Engine::max_sequences() const { return state_->config.max_sequences; }
int64_t Engine::num_free_blocks() const { return state_->scheduler.num_free_blocks(); }
int64_t Engine::tokens_sampled() const { return state_->tokens_sampled; }
int64_t Engine::tokens_prefilled() const { return state_->tokens_prefilled; }
int64_t Engine::preemptions() const { return state_->scheduler.preemptions(); }

}  // namespace r1zero
