// The one region of a completion that is judged: what stands in its answer tags.
//
// <answer>..</answer> must stand there exactly once, after the thinking. A policy that may answer
// twice, or anywhere, learns to list candidates.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

struct AnswerRegion {
  std::string_view text;   // a part of the completion
  std::string_view fault;  // empty, or no_answer, two_answers, unclosed_answer, answer_in_think
};
AnswerRegion FindAnswer(std::string_view completion);

// How often `word` occurs, occurrences not overlapping.
size_t CountOf(std::string_view text, std::string_view word);

inline constexpr std::string_view kBlanks = " \t\n\r\f\v";  // ASCII only
std::string_view TrimBlanks(std::string_view text);
std::string FoldBlanks(std::string_view text);  // trimmed, each run of blanks one space

}  // namespace r1zero
