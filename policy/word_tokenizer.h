// A vocabulary of words, matched greedily, longest first.
//
// Its tokenizer.json (a WordLevel model behind a Split pre-tokenizer) gives the same ids in Hugging
// Face's tokenizers, except that text which spells a special token becomes that token there. Other
// WordLevel files are refused. Immutable, thread-safe.
#pragma once

#include "policy/tokenizer.h"

namespace r1zero {

class WordTokenizer : public Tokenizer {
 public:
  // words[i] is token i. words[pad] and words[eos] are special: they never match text and decode to
  // nothing. Error for an empty or repeated word.
  WordTokenizer(std::vector<std::string> words, int32_t pad_token, int32_t eos_token);

  // The padding token is the first of added_tokens, the end token the last.
  static WordTokenizer FromJson(const std::string& json, const std::string& where);
  std::string ToJson() const override;

  // Error naming the byte offset and the text there, if no word matches.
  std::vector<int32_t> Encode(std::string_view text) const override;
  // Error for a token that is not in the vocabulary. The words are joined as they are.
  std::string Decode(std::span<const int32_t> tokens) const override;
  std::string TokenBytes(int32_t token) const override;
  std::string TokenText(int32_t token) const override { return has(token) ? words_[token] : ""; }
  bool is_special(int32_t token) const override {
    return token == pad_token_ || token == eos_token_;
  }

  int32_t vocab_size() const override { return static_cast<int32_t>(words_.size()); }
  int32_t pad_token() const { return pad_token_; }
  int32_t eos_token() const { return eos_token_; }
  const std::string& word(int32_t token) const { return words_.at(token); }

 private:
  bool has(int32_t token) const { return token >= 0 && token < vocab_size(); }

  std::vector<std::string> words_;
  int32_t pad_token_, eos_token_;
  std::vector<int32_t> longest_first_[256];  // candidate tokens by first byte
};

}  // namespace r1zero
