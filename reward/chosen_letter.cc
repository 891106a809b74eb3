#include "reward/chosen_letter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "reward/answer.h"

namespace r1zero {
namespace {

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool IsWordByte(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// \text{..}, \textbf{..}, \mathrm{..}, $..$, **..** around the whole of it.
std::string_view Bare(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kAround = {
      {{"\\text{", "}"},
       {"\\textbf{", "}"},
       {"\\mathrm{", "}"},
       {"\\mathbf{", "}"},
       {"$", "$"},
       {"**", "**"},
       {"`", "`"}}};
  for (bool again = true; again;) {
    again = false;
    text = TrimBlanks(text);
    for (const auto& [open, close] : kAround) {
      if (text.size() < open.size() + close.size() || !text.starts_with(open) ||
          !text.ends_with(close))
        continue;
      text = text.substr(open.size(), text.size() - open.size() - close.size());
      again = true;
    }
  }
  return text;
}

// "Answer: B", "the correct option is (B)": what stands before the letter goes.
std::string_view WithoutLead(std::string_view text) {
  constexpr std::array<std::string_view, 11> kLeads = {
      "THE", "FINAL", "CORRECT", "ANSWER", "OPTION", "CHOICE", "IS", "SO", "THEREFORE", ":", ","};
  for (bool again = true; again;) {
    again = false;
    text = TrimBlanks(text);
    for (const std::string_view lead : kLeads) {
      if (text.size() <= lead.size() ||
          !std::ranges::equal(text.substr(0, lead.size()), lead, {}, Upper) ||
          (IsLetter(lead[0]) && IsWordByte(text[lead.size()])))
        continue;
      text.remove_prefix(lead.size());
      again = true;
    }
  }
  return text;
}

struct Named {
  char letter = kNoLetter;
  std::string_view rest;  // what follows the letter: "Paris" of "(B) Paris"
};

// B, (B), [B], B., B), B:, and any of these before a text.
Named LetterOf(std::string_view text) {
  const bool open = text.starts_with('(') || text.starts_with('[');
  if (open) text.remove_prefix(1);
  if (text.empty() || !IsLetter(text[0])) return {};
  const Named named{Upper(text[0]), TrimBlanks(text.substr(1))};
  const std::string_view after = text.substr(1);
  constexpr std::string_view kEnds = ").]:";
  if (after.empty()) return open ? Named{} : named;
  const bool closed = kEnds.find(after[0]) != kEnds.npos;
  if (!closed && (open || !TrimBlanks(after).empty())) return {};
  std::string_view rest = after;
  while (!rest.empty() && kEnds.find(rest[0]) != kEnds.npos) rest.remove_prefix(1);
  if (closed && !open && after[0] == ']') return {};
  return {named.letter, Bare(rest)};
}

// A capital that stands alone: "(A), (B)" and "A. or C" list candidates.
bool HasLoneCapital(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool alone =
        (i == 0 || !IsWordByte(text[i - 1])) && (i + 1 == text.size() || !IsWordByte(text[i + 1]));
    if (alone && text[i] >= 'A' && text[i] <= 'Z') return true;
  }
  return false;
}

char OptionOf(std::string_view text, const std::vector<std::string>& options) {
  char found = kNoLetter;
  for (size_t i = 0; i < options.size(); ++i)
    if (options[i] == FoldedOption(text))
      found = found == kNoLetter ? static_cast<char>('A' + i) : kTwoLetters;
  return found;
}

}  // namespace

bool IsLetter(char c) { return Upper(c) >= 'A' && Upper(c) <= 'Z'; }

std::string FoldedOption(std::string_view text) {
  std::string folded = FoldBlanks(text);
  std::ranges::transform(folded, folded.begin(), Upper);
  if (folded.ends_with('.')) folded.pop_back();
  return folded;
}

char ChosenLetter(std::string_view text, const std::vector<std::string>& options) {
  text = Bare(WithoutLead(Bare(text)));
  if (const char option = OptionOf(text, options); option != kNoLetter) return option;
  const auto [letter, rest] = LetterOf(text);
  if (letter == kNoLetter || rest.empty()) return letter;
  const char of_text = OptionOf(rest, options);
  if (of_text == kNoLetter) return HasLoneCapital(rest) ? kTwoLetters : letter;
  return of_text == letter ? letter : kTwoLetters;
}

}  // namespace r1zero
