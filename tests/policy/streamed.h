// What a StreamDecoder gives out, joined.
#pragma once

#include <span>
#include <string>

#include "policy/stream_decoder.h"

namespace r1zero {

inline std::string Streamed(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const int32_t id : ids) text += decoder.Add(id);
  return text + decoder.Finish();
}

}  // namespace r1zero
