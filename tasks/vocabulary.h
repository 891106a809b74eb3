// The words that the tokenizers made for tasks share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

// <pad> <eos> <think> </think> <answer> </answer>
std::vector<std::string> TagWords();

// Appends each character (UTF-8 sequence) of `text` that is not among `words` yet, in order of
// first appearance. A byte that is not UTF-8 counts as a character.
void AddCharacters(std::string_view text, std::vector<std::string>& words);

}  // namespace r1zero
