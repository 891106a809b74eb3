// How often the policy solved each problem, as `r1zero eval` measured it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace r1zero {

// Names a prompt: the first 8 bytes of its SHA-256.
uint64_t PromptKey(std::string_view prompt);

// Immutable, thread-safe.
class PassRates {
 public:
  // Rows {"prompt_sha256": 64 hex digits, "samples": n > 0, "right": 0..n}; other keys are not looked at.
  // Samples of a prompt that has several rows are added. Error with file, line and column.
  explicit PassRates(const std::string& path);

  // Of the prompt with this key; none if it was not measured.
  std::optional<double> Of(uint64_t prompt_key) const;

 private:
  struct Count {
    int64_t samples = 0, right = 0;
  };
  std::unordered_map<uint64_t, Count> counts_;
};

}  // namespace r1zero
