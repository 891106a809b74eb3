#include "services/utf8_stream.h"

#include <cstdint>

namespace r1zero {
namespace {

constexpr const char* kReplacement = "\xef\xbf\xbd";

// Bytes of the character that this one begins; 0 if none does.
size_t LengthFrom(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// Whether `next` may follow `begun` (of at least one byte): no surrogates, no overlong forms.
bool Continues(std::string_view begun, uint8_t next) {
  if ((next & 0xc0) != 0x80) return false;
  if (begun.size() > 1) return true;
  const auto lead = static_cast<uint8_t>(begun[0]);
  if (lead == 0xe0) return next >= 0xa0;
  if (lead == 0xed) return next < 0xa0;
  if (lead == 0xf0) return next >= 0x90;
  return lead != 0xf4 || next < 0x90;
}

}  // namespace

std::string Utf8Stream::Feed(std::string_view bytes) {
  std::string whole;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (!begun_.empty() && !Continues(begun_, byte)) whole += Finish();
    if (begun_.empty() && LengthFrom(byte) == 0) {
      whole += kReplacement;
      continue;
    }
    begun_ += c;
    if (begun_.size() < LengthFrom(static_cast<uint8_t>(begun_[0]))) continue;
    whole += begun_;
    begun_.clear();
  }
  return whole;
}

std::string Utf8Stream::Finish() {
  const bool was_begun = !begun_.empty();
  begun_.clear();
  return was_begun ? kReplacement : "";
}

}  // namespace r1zero
