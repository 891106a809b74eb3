// Finds the end of the first stop string in bytes that come piece by piece.
//
// One automaton of Knuth, Morris and Pratt (SIAM J. Comput. 1977) a string: its state is how many
// of the string's first bytes the text so far ends with. No byte is looked at twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

inline constexpr size_t kMaxStopStrings = 16;
inline constexpr size_t kMaxStopBytes = 256;  // of each

// Error beginning with `where` if there are too many, or if one is empty or too long.
void CheckStopStrings(std::span<const std::string> stop, const std::string& where);

// Immutable. REQUIRES what CheckStopStrings takes.
class StopMatcher {
 public:
  StopMatcher() = default;  // of no strings
  explicit StopMatcher(std::span<const std::string> stop);

  // What one text has matched so far: 0 for each string at its start.
  using State = std::vector<int32_t>;
  State Start() const { return State(patterns_.size()); }

  // The bytes up to the end of the first match, if one ends within `bytes`. Allocates nothing.
  std::optional<size_t> Feed(std::string_view bytes, State& state) const;

 private:
  struct Pattern {
    std::string text;
    std::vector<int32_t> fallback;  // [i]: the longest border of the first i bytes
    int32_t Next(int32_t matched, char byte) const;
  };
  std::vector<Pattern> patterns_;
};

// The bytes of `text` up to the end of the first stop string in it, if there is one.
std::optional<size_t> EndOfFirstStop(std::string_view text, std::span<const std::string> stop);

}  // namespace r1zero
