#include "services/convert.h"

#include "common/error.h"
#include "services/convert_reward.h"

namespace r1zero {
namespace {

PromptUse UseFromProto(int32_t use) {
  Require(use == 0 || use == 1, "use is ", use, ", expected 0 (training) or 1 (evaluation)");
  return static_cast<PromptUse>(use);
}

FinishReason FinishReasonFromProto(int32_t reason) {
  Require(reason >= 0 && reason <= 2, "finish_reason is ", reason, ", expected 0 to 2");
  return static_cast<FinishReason>(reason);
}

v1::Prompt PromptToProto(const Prompt& prompt) {
  v1::Prompt proto;
  proto.set_use(static_cast<int32_t>(prompt.use));
  proto.set_ordinal(prompt.ordinal);
  proto.set_text(prompt.text);
  proto.set_gold(prompt.gold);
  proto.mutable_tokens()->Add(prompt.tokens.begin(), prompt.tokens.end());
  return proto;
}

Prompt PromptFromProto(const v1::Prompt& proto) {
  return {.use = UseFromProto(proto.use()),
          .ordinal = proto.ordinal(),
          .text = proto.text(),
          .gold = proto.gold(),
          .tokens = {proto.tokens().begin(), proto.tokens().end()}};
}

v1::SamplingParams SamplingToProto(const SamplingParams& sampling) {
  v1::SamplingParams proto;
  proto.set_group_size(sampling.group_size);
  proto.set_temperature(sampling.temperature);
  proto.set_top_k(sampling.top_k);
  proto.set_top_p(sampling.top_p);
  proto.set_min_p(sampling.min_p);
  proto.set_max_total_tokens(sampling.max_total_tokens);
  proto.set_seed(sampling.seed);
  proto.set_repetition_penalty(sampling.repetition_penalty);
  for (const std::string& stop : sampling.stop) proto.add_stop(stop);
  return proto;
}

SamplingParams SamplingFromProto(const v1::SamplingParams& proto) {
  return {.group_size = proto.group_size(),
          .temperature = proto.temperature(),
          .top_k = proto.top_k(),
          .top_p = proto.top_p(),
          .min_p = proto.min_p(),
          .max_total_tokens = proto.max_total_tokens(),
          .stop = {proto.stop().begin(), proto.stop().end()},
          .seed = proto.seed(),
          .repetition_penalty = proto.repetition_penalty()};
}

void CompletionToProto(const Completion& completion, v1::Completion* proto) {
  proto->mutable_tokens()->Add(completion.tokens.begin(), completion.tokens.end());
  proto->mutable_logprobs()->Add(completion.logprobs.begin(), completion.logprobs.end());
  for (const VersionSpan& span : completion.versions) {
    v1::VersionSpan* out = proto->add_versions();
    out->set_first_token(span.first_token);
    out->set_policy_version(span.policy_version);
  }
  proto->set_finish_reason(static_cast<int32_t>(completion.finish_reason));
  proto->set_text(completion.text);
  proto->set_reward(completion.reward);
  proto->set_undecided(completion.undecided);
  for (const NamedReward& part : completion.parts) {
    v1::RewardPart* out = proto->add_parts();
    out->set_name(part.name);
    out->set_weight(part.weight);
    out->set_score(part.score);
    out->set_undecided(part.undecided);
    out->set_reason(part.reason);
    out->set_extracted(part.extracted);
  }
  const KeptSets& kept = completion.kept;
  proto->mutable_kept_lengths()->Add(kept.lengths_T.begin(), kept.lengths_T.end());
  proto->mutable_kept_words()->Add(kept.words.begin(), kept.words.end());
}

Completion CompletionFromProto(const v1::Completion& proto) {
  Completion completion{.tokens = {proto.tokens().begin(), proto.tokens().end()},
                        .logprobs = {proto.logprobs().begin(), proto.logprobs().end()},
                        .finish_reason = FinishReasonFromProto(proto.finish_reason()),
                        .text = proto.text(),
                        .reward = proto.reward(),
                        .undecided = proto.undecided()};
  for (const v1::VersionSpan& span : proto.versions())
    completion.versions.push_back({span.first_token(), span.policy_version()});
  for (const v1::RewardPart& part : proto.parts()) {
    completion.parts.push_back({.name = part.name(),
                                .weight = part.weight(),
                                .score = part.score(),
                                .undecided = part.undecided(),
                                .reason = part.reason(),
                                .extracted = part.extracted()});
  }
  completion.kept = {.lengths_T = {proto.kept_lengths().begin(), proto.kept_lengths().end()},
                     .words = {proto.kept_words().begin(), proto.kept_words().end()}};
  return completion;
}

kernels::Storage StorageFromProto(int32_t storage) {
  Require(storage == 0 || storage == 1, "storage is ", storage, ", expected 0 or 1");
  return static_cast<kernels::Storage>(storage);
}

}  // namespace

v1::JoinReply ToProto(const RunTerms& terms) {
  v1::JoinReply reply;
  reply.set_run_id(terms.run_id);
  reply.set_epoch(terms.epoch);
  reply.set_config_toml(terms.config_toml);
  reply.set_model_config_json(ToConfigJson(terms.model));
  reply.set_storage(static_cast<int32_t>(terms.storage));
  reply.set_tokenizer_json(terms.tokenizer_json);
  RubricToProto(terms.reward, reply.mutable_rubric());
  reply.mutable_engine()->set_max_sequences(terms.engine.max_sequences);
  reply.mutable_engine()->set_max_prefill_tokens(terms.engine.max_prefill_tokens);
  reply.mutable_engine()->set_kv_blocks(terms.engine.kv_blocks);
  reply.set_max_total_tokens(terms.max_total_tokens);
  reply.set_max_prompts_per_lease(terms.max_prompts_per_lease);
  reply.set_lease_ms(terms.lease_time.count());
  return reply;
}

RunTerms FromProto(const v1::JoinReply& reply) {
  Require(reply.lease_ms() > 0, "lease_ms is ", reply.lease_ms(), ", expected more than 0");
  return {.run_id = reply.run_id(),
          .epoch = reply.epoch(),
          .config_toml = reply.config_toml(),
          .model = FromConfigJson(reply.model_config_json(), "model_config_json"),
          .storage = StorageFromProto(reply.storage()),
          .tokenizer_json = reply.tokenizer_json(),
          .reward = RubricFromProto(reply.rubric()),
          .engine = {.max_sequences = reply.engine().max_sequences(),
                     .max_prefill_tokens = reply.engine().max_prefill_tokens(),
                     .kv_blocks = reply.engine().kv_blocks()},
          .max_total_tokens = reply.max_total_tokens(),
          .max_prompts_per_lease = reply.max_prompts_per_lease(),
          .lease_time = std::chrono::milliseconds(reply.lease_ms())};
}

v1::Lease ToProto(const Lease& lease) {
  v1::Lease proto;
  proto.set_id(lease.id);
  proto.set_policy_version(lease.policy_version);
  *proto.mutable_prompt() = PromptToProto(lease.prompt);
  *proto.mutable_sampling() = SamplingToProto(lease.sampling);
  return proto;
}

Lease FromProto(const v1::Lease& lease) {
  return {.id = lease.id(),
          .policy_version = lease.policy_version(),
          .prompt = PromptFromProto(lease.prompt()),
          .sampling = SamplingFromProto(lease.sampling())};
}

v1::Group ToProto(const Group& group) {
  v1::Group proto;
  proto.set_lease_id(group.lease_id);
  proto.set_policy_version(group.policy_version);
  proto.set_use(static_cast<int32_t>(group.prompt.use));
  proto.set_ordinal(group.prompt.ordinal);
  for (const Completion& completion : group.completions) {
    CompletionToProto(completion, proto.add_completions());
  }
  proto.set_preemptions(group.preemptions);
  proto.set_tokens_prefilled(group.tokens_prefilled);
  return proto;
}

Group FromProto(const v1::Group& proto) {
  Group group{.lease_id = proto.lease_id(),
              .policy_version = proto.policy_version(),
              .prompt = {.use = UseFromProto(proto.use()), .ordinal = proto.ordinal()},
              .preemptions = proto.preemptions(),
              .tokens_prefilled = proto.tokens_prefilled()};
  group.completions.reserve(proto.completions_size());
  for (const v1::Completion& completion : proto.completions()) {
    group.completions.push_back(CompletionFromProto(completion));
  }
  return group;
}

v1::SubmitGroupReply::Verdict ToProto(SubmitVerdict verdict) {
  switch (verdict) {
    case SubmitVerdict::kAccepted: return v1::SubmitGroupReply::ACCEPTED;
    case SubmitVerdict::kDuplicate: return v1::SubmitGroupReply::DUPLICATE;
    case SubmitVerdict::kStale: return v1::SubmitGroupReply::STALE;
    case SubmitVerdict::kUnknownLease: return v1::SubmitGroupReply::UNKNOWN_LEASE;
    case SubmitVerdict::kInvalid: break;
  }
  return v1::SubmitGroupReply::INVALID;
}

SubmitVerdict FromProto(v1::SubmitGroupReply::Verdict verdict) {
  switch (verdict) {
    case v1::SubmitGroupReply::ACCEPTED: return SubmitVerdict::kAccepted;
    case v1::SubmitGroupReply::DUPLICATE: return SubmitVerdict::kDuplicate;
    case v1::SubmitGroupReply::STALE: return SubmitVerdict::kStale;
    case v1::SubmitGroupReply::UNKNOWN_LEASE: return SubmitVerdict::kUnknownLease;
    case v1::SubmitGroupReply::INVALID: return SubmitVerdict::kInvalid;
    default: Fail("verdict is ", static_cast<int>(verdict), ", expected 1 to 5");
  }
}

}  // namespace r1zero
