// A tokenizer.json taken apart in one pass: the two long lists as lists, the rest as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace r1zero {

// The merges of a file in their order. Their texts are one text, because there are many.
class MergeList {
 public:
  struct Texts {
    std::string_view left, right, joined;
  };
  size_t size() const { return places_.size(); }
  Texts operator[](size_t i) const;  // views into the list
  void Add(std::string_view left, std::string_view right);

 private:
  struct Place {
    size_t middle, end;  // of text_; it begins where the one before ends
  };
  std::string text_;
  std::vector<Place> places_;
};

struct TokenizerFile {
  nlohmann::json rest;                                 // without the two below
  std::vector<std::pair<std::string, int32_t>> vocab;  // model.vocab, where it is an object
  MergeList merges;                                    // model.merges, of either form
  bool has_merges = false;
};

// Error with `where`, and the field or the byte, for what is malformed, nested deeper than 64, or has
// a key twice; for a word of model.vocab that has no id; for a merge that is not two tokens. (A word
// that model.vocab has twice is left to who reads it.)
TokenizerFile ReadTokenizerFile(std::string_view text, const std::string& where);

// model.type; files of before it was written are BPE if they have merges. Error if there is no model.
std::string ModelType(const TokenizerFile& file, const std::string& where);

}  // namespace r1zero
