// What truncation kept, as a group must bring it along. The other rules: group_buffer_test.cc.
#include "grpo/group_check.h"

#include <gmock/gmock.h>

namespace r1zero {
namespace {

using testing::HasSubstr;

constexpr GroupRules kRules{.vocab_size = 20, .eos_token = 1};

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
