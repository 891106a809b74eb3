// Independent readings of what tasks write: none of it shares code with tasks/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero::oracle {

// CRC-32 (IEEE 802.3), bit by bit.
inline uint32_t Crc32(std::string_view text) {
  uint32_t crc = 0xffffffff;
  for (unsigned char byte : text) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

inline bool IsDigit(char c) { return '0' <= c && c <= '9'; }

// The numbers in `text`, signs not read.
inline std::vector<int64_t> Numbers(std::string_view text) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsDigit(text[i])) continue;
    if (i == 0 || !IsDigit(text[i - 1])) numbers.push_back(0);
    numbers.back() = numbers.back() * 10 + (text[i] - '0');
  }
  return numbers;
}

inline bool RowIsHeldOut(std::vector<int64_t> numbers, bool sorted) {
  if (sorted) std::sort(numbers.begin(), numbers.end());
  std::string row;
  for (int64_t number : numbers) {
    if (!row.empty()) row += ' ';
    row += std::to_string(number);
  }
  return Crc32(row) % 10 == 0;
}

// Greedy longest match; -1 if some text matches no word.
inline int CountTokens(std::string_view text, const std::set<std::string, std::less<>>& words) {
  int count = 0;
  for (; !text.empty(); ++count) {
    size_t length = std::min<size_t>(text.size(), 16);
    while (length > 0 && !words.contains(text.substr(0, length))) --length;
    if (length == 0) return -1;
    text.remove_prefix(length);
  }
  return count;
}

inline int Occurrences(std::string_view text, std::string_view word) {
  int count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

inline std::string Between(const std::string& text, const std::string& open,
                           const std::string& close) {
  const size_t begin = text.find(open);
  if (begin == text.npos) return "";
  const size_t end = text.find(close, begin + open.size());
  return text.substr(begin + open.size(), end - begin - open.size());
}

}  // namespace r1zero::oracle
