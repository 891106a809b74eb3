// Decodes tokens as they are sampled.
#pragma once

#include <cstdint>
#include <string>

#include "policy/tokenizer.h"

namespace r1zero {

// The pieces that it gives out, joined, are Tokenizer::Decode of all tokens; each is valid UTF-8. Not
// thread-safe. The tokenizer must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // What is whole now: a character that is not at its end yet is kept back.
  std::string Add(int32_t token);

  // The rest: U+FFFD for a character that never came to its end. Then it begins anew.
  std::string Finish();

 private:
  const Tokenizer& tokenizer_;
  std::string pending_;  // at most 3 bytes, the beginning of a character
};

}  // namespace r1zero
