// What truncation kept, as a group must bring it along, and where the length limit cuts off. The
// other rules: group_refusal_test.cc.
#include "grpo/group_check.h"

#include <gmock/gmock.h>

namespace r1zero {
namespace {

using testing::HasSubstr;

constexpr int32_t kEos[] = {1};
constexpr GroupRules kRules{.vocab_size = 20, .eos_tokens = kEos};

Lease TopK2() { return {.sampling = {.group_size = 1, .top_k = 2, .max_total_tokens = 8}}; }

Group Answer() {
  Completion completion{.tokens = {4, 1},
                        .logprobs = {-0.5f, -1},
                        .versions = {{.first_token = 0, .policy_version = 0}}};
  for (const int32_t token : completion.tokens) {
    kernels::TokenSet set(20);
    set.Add(token);
    set.Add(7);
    completion.kept.Append(set);
  }
  return {.completions = {completion}};
}

TEST(GroupCheck, ATruncatingLeaseIsAnsweredWithWhatWasKept) {
  EXPECT_EQ(WhatIsWrong(Answer(), TopK2(), kRules), "");
  Group without = Answer();
  without.completions[0].kept = {};
  EXPECT_THAT(WhatIsWrong(without, TopK2(), kRules),
              HasSubstr("completion 0: 2 tokens but 0 kept sets"));
}

TEST(GroupCheck, EverySampledTokenIsInItsKeptSet) {
  Group group = Answer();
  group.completions[0].tokens[0] = 5;
  EXPECT_THAT(WhatIsWrong(group, TopK2(), kRules),
              HasSubstr("token 0 is 5, which its kept set leaves out"));
}

TEST(GroupCheck, NoKeptSetIsLargerThanTopK) {
  // 1 word of 32 bits: sets of 2 tokens and more travel as bits. A vocabulary of 100: as ids.
  for (const int32_t vocab_size : {20, 100}) {
    Group group = Answer();
    group.completions[0].kept = {};
    for (const int32_t token : group.completions[0].tokens) {
      kernels::TokenSet set(vocab_size);
      for (const int32_t kept : {token, 7, 9}) set.Add(kept);
      group.completions[0].kept.Append(set);
    }
    const GroupRules rules{.vocab_size = vocab_size, .eos_tokens = kEos};
    EXPECT_EQ(WhatIsWrong(group, TopK2(), rules),
              "completion 0: kept set 0 holds 3 tokens, expected at most top_k 2");
    Lease lease = TopK2();
    lease.sampling.top_k = 3;
    EXPECT_EQ(WhatIsWrong(group, lease, rules), "");
    lease.sampling.top_k = 0;
    lease.sampling.top_p = 0.9f;
    EXPECT_EQ(WhatIsWrong(group, lease, rules), "");
  }
}

TEST(GroupCheck, AnyOfTheEndTokensEndsACompletionAndNoneStandsInsideOne) {
  constexpr int32_t kTwo[] = {1, 9};
  const GroupRules rules{.vocab_size = 20, .eos_tokens = kTwo};
  const Lease lease{.sampling = {.group_size = 1, .max_total_tokens = 8}};
  Group group = Answer();
  Completion& completion = group.completions[0];
  completion.kept = {};
  for (const int32_t end : kTwo) {
    completion.tokens = {4, end};
    EXPECT_EQ(WhatIsWrong(group, lease, rules), "");
  }
  completion.tokens = {9, 1};
  EXPECT_THAT(WhatIsWrong(group, lease, rules), HasSubstr("end token at 0 of 2"));
  completion.tokens = {4, 5};
  EXPECT_THAT(WhatIsWrong(group, lease, rules), HasSubstr("stopped without the end token"));
}

TEST(GroupCheck, TheLengthLimitCutsOffAtTheLimitAndNotBefore) {
  Lease lease{.prompt = {.tokens = {5, 6, 7}},
              .sampling = {.group_size = 1, .max_total_tokens = 8}};
  Group group{.prompt = lease.prompt, .completions = Answer().completions};
  Completion& completion = group.completions[0];
  completion.kept = {};
  completion.finish_reason = FinishReason::kLength;
  completion.tokens.assign(4, 9);
  completion.logprobs.assign(4, -1);
  EXPECT_EQ(WhatIsWrong(group, lease, kRules),
            "completion 0: cut off by the length limit at 7 tokens with the prompt, expected 8 "
            "(max_total_tokens)");
  completion.tokens.assign(5, 9);
  completion.logprobs.assign(5, -1);
  EXPECT_EQ(WhatIsWrong(group, lease, kRules), "");
}

TEST(GroupCheck, NothingIsKeptOfAnotherLease) {
  Lease plain = TopK2();
  plain.sampling.top_k = 0;
  EXPECT_THAT(WhatIsWrong(Answer(), plain, kRules), HasSubstr("does not truncate"));
  Lease greedy = TopK2();
  greedy.sampling.temperature = 0;
  EXPECT_THAT(WhatIsWrong(Answer(), greedy, kRules), HasSubstr("does not truncate"));
}

}  // namespace
}  // namespace r1zero
