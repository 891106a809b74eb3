#include "reward/answer.h"

namespace r1zero {
namespace {

constexpr std::string_view kOpen = "<answer>", kClose = "</answer>";
constexpr std::string_view kThink = "<think>", kEndThink = "</think>";

bool EndsInsideThink(std::string_view before) {
  const size_t open = before.rfind(kThink), close = before.rfind(kEndThink);
  return open != before.npos && (close == before.npos || close < open);
}

bool HasThinkTag(std::string_view text) {
  return text.find(kThink) != text.npos || text.find(kEndThink) != text.npos;
}

}  // namespace

AnswerRegion FindAnswer(std::string_view completion) {
  const size_t opened = CountOf(completion, kOpen), closed = CountOf(completion, kClose);
  if (opened == 0 && closed == 0) return {"", "no_answer"};
  if (opened > 1 || closed > 1) return {"", "two_answers"};
  const size_t open = completion.find(kOpen), close = completion.find(kClose);
  if (opened != closed || close < open) return {"", "unclosed_answer"};
  if (EndsInsideThink(completion.substr(0, open)) || HasThinkTag(completion.substr(open)))
    return {"", "answer_in_think"};
  const size_t begin = open + kOpen.size();
  return {completion.substr(begin, close - begin), ""};
}

size_t CountOf(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size()))
    ++count;
  return count;
}

std::string_view TrimBlanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string FoldBlanks(std::string_view text) {
  std::string folded;
  bool blank = false;
  for (char c : TrimBlanks(text)) {
    const bool was_blank = blank;
    blank = kBlanks.find(c) != kBlanks.npos;
    if (blank && was_blank) continue;
    folded += blank ? ' ' : c;
  }
  return folded;
}

}  // namespace r1zero
