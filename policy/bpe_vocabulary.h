// The tokens of a byte-level BPE by id and by text, with the added ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/added_tokens.h"
#include "policy/token_index.h"

namespace r1zero {

// Immutable once made.
class BpeVocabulary {
 public:
  static constexpr int32_t kNone = TokenIndex::kNone;

  // Error with `where`, field and rule unless the ids are 0 to N-1, each once, over the vocabulary and
  // the added tokens, and the texts differ. An added token that the vocabulary has too has its id
  // there; the others follow, in order: the ids that Hugging Face gives them.
  BpeVocabulary(std::vector<std::pair<std::string, int32_t>> vocab,
                const std::vector<AddedToken>& added, const std::string& where);
  BpeVocabulary(const BpeVocabulary&) = delete;

  int32_t size() const { return static_cast<int32_t>(texts_.size()); }
  bool has(int32_t token) const { return token >= 0 && token < size(); }
  const std::string& text(int32_t token) const { return texts_[token]; }  // REQUIRES has(token)
  bool is_special(int32_t token) const { return has(token) && special_[token]; }
  int32_t FindWord(std::string_view text) const;  // of the vocabulary without added ones, or kNone
  std::string Bytes(int32_t token) const;         // what it decodes to; special: nothing

 private:
  void AddWord(std::string text, int32_t id, const std::string& where);
  void Add(const AddedToken& token, const std::string& where);

  std::vector<std::string> texts_;  // as the file spells them
  std::vector<bool> special_;
  TokenIndex words_;  // of texts_
  size_t num_words_ = 0;
};

}  // namespace r1zero
