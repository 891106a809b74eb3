// Runs an engine to its end, and compares what came out bit for bit.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <utility>
#include <vector>

#include "rollout/engine.h"

namespace r1zero {

using Groups = std::map<int64_t, Group>;  // by ordinal

inline void Collect(std::vector<Group> finished, Groups& groups) {
  for (Group& group : finished) {
    const int64_t ordinal = group.prompt.ordinal;
    EXPECT_TRUE(groups.emplace(ordinal, std::move(group)).second) << ordinal << " is back twice";
  }
}

// Steps the engine until it is idle.
inline Groups Drain(Engine& engine) {
  Groups groups;
  while (!engine.idle()) Collect(engine.Step(), groups);
  return groups;
}

// Every lease must come back once.
inline Groups RunAll(Engine& engine, const std::vector<Lease>& leases) {
  for (const Lease& lease : leases) engine.Add(lease);
  Groups groups = Drain(engine);
  EXPECT_EQ(groups.size(), leases.size());
  return groups;
}

inline void ExpectSameBits(const Completion& a, const Completion& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.finish_reason, b.finish_reason);
  ASSERT_EQ(a.logprobs.size(), b.logprobs.size());
  for (size_t i = 0; i < a.logprobs.size(); ++i)
    EXPECT_EQ(std::bit_cast<uint32_t>(a.logprobs[i]), std::bit_cast<uint32_t>(b.logprobs[i])) << i;
}

inline void ExpectSameBits(const Group& a, const Group& b) {
  ASSERT_EQ(a.completions.size(), b.completions.size());
  for (size_t i = 0; i < a.completions.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "prompt " << a.prompt.ordinal << ", sample " << i);
    ExpectSameBits(a.completions[i], b.completions[i]);
  }
}

inline void ExpectSameBits(const Groups& a, const Groups& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [ordinal, group] : a) ExpectSameBits(group, b.at(ordinal));
}

}  // namespace r1zero
