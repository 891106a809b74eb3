// Runs an engine to its end, and compares what came out bit for bit.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <utility>
#include <vector>

#include "rollout/engine.h"

namespace r1zero {

// Steps the engine until it is idle; the groups by ordinal.
inline std::map<int64_t, Group> Drain(Engine& engine) {
  std::map<int64_t, Group> groups;
  while (!engine.idle())
    for (Group& group : engine.Step()) {
      const int64_t ordinal = group.prompt.ordinal;
      EXPECT_TRUE(groups.emplace(ordinal, std::move(group)).second) << ordinal << " is back twice";
    }
  return groups;
}

// Every lease must come back once.
inline std::map<int64_t, Group> RunAll(Engine& engine, const std::vector<Lease>& leases) {
  for (const Lease& lease : leases) engine.Add(lease);
  std::map<int64_t, Group> groups = Drain(engine);
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

inline void ExpectSameBits(const std::map<int64_t, Group>& a, const std::map<int64_t, Group>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [ordinal, group] : a) {
    const Group& other = b.at(ordinal);
    ASSERT_EQ(group.completions.size(), other.completions.size());
    for (size_t i = 0; i < group.completions.size(); ++i)
      ExpectSameBits(group.completions[i], other.completions[i]);
  }
}

}  // namespace r1zero
