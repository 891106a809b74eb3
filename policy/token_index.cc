#include "policy/token_index.h"

#include <algorithm>
#include <bit>

namespace r1zero {

TokenIndex::TokenIndex(const std::vector<std::string>& texts, size_t most)
    : texts_(texts), slots_(std::bit_ceil(std::max<size_t>(16, 2 * most))) {}

bool TokenIndex::Add(int32_t token) {
  const std::string& text = texts_[token];
  const uint32_t hash = HashOf(text);
  Slot& slot = slots_[Place(text, hash)];
  if (slot.token != kNone) return false;
  slot = {hash, token};
  return true;
}

size_t TokenIndex::Place(std::string_view text, uint32_t hash) const {
  const auto is_other = [&](const Slot& slot) {
    return slot.token != kNone && (slot.hash != hash || texts_[slot.token] != text);
  };
  size_t at = hash & (slots_.size() - 1);
  while (is_other(slots_[at])) at = (at + 1) & (slots_.size() - 1);
  return at;
}

}  // namespace r1zero
