// Text of the report.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace r1zero {

// A completion as HTML: escaped, with what is inside <think> and <answer> coloured and the words
// marked.
std::string MarkUp(std::string_view text, std::span<const std::string> words);

}  // namespace r1zero
