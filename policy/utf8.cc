#include "policy/utf8.h"

#include <algorithm>
#include <cstring>

namespace r1zero {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many bytes a character has by its first one; 0: none begins so.
size_t SizeByLead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// The second byte tells longer forms than needed, surrogates and what is beyond U+10FFFF.
bool IsSecond(unsigned char lead, unsigned char byte) {
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return low <= byte && byte <= high;
}

}  // namespace

size_t AsciiSize(std::string_view bytes) {
  size_t at = 0;
  for (uint64_t eight = 0; at + 8 <= bytes.size(); at += 8) {
    std::memcpy(&eight, bytes.data() + at, 8);
    if (eight & 0x8080808080808080u) break;
  }
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
  return at;
}

Utf8Prefix ReadUtf8(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const size_t size = SizeByLead(lead);
  if (size == 0) return {1, false, false};
  for (size_t i = 1; i < size; ++i) {
    if (i == bytes.size()) return {i, false, true};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool goes_on = i == 1 ? IsSecond(lead, byte) : (byte & 0xC0) == 0x80;
    if (!goes_on) return {i, false, false};
  }
  return {size, true, false};
}

size_t ValidUtf8Size(std::string_view bytes) {
  for (size_t at = 0;;) {
    at += AsciiSize(bytes.substr(at));
    if (at == bytes.size()) return at;
    const Utf8Prefix next = ReadUtf8(bytes.substr(at));
    if (!next.is_valid) return at;
    at += next.size;
  }
}

std::string ToValidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (;;) {
    const size_t valid = ValidUtf8Size(bytes);
    text += bytes.substr(0, valid);
    if (valid == bytes.size()) return text;
    text += kReplacement;
    bytes.remove_prefix(valid + ReadUtf8(bytes.substr(valid)).size);
  }
}

void AppendUtf8(int32_t code_point, std::string& text) {
  const auto tail = [&](int shift) {
    text += static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | code_point >> 12);
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xF0 | code_point >> 18);
    tail(12), tail(6), tail(0);
  }
}

}  // namespace r1zero
