// Vocabularies that the tests of tokenizers share.
#pragma once

#include <string>
#include <vector>

namespace r1zero {

inline std::vector<std::string> SignsWords() {
  std::vector<std::string> words = {"<pad>",     "<eos>", "<think>", "</think>", "<answer>",
                                    "</answer>", "wait",  "ok",      " ",        "=",
                                    ":",         "+",     "-"};
  for (int i = 0; i <= 49; ++i) words.push_back(std::to_string(i));
  for (int i = 1; i <= 9; ++i) words.push_back(std::string("+").append(std::to_string(i)));
  for (int i = 1; i <= 49; ++i) words.push_back(std::string("-").append(std::to_string(i)));
  return words;
}

// One word a character, with all that regular expressions and JSON have to escape.
inline std::vector<std::string> CharacterWords() {
  std::vector<std::string> words = {"<pad>", "<eos>", "\n", "\t", "\xc3\xa9", "\xe2\x88\x9a"};
  for (char c = ' '; c <= '~'; ++c) words.emplace_back(1, c);
  return words;
}

}  // namespace r1zero
