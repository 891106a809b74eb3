#include "policy/bpe_vocabulary.h"

#include "common/error.h"
#include "policy/byte_alphabet.h"
#include "policy/json.h"

namespace r1zero {

BpeVocabulary::BpeVocabulary(std::vector<std::pair<std::string, int32_t>> vocab,
                             const std::vector<AddedToken>& added, const std::string& where)
    : texts_(vocab.size()), words_(texts_, vocab.size() + added.size()), num_words_(vocab.size()) {
  Require(!vocab.empty(), where, ": model.vocab is missing, empty or no object");
  for (auto& [text, id] : vocab) AddWord(std::move(text), id, where);
  special_.resize(num_words_);
  for (size_t i = 0; i < added.size(); ++i)
    Add(added[i], where + ": added_tokens[" + std::to_string(i) + "]");
}

// What is wrong is put into words only where something is: there may be 150,000 of them.
void BpeVocabulary::AddWord(std::string text, int32_t id, const std::string& where) {
  if (static_cast<size_t>(id) >= num_words_)
    Fail(where, ": model.vocab ", Shown(text), " is ", id, ", expected the ids 0 to ",
         num_words_ - 1, ", each once");
  if (text.empty()) Fail(where, ": model.vocab has an empty token");
  if (!texts_[id].empty())
    Fail(where, ": model.vocab gives the id ", id, " to ", Shown(texts_[id]), " and ", Shown(text));
  texts_[id] = std::move(text);
  if (!words_.Add(id)) Fail(where, ": model.vocab has ", Shown(texts_[id]), " twice");
}

void BpeVocabulary::Add(const AddedToken& token, const std::string& where) {
  const int32_t found = words_.Find(token.content);
  const bool is_new = found == kNone;
  const int32_t expected = is_new ? size() : found;
  Require(token.id == expected, where, " ", Shown(token.content), " has the id ", token.id,
          ", expected ", expected,
          is_new ? ": what is not in model.vocab follows it in order" : " as before");
  if (is_new) {
    texts_.push_back(token.content);
    special_.push_back(false);
    words_.Add(token.id);
  }
  special_[token.id] = special_[token.id] || token.special;
}

int32_t BpeVocabulary::FindWord(std::string_view text) const {
  const int32_t found = words_.Find(text);
  return found < static_cast<int32_t>(num_words_) ? found : kNone;
}

// Characters of added tokens need not stand for bytes; such a token stands for its own text.
std::string BpeVocabulary::Bytes(int32_t token) const {
  if (!has(token) || special_[token]) return "";
  return BytesOfToken(texts_[token]).value_or(texts_[token]);
}

}  // namespace r1zero
