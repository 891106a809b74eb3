#include "tasks/vocabulary.h"

#include <algorithm>
#include <unordered_set>

namespace r1zero {
namespace {

size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  size_t length = 1;
  while (length < std::min(wanted, text.size()) && (text[length] & 0xc0) == 0x80) ++length;
  return length;
}

}  // namespace

std::vector<std::string> TagWords() {
  return {"<pad>", "<eos>", "<think>", "</think>", "<answer>", "</answer>"};
}

void AddCharacters(std::string_view text, std::vector<std::string>& words) {
  std::unordered_set<std::string> known(words.begin(), words.end());
  while (!text.empty()) {
    const std::string character(text.substr(0, CharacterLength(text)));
    if (known.insert(character).second) words.push_back(character);
    text.remove_prefix(character.size());
  }
}

}  // namespace r1zero
