// Between the messages of training.proto and the plain structs of the folders inside.
//
// FromProto trusts nothing: a field that no struct can hold is an Error that names it. What a field
// may mean (which tokens, which lease) is for its owner to judge.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "grpo/group_buffer.h"
#include "kernels/bfloat16.h"
#include "policy/model_config.h"
#include "proto/training.pb.h"
#include "reward/reward_config.h"
#include "rollout/group.h"
#include "rollout/rollout_config.h"

namespace r1zero {

inline constexpr uint32_t kProtocolVersion = 2;

// All that a worker is told when it joins a run.
struct RunTerms {
  std::string run_id;
  int64_t epoch = 0;        // one more at each start of the learner
  std::string config_toml;  // resolved
  ModelConfig model;
  kernels::Storage storage = kernels::Storage::kFloat32;
  std::string tokenizer_json;
  RewardConfig reward;  // `accuracy` is a verifier's name, not "auto"
  EngineConfig engine;
  int64_t max_total_tokens = 128;
  int64_t max_prompts_per_lease = 64;
  std::chrono::milliseconds lease_time{10'000};
};

v1::JoinReply ToProto(const RunTerms& terms);
RunTerms FromProto(const v1::JoinReply& reply);

v1::Lease ToProto(const Lease& lease);
Lease FromProto(const v1::Lease& lease);

// The prompt's text, gold and tokens stay behind: the learner has them, by lease.
v1::Group ToProto(const Group& group);
Group FromProto(const v1::Group& group);

v1::SubmitGroupReply::Verdict ToProto(SubmitVerdict verdict);
SubmitVerdict FromProto(v1::SubmitGroupReply::Verdict verdict);

}  // namespace r1zero
