// Text to token ids and back: a vocabulary of words, matched greedily, longest first.
//
// Its tokenizer.json (a WordLevel model behind a Split pre-tokenizer) gives the same ids in Hugging
// Face's tokenizers, except that text which spells a special token becomes that token there. Other
// tokenizer types are refused by name. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

class Tokenizer {
 public:
  // words[i] is token i. words[pad] and words[eos] are special: they never match text and decode to
  // nothing. Error for an empty or repeated word.
  Tokenizer(std::vector<std::string> words, int32_t pad_token, int32_t eos_token);

  // The padding token is the first of added_tokens, the end token the last.
  static Tokenizer FromJson(const std::string& json, const std::string& where);
  std::string ToJson() const;

  // Error naming the byte offset and the text there, if no word matches.
  std::vector<int32_t> Encode(std::string_view text) const;
  std::string Decode(std::span<const int32_t> tokens) const;  // special tokens are left out

  int32_t vocab_size() const { return static_cast<int32_t>(words_.size()); }
  int32_t pad_token() const { return pad_token_; }
  int32_t eos_token() const { return eos_token_; }
  const std::string& word(int32_t token) const { return words_.at(token); }

 private:
  std::vector<std::string> words_;
  int32_t pad_token_, eos_token_;
  std::vector<int32_t> longest_first_[256];  // candidate tokens by first byte
};

}  // namespace r1zero
