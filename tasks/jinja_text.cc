#include "tasks/jinja_text.h"

#include <algorithm>

#include "common/error.h"

namespace r1zero::jinja {
namespace {

size_t LengthOfCharacter(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// Length of the well-formed sequence at the start of `text`, or 0.
size_t WellFormed(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  if (byte(0) < 0xc2 || byte(0) > 0xf4) return 0;
  const size_t length = LengthOfCharacter(text[0]);
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const char32_t c = Decode(text.substr(0, length));
  const bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
  const bool surrogate = c >= 0xd800 && c < 0xe000;
  return overlong || surrogate || c > 0x10ffff ? 0 : length;
}

std::string_view LastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (text[begin] & 0xc0) == 0x80) --begin;
  return text.substr(begin);
}

std::string_view FirstCharacter(std::string_view text) {
  return text.substr(0, LengthOfCharacter(text[0]));
}

bool IsLineEnd(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

}  // namespace

void RequireUtf8(std::string_view text, std::string_view what) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = WellFormed(text.substr(at));
    Require(length > 0, what, " is not UTF-8 at byte ", at, ", expected UTF-8 text");
    at += length;
  }
}

char32_t Decode(std::string_view character) {
  constexpr unsigned char kLeadMask[] = {0x7f, 0x1f, 0x0f, 0x07};
  char32_t c = static_cast<unsigned char>(character[0]) & kLeadMask[character.size() - 1];
  for (size_t i = 1; i < character.size(); ++i) c = (c << 6) | (character[i] & 0x3f);
  return c;
}

void AppendUtf8(char32_t c, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    tail(12), tail(6), tail(0);
  }
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

std::vector<std::string_view> Characters(std::string_view text) {
  std::vector<std::string_view> characters;
  for (; !text.empty(); text.remove_prefix(characters.back().size()))
    characters.push_back(FirstCharacter(text));
  return characters;
}

std::string_view Strip(std::string_view text, std::optional<std::string_view> chars, Side side) {
  const auto goes = [&](std::string_view character) {
    return chars ? chars->find(character) != chars->npos : IsSpace(Decode(character));
  };
  const int sides = static_cast<int>(side);
  if (sides & static_cast<int>(Side::kLeft))
    while (!text.empty() && goes(FirstCharacter(text)))
      text.remove_prefix(FirstCharacter(text).size());
  if (sides & static_cast<int>(Side::kRight))
    while (!text.empty() && goes(LastCharacter(text)))
      text.remove_suffix(LastCharacter(text).size());
  return text;
}

namespace {

std::vector<std::string_view> SplitOnSpace(std::string_view text, int64_t most) {
  std::vector<std::string_view> parts;
  text = Strip(text, std::nullopt, Side::kLeft);
  while (!text.empty()) {
    size_t end = 0;
    while (end < text.size() && !IsSpace(Decode(FirstCharacter(text.substr(end)))))
      end += LengthOfCharacter(text[end]);
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(text);
      break;
    }
    parts.push_back(text.substr(0, end));
    text = Strip(text.substr(end), std::nullopt, Side::kLeft);
  }
  return parts;
}

std::vector<std::string_view> SplitOnSpaceFromRight(std::string_view text, int64_t most) {
  std::vector<std::string_view> parts;
  text = Strip(text, std::nullopt, Side::kRight);
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(text);
      break;
    }
    size_t begin = text.size();
    while (begin > 0) {
      const std::string_view last = LastCharacter(text.substr(0, begin));
      if (IsSpace(Decode(last))) break;
      begin -= last.size();
    }
    parts.push_back(text.substr(begin));
    text = Strip(text.substr(0, begin), std::nullopt, Side::kRight);
  }
  std::ranges::reverse(parts);
  return parts;
}

}  // namespace

std::vector<std::string_view> Split(std::string_view text,
                                    std::optional<std::string_view> separator, int64_t most) {
  if (!separator) return SplitOnSpace(text, most);
  Require(!separator->empty(), "split by an empty separator, expected some text");
  std::vector<std::string_view> parts;
  for (size_t at; (most < 0 || static_cast<int64_t>(parts.size()) < most) &&
                  (at = text.find(*separator)) != text.npos;) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + separator->size());
  }
  parts.push_back(text);
  return parts;
}

std::vector<std::string_view> SplitFromRight(std::string_view text,
                                             std::optional<std::string_view> separator,
                                             int64_t most) {
  if (!separator) return SplitOnSpaceFromRight(text, most);
  Require(!separator->empty(), "split by an empty separator, expected some text");
  std::vector<std::string_view> parts;
  for (size_t at; (most < 0 || static_cast<int64_t>(parts.size()) < most) &&
                  (at = text.rfind(*separator)) != text.npos;) {
    parts.push_back(text.substr(at + separator->size()));
    text = text.substr(0, at);
  }
  parts.push_back(text);
  std::ranges::reverse(parts);
  return parts;
}

std::vector<std::string_view> SplitLines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin, after = begin;
    for (; end < text.size(); end = after) {
      const std::string_view c = FirstCharacter(text.substr(end));
      after = end + c.size();
      if (IsLineEnd(Decode(c))) break;
    }
    if (end < text.size() && text[end] == '\r' && after < text.size() && text[after] == '\n')
      ++after;
    lines.push_back(text.substr(begin, (keep_ends ? after : end) - begin));
    begin = after;
  }
  return lines;
}

size_t Count(std::string_view text, std::string_view part) {
  if (part.empty()) return CodePoints(text) + 1;
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

namespace {

std::string Interleave(std::string_view text, std::string_view with, int64_t most) {
  std::string made;
  for (const std::string_view character : Characters(text)) {
    if (most != 0) made += with;
    if (most != 0) --most;
    made += character;
  }
  if (most != 0) made += with;
  return made;
}

}  // namespace

std::string Replace(std::string_view text, std::string_view old, std::string_view with,
                    int64_t most) {
  if (old.empty()) return Interleave(text, with, most);
  std::string made;
  for (size_t at; most != 0 && (at = text.find(old)) != text.npos; --most) {
    made += text.substr(0, at);
    made += with;
    text.remove_prefix(at + old.size());
  }
  return made += text;
}

}  // namespace r1zero::jinja
