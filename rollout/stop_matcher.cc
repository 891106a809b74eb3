#include "rollout/stop_matcher.h"

#include "common/error.h"

namespace r1zero {

void CheckStopStrings(std::span<const std::string> stop, const std::string& where) {
  Require(stop.size() <= kMaxStopStrings, where, " has ", stop.size(),
          " strings, expected at most ", kMaxStopStrings);
  for (size_t i = 0; i < stop.size(); ++i) {
    Require(!stop[i].empty(), where, "[", i, "] is empty; every text would end before it began");
    Require(stop[i].size() <= kMaxStopBytes, where, "[", i, "] has ", stop[i].size(),
            " bytes, expected at most ", kMaxStopBytes);
  }
}

StopMatcher::StopMatcher(std::span<const std::string> stop) {
  for (const std::string& text : stop) {
    Pattern pattern{.text = text, .fallback = std::vector<int32_t>(text.size() + 1)};
    for (size_t i = 1; i < text.size(); ++i)
      pattern.fallback[i + 1] = pattern.Next(pattern.fallback[i], text[i]);
    patterns_.push_back(std::move(pattern));
  }
}

int32_t StopMatcher::Pattern::Next(int32_t matched, char byte) const {
  while (matched > 0 && text[matched] != byte) matched = fallback[matched];
  return text[matched] == byte ? matched + 1 : 0;
}

std::optional<size_t> StopMatcher::Feed(std::string_view bytes, State& state) const {
  for (size_t i = 0; i < bytes.size(); ++i)
    for (size_t p = 0; p < patterns_.size(); ++p) {
      state[p] = patterns_[p].Next(state[p], bytes[i]);
      if (state[p] == static_cast<int32_t>(patterns_[p].text.size())) return i + 1;
    }
  return std::nullopt;
}

std::optional<size_t> EndOfFirstStop(std::string_view text, std::span<const std::string> stop) {
  const StopMatcher matcher(stop);
  StopMatcher::State state = matcher.Start();
  return matcher.Feed(text, state);
}

}  // namespace r1zero
