#include "rollout/engine.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <span>
#include <utility>

#include "common/error.h"
#include "common/philox.h"
#include "kernels/attention.h"
#include "kernels/sampler.h"
#include "rollout/block_manager.h"
#include "rollout/draw.h"
#include "rollout/lease_check.h"

namespace r1zero {
namespace {

using kernels::kKvBlockTokens;

// A group whose prompt is being run or whose completions are being sampled.
struct RunningGroup {
  Group group;
  SamplingParams sampling;
  BlockNeed need;
  std::vector<int32_t> prompt_blocks;  // until the sequences take them over
  int64_t prompt_tokens_run = 0;
  int64_t unfinished = 0;  // completions

  int64_t prompt_size() const { return static_cast<int64_t>(group.prompt.tokens.size()); }
  bool is_prompt_run() const { return prompt_tokens_run == prompt_size(); }
};

// A completion that is being sampled. All its tokens but the last are in its KV blocks.
struct Sequence {
  RunningGroup* group = nullptr;
  int32_t sample = 0;
  int64_t tokens_run = 0;  // of prompt and completion
  std::vector<int32_t> blocks;

  Completion& completion() const { return group->group.completions[sample]; }
};

// The distribution at temperature 0: all on the likeliest token.
kernels::SampledToken Greedy(std::span<const float> logits_V) {
  const auto likeliest = std::ranges::max_element(logits_V);  // the first of equals
  const bool is_any_nan = std::ranges::any_of(logits_V, [](float x) { return std::isnan(x); });
  Require(std::isfinite(*likeliest) && !is_any_nan, "the logits are not finite");
  return {.token = static_cast<int32_t>(likeliest - logits_V.begin()), .logprob = 0};
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
      : config(c), decoder(std::move(d)), blocks(decoder->num_blocks()) {
    Require(c.max_sequences >= 1, "max_sequences is ", c.max_sequences, ", expected at least 1");
    Require(c.max_prefill_tokens >= 1, "max_prefill_tokens is ", c.max_prefill_tokens,
            ", expected at least 1");
    inputs.reserve(c.max_sequences);
    sequences.reserve(c.max_sequences);
    logits_BV.resize(c.max_sequences * vocab_size());
    scratch_V.resize(vocab_size());
  }

  int64_t vocab_size() const { return decoder->config().vocab_size; }

  std::vector<Group> Step() {
    AdmitWaiting();
    if (groups.empty()) return {};
    inputs.clear();
    PlanDecodes();
    PlanPrefills();
    decoder->Forward(inputs, logits_BV.data());
    const float* next_logits_V = SampleDecoded(logits_BV.data());
    SamplePrefilled(next_logits_V);
    return TakeFinished();
  }

  bool Fits(const Lease& lease) const;
  void AdmitWaiting();
  void PlanDecodes();
  void PlanPrefills();
  const float* SampleDecoded(const float* logits_V);
  void SamplePrefilled(const float* logits_V);
  void StartSequences(RunningGroup& group, std::span<const int32_t> samples);
  kernels::SampledToken Draw(RunningGroup& group, int32_t sample, const float* logits_V);
  bool SampleNext(RunningGroup& group, int32_t sample, const float* logits_V);
  void FinishSample(RunningGroup& group, int32_t sample, FinishReason reason);
  void ReleaseAll(std::vector<int32_t>& owned);
  std::vector<Group> TakeFinished();

  const EngineConfig config;
  const std::unique_ptr<Decoder> decoder;
  BlockManager blocks;
  std::deque<Lease> waiting;
  std::vector<std::unique_ptr<RunningGroup>> groups;  // in the order admitted
  std::vector<Sequence> sequences;                    // that decode, in the order started
  int64_t policy_version = -1;
  int64_t reserved_blocks = 0;  // what the running groups can come to need; at most all
  int64_t running = 0;          // unfinished completions of running groups
  int64_t unfinished = 0;       // ... and of waiting ones
  int64_t tokens_sampled = 0;

  // Of the step under way.
  std::vector<DecoderInput> inputs;
  std::vector<RunningGroup*> prefilled;  // whose prompts end in this step
  std::vector<float> logits_BV, scratch_V;
};

// Enough is set aside for the longest completions that are allowed: nothing running is ever put
// off.
bool Engine::State::Fits(const Lease& lease) const {
  const int64_t need = NeedOf(lease).Total(lease.sampling.group_size);
  return reserved_blocks + need <= decoder->num_blocks() &&
         running + lease.sampling.group_size <= config.max_sequences;
}

void Engine::State::AdmitWaiting() {
  for (; !waiting.empty() && Fits(waiting.front()); waiting.pop_front()) {
    Lease& lease = waiting.front();
    auto group = std::make_unique<RunningGroup>();
    group->sampling = lease.sampling;
    group->need = NeedOf(lease);
    group->unfinished = lease.sampling.group_size;
    reserved_blocks += group->need.Total(lease.sampling.group_size);
    running += lease.sampling.group_size;
    group->group = {.lease_id = lease.id,
                    .policy_version = policy_version,
                    .prompt = std::move(lease.prompt),
                    .completions = std::vector<Completion>(lease.sampling.group_size)};
    for (Completion& completion : group->group.completions) {
      completion.tokens.reserve(lease.sampling.max_total_tokens - group->prompt_size());
      completion.logprobs.reserve(lease.sampling.max_total_tokens - group->prompt_size());
    }
    for (int64_t i = BlocksFor(group->prompt_size()); i > 0; --i)
      group->prompt_blocks.push_back(blocks.Allocate());
    groups.push_back(std::move(group));
  }
}

// The last token of every sequence.
void Engine::State::PlanDecodes() {
  for (Sequence& sequence : sequences) {
    if (sequence.tokens_run == static_cast<int64_t>(sequence.blocks.size()) * kKvBlockTokens)
      sequence.blocks.push_back(blocks.Allocate());
    inputs.push_back({.tokens = std::span(sequence.completion().tokens).last(1),
                      .first_position = sequence.tokens_run,
                      .block_table = sequence.blocks});
    ++sequence.tokens_run;
  }
}

// As many prompt tokens as a step may run, first come, first served.
void Engine::State::PlanPrefills() {
  prefilled.clear();
  int64_t budget = config.max_prefill_tokens;
  for (const auto& group : groups) {
    if (budget == 0) break;
    if (group->is_prompt_run()) continue;
    const int64_t begin = group->prompt_tokens_run;
    const int64_t count = std::min(budget, group->prompt_size() - begin);
    budget -= count;
    group->prompt_tokens_run += count;
    inputs.push_back({.tokens = std::span(group->group.prompt.tokens).subspan(begin, count),
                      .first_position = begin,
                      .block_table = group->prompt_blocks,
                      .wants_logits = group->is_prompt_run()});
    if (group->is_prompt_run()) prefilled.push_back(group.get());
  }
}

// Returns where the logits of the prompts begin.
const float* Engine::State::SampleDecoded(const float* logits_V) {
  for (Sequence& sequence : sequences) {
    if (!SampleNext(*sequence.group, sequence.sample, logits_V)) ReleaseAll(sequence.blocks);
    logits_V += vocab_size();
  }
  std::erase_if(sequences, [](const Sequence& sequence) { return sequence.blocks.empty(); });
  return logits_V;
}

// The logits after a prompt give the first token of each of its completions.
void Engine::State::SamplePrefilled(const float* logits_V) {
  std::vector<int32_t> going_on;
  for (RunningGroup* group : prefilled) {
    going_on.clear();
    for (int32_t sample = 0; sample < group->sampling.group_size; ++sample)
      if (SampleNext(*group, sample, logits_V)) going_on.push_back(sample);
    StartSequences(*group, going_on);
    logits_V += vocab_size();
  }
}

// Each sequence shares the prompt's blocks. The last one, if partly filled, will be written to: all
// but one of them get a copy.
void Engine::State::StartSequences(RunningGroup& group, std::span<const int32_t> samples) {
  const size_t first = sequences.size();
  for (const int32_t sample : samples) {
    for (const int32_t block : group.prompt_blocks) blocks.Share(block);
    sequences.push_back({.group = &group, .sample = sample, .tokens_run = group.prompt_size()});
    sequences.back().blocks.reserve(group.need.shared + group.need.per_sample);
    sequences.back().blocks = group.prompt_blocks;
  }
  ReleaseAll(group.prompt_blocks);
  const int tail = static_cast<int>(group.prompt_size() % kKvBlockTokens);
  if (tail == 0) return;
  for (Sequence& sequence : std::span(sequences).subspan(first)) {
    int32_t& last = sequence.blocks.back();
    if (!blocks.IsShared(last)) continue;
    const int32_t copy = blocks.Allocate();
    decoder->CopyBlock(last, copy, tail);
    blocks.Release(std::exchange(last, copy));
  }
}

kernels::SampledToken Engine::State::Draw(RunningGroup& group, int32_t sample,
                                          const float* logits_V) {
  const SamplingParams& p = group.sampling;
  const Prompt& prompt = group.group.prompt;
  const auto position = static_cast<uint32_t>(group.group.completions[sample].tokens.size());
  const float uniform = SampleUniform(p.seed, SamplingOrdinal(prompt), sample, position);
  try {
    if (p.temperature == 0) return Greedy({logits_V, static_cast<size_t>(vocab_size())});
    return DrawToken(p, prompt.tokens, group.group.completions[sample],
                     {logits_V, static_cast<size_t>(vocab_size())}, uniform, scratch_V.data());
  } catch (const Error& error) {
    Fail("prompt ", prompt.ordinal, " under policy version ", policy_version, ": ", error.what());
  }
}

// Appends one token to the completion. Returns whether it goes on.
bool Engine::State::SampleNext(RunningGroup& group, int32_t sample, const float* logits_V) {
  const kernels::SampledToken sampled = Draw(group, sample, logits_V);
  Completion& completion = group.group.completions[sample];
  completion.tokens.push_back(sampled.token);
  completion.logprobs.push_back(sampled.logprob);
  ++tokens_sampled;
  const int64_t total = group.prompt_size() + static_cast<int64_t>(completion.tokens.size());
  if (sampled.token == decoder->config().eos_token)
    FinishSample(group, sample, FinishReason::kStop);
  else if (total == group.sampling.max_total_tokens)
    FinishSample(group, sample, FinishReason::kLength);
  else
    return true;
  return false;
}

void Engine::State::FinishSample(RunningGroup& group, int32_t sample, FinishReason reason) {
  group.group.completions[sample].finish_reason = reason;
  --group.unfinished;
  --running;
  --unfinished;
  reserved_blocks -= group.need.per_sample;
}

void Engine::State::ReleaseAll(std::vector<int32_t>& owned) {
  for (const int32_t block : owned) blocks.Release(block);
  owned.clear();
}

std::vector<Group> Engine::State::TakeFinished() {
  std::vector<Group> finished;
  for (auto& group : groups) {
    if (group->unfinished > 0) continue;
    reserved_blocks -= group->need.shared;
    finished.push_back(std::move(group->group));
    group.reset();
  }
  std::erase(groups, nullptr);
  return finished;
}

Engine::Engine(std::unique_ptr<Decoder> decoder, const EngineConfig& config)
    : state_(std::make_unique<State>(std::move(decoder), config)) {}
Engine::~Engine() = default;

void Engine::SetWeights(std::shared_ptr<const Weights> weights) {
  Require(idle(), "weights cannot change while groups are being sampled");
  const int64_t version = weights->version;
  state_->decoder->SetWeights(std::move(weights));
  state_->policy_version = version;
}

void Engine::Add(Lease lease) {
  CheckLease(lease, {.policy = state_->decoder->config(),
                     .policy_version = state_->policy_version,
                     .max_sequences = state_->config.max_sequences,
                     .num_blocks = state_->decoder->num_blocks()});
  state_->unfinished += lease.sampling.group_size;
  state_->waiting.push_back(std::move(lease));
}

std::vector<Group> Engine::Step() { return state_->Step(); }

int64_t Engine::policy_version() const { return state_->policy_version; }
bool Engine::idle() const { return state_->groups.empty() && state_->waiting.empty(); }
int64_t Engine::num_sequences() const { return state_->unfinished; }
int64_t Engine::max_sequences() const { return state_->config.max_sequences; }
int64_t Engine::num_free_blocks() const { return state_->blocks.num_free(); }
int64_t Engine::tokens_sampled() const { return state_->tokens_sampled; }

}  // namespace r1zero
