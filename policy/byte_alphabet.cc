#include "policy/byte_alphabet.h"

#include <array>

#include "policy/utf8.h"

namespace r1zero {
namespace {

constexpr int32_t kFirstBeyond = 0x100;
constexpr int32_t kNumBeyond = 68;
constexpr int16_t kNone = -1;

constexpr bool IsPrintable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<int32_t, 256> character{};
  std::array<int16_t, kFirstBeyond + kNumBeyond> byte{};
  constexpr Alphabet() {
    byte.fill(kNone);
    for (int32_t b = 0, beyond = kFirstBeyond; b < 256; ++b) {
      character[b] = IsPrintable(b) ? b : beyond++;
      byte[character[b]] = static_cast<int16_t>(b);
    }
  }
};
constexpr Alphabet kAlphabet;

}  // namespace

int32_t ByteCharacter(unsigned char byte) { return kAlphabet.character[byte]; }

std::optional<std::string> BytesOfToken(std::string_view token) {
  std::string bytes;
  while (!token.empty()) {
    const CodePoint c = FirstCodePoint(token);
    const bool known =
        c.value < static_cast<int32_t>(kAlphabet.byte.size()) && kAlphabet.byte[c.value] != kNone;
    if (!known) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[c.value]);
    token.remove_prefix(c.size);
  }
  return bytes;
}

}  // namespace r1zero
