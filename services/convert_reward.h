// Between the messages of reward.proto and the plain structs of reward/. FromProto trusts nothing: a
// field that no struct can hold is an Error that names it.
#pragma once

#include "proto/reward.pb.h"
#include "reward/rubric.h"

namespace r1zero {

// A part other than "accuracy" and "format" must be named after its verifier, or Error.
void RubricToProto(const RewardConfig& config,
                   google::protobuf::RepeatedPtrField<v1::RubricItem>* items);
RewardConfig RubricFromProto(const google::protobuf::RepeatedPtrField<v1::RubricItem>& items);

v1::ScoreItem ToProto(const Judged& judged);
Judged FromProto(const v1::ScoreItem& item);

v1::ScoreResult ToProto(const Score& score);
Score FromProto(const v1::ScoreResult& result);

}  // namespace r1zero
