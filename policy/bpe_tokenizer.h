// Byte-level byte-pair encoding as Hugging Face's tokenizers does it: the tokenizer of GPT-2, Qwen,
// Llama 3, SmolLM2 and others (docs/tokenizers.md).
#pragma once

#include "policy/added_tokens.h"
#include "policy/bpe_merges.h"
#include "policy/bpe_splitter.h"
#include "policy/bpe_vocabulary.h"
#include "policy/tokenizer.h"
#include "policy/tokenizer_file.h"

namespace r1zero {

class BpeTokenizer : public Tokenizer {
 public:
  // `json` is what `file` was read from. Error with `where`, field and rule.
  BpeTokenizer(TokenizerFile&& file, std::string json, const std::string& where);

  // Added tokens that the text spells become these tokens. Error unless the text is valid UTF-8.
  std::vector<int32_t> Encode(std::string_view text) const override;
  std::vector<int32_t> EncodePrompt(std::string_view text) const override;
  std::string TokenBytes(int32_t token) const override { return vocabulary_.Bytes(token); }
  std::string TokenText(int32_t token) const override {
    return vocabulary_.has(token) ? vocabulary_.text(token) : "";
  }
  bool is_special(int32_t token) const override { return vocabulary_.is_special(token); }
  int32_t vocab_size() const override { return vocabulary_.size(); }
  std::string ToJson() const override { return json_; }  // byte for byte what it was made from

 private:
  BpeTokenizer(const std::vector<AddedToken>& added, TokenizerFile&& file, std::string json,
               const std::string& where);
  void EncodePiece(std::string_view piece, std::vector<int32_t>& tokens) const;
  void EncodeWord(std::string_view word, std::vector<int32_t>& tokens) const;
  void MergeWord(std::string_view word, std::vector<int32_t>& tokens) const;

  const std::string json_;
  const uint32_t serial_;  // whose the words of a cache are
  const BpeVocabulary vocabulary_;
  const BpeMerges merges_;
  const bool ignore_merges_, is_nfc_;
  const BpeSplitter splitter_;
  const std::vector<int32_t> prompt_prefix_;
  AddedTokenMatcher as_written_, normalized_;
};

}  // namespace r1zero
