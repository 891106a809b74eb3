#include "reward/marked_answer.h"

#include <algorithm>

#include "common/boxed.h"

namespace r1zero {
namespace {

constexpr std::string_view kBox = "\\boxed{", kHashes = "####";

AnswerRegion LastBox(std::string_view region) {
  const Boxed box = LastBoxed(region);
  if (box.is_closed) return {box.content, ""};
  return {"", box.is_found ? "unclosed_answer" : "no_answer"};
}

AnswerRegion AfterHashes(std::string_view region) {
  AnswerRegion found{"", "no_answer"};
  for (size_t at = region.find(kHashes); at != region.npos; at = region.find(kHashes, at)) {
    at += kHashes.size();
    const size_t end = std::min(region.find('\n', at), region.size());
    const std::string_view line = TrimBlanks(region.substr(at, end - at));
    if (found.fault.empty() && found.text != line) return {"", "two_answers"};
    found = {line, ""};
  }
  return found;
}

// A box or a mark; the text itself without either.
AnswerRegion Unwrapped(std::string_view text) {
  for (const AnswerRegion& inner : {LastBox(text), AfterHashes(text)})
    if (inner.fault != "no_answer") return inner;
  return {text, ""};
}

}  // namespace

AnswerRegion AfterThinking(std::string_view completion) {
  constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
  const size_t end = completion.rfind(kEndThink);
  if (end != completion.npos) completion.remove_prefix(end + kEndThink.size());
  if (completion.find(kThink) != completion.npos) return {"", "no_answer"};
  return {completion, ""};
}

AnswerRegion MarkedAnswer(std::string_view region) {
  AnswerRegion marked = FindAnswer(region);
  if (marked.fault.empty()) {
    const std::string_view text = TrimBlanks(marked.text);
    const bool is_wrapped = text.starts_with(kBox) || text.starts_with(kHashes);
    if (is_wrapped) marked = Unwrapped(text);
  } else if (marked.fault == "no_answer") {
    marked = LastBox(region);
    if (marked.fault == "no_answer") marked = AfterHashes(region);
  }
  if (marked.fault.empty() && TrimBlanks(marked.text).empty()) return {"", "no_answer"};
  return marked;
}

AnswerRegion MarkedAnswerOr(std::string_view region, std::string_view unmarked) {
  const AnswerRegion marked = MarkedAnswer(region);
  const bool has_mark = region.find("<answer>") != region.npos ||
                        region.find(kBox) != region.npos || region.find(kHashes) != region.npos;
  if (marked.fault != "no_answer" || has_mark) return marked;
  return {unmarked, TrimBlanks(unmarked).empty() ? "no_answer" : ""};
}

}  // namespace r1zero
