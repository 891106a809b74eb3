#include "policy/stream_decoder.h"

#include <utility>

#include "policy/utf8.h"

namespace r1zero {
namespace {

// How many bytes at the end begin a character that is cut off.
size_t CutOff(std::string_view bytes) {
  for (size_t n = 1; n <= std::min<size_t>(3, bytes.size()); ++n)
    if (ReadUtf8(bytes.substr(bytes.size() - n)).is_cut_off) return n;
  return 0;
}

}  // namespace

std::string StreamDecoder::Add(int32_t token) {
  const std::string bytes = std::exchange(pending_, "") + tokenizer_.TokenBytes(token);
  const size_t whole = bytes.size() - CutOff(bytes);
  pending_ = bytes.substr(whole);
  return ToValidUtf8(std::string_view(bytes).substr(0, whole));
}

std::string StreamDecoder::Finish() { return ToValidUtf8(std::exchange(pending_, "")); }

}  // namespace r1zero
