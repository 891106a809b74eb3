// Text to token ids and back: what every tokenizer can do (docs/tokenizers.md).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

// Immutable, thread-safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Without anything in front or behind. Error naming the byte offset of text that cannot be encoded.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;

  // The text as the beginning of a sequence: after the tokens that the model expects in front (its
  // BOS), unless it begins with a special token already. A rendered chat template spells its BOS, and
  // a second one would be a text that no model was trained on.
  virtual std::vector<int32_t> EncodePrompt(std::string_view text) const { return Encode(text); }

  // Without special tokens. Valid UTF-8 if the tokenizer's own words are: U+FFFD stands for each part
  // that is none.
  virtual std::string Decode(std::span<const int32_t> tokens) const;

  // What one token decodes to, which may be a part of a character. Empty for special tokens, and for
  // every id that is not in the vocabulary: models pad theirs.
  virtual std::string TokenBytes(int32_t token) const = 0;

  // The token as tokenizer.json spells it, special ones too; empty if it is not in the vocabulary.
  virtual std::string TokenText(int32_t token) const = 0;

  virtual bool is_special(int32_t token) const = 0;

  virtual int32_t vocab_size() const = 0;  // the largest id + 1

  // The content of a tokenizer.json that makes this tokenizer.
  virtual std::string ToJson() const = 0;
};

// Of the content of a tokenizer.json. Error with `where`, field and rule for one that is malformed or
// of a kind that is not supported.
std::shared_ptr<const Tokenizer> MakeTokenizer(std::string json, const std::string& where);

}  // namespace r1zero
