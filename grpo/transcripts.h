// What the policy wrote, for people: groups.jsonl and samples.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "rollout/group.h"

namespace r1zero {

// One line a group: {"step", "ordinal", "prompt", "gold", "completions": [{"text", "tokens",
// "finish_reason" (stop, length, stop_string), "truncated", "reward", "parts": {"accuracy": 1},
// "advantage"}]}. Advantages one a completion, in order.
void WriteGroups(const std::filesystem::path& path, int64_t step, std::span<const Group> groups,
                 std::span<const float> advantages);

// The first few held-out problems with a few completions each:
// {"ordinal", "prompt", "gold", "before": [completions], "after": [completions]}.
void WriteSamplesBefore(const std::filesystem::path& path, std::span<const Group> groups);
void AddSamplesAfter(const std::filesystem::path& path, std::span<const Group> groups);

}  // namespace r1zero
