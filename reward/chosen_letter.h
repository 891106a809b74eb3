// The letter that an answer to a multiple-choice question says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

inline constexpr char kNoLetter = '\0', kTwoLetters = '\1';

bool IsLetter(char c);  // ASCII
std::string FoldedOption(
    std::string_view text);  // blanks folded, upper case, no full stop at the end

// 'A' to 'Z' of "B", "(b)", "**B.**", "\text{B}", "B) Paris", "The answer is (B)", or of the text of
// exactly one of `options` (FoldedOption each; empty if they are not known). kNoLetter if it says none;
// kTwoLetters if letter and text disagree, or if the text is that of two options. Linear time.
char ChosenLetter(std::string_view text, const std::vector<std::string>& options);

}  // namespace r1zero
