// The pre-tokenizer of a byte-level BPE: cuts a text into the words that merges stay within.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "policy/bpe_patterns.h"
#include "policy/unicode_class.h"
#include "policy/utf8.h"

namespace r1zero {

// Immutable. Each step cuts the pieces of the step before; the last one is ByteLevel.
class BpeSplitter {
 public:
  // Of pre_tokenizer in a tokenizer.json: ByteLevel, or a Sequence of Split and Digits with ByteLevel at
  // its end. Error with `where` and the field for anything else.
  static BpeSplitter FromJson(const nlohmann::json& pre_tokenizer, const std::string& where);

  // Calls `word` with each word in order. REQUIRES valid UTF-8. A word need not lie within the text:
  // add_prefix_space puts a space in front.
  template <typename Word>
  void Split(std::string_view text, const Word& word) const {
    SplitFrom(0, text, word);
  }

 private:
  enum class Kind { kPattern, kDigits, kWhole };
  struct Step {
    Kind kind = Kind::kWhole;
    PieceSize pattern = nullptr;
    bool one_by_one = false;    // kDigits: each digit is a piece
    bool prefix_space = false;  // before it: a piece that begins with no space gets one
  };

  static Step ReadSplit(const nlohmann::json& step, const std::string& where);
  static Step ReadDigits(const nlohmann::json& step, const std::string& where);
  static Step ReadByteLevel(const nlohmann::json& step, const std::string& where);
  static Step ReadStep(const nlohmann::json& step, const std::string& where);

  // Digits: the first piece is one digit, several, or what lies before the next.
  static size_t DigitsPiece(std::string_view text, bool one_by_one);
  static size_t FirstPiece(const Step& step, std::string_view text) {
    if (step.kind == Kind::kPattern) return step.pattern(text);
    return step.kind == Kind::kDigits ? DigitsPiece(text, step.one_by_one) : text.size();
  }

  template <typename Word>
  void SplitFrom(size_t index, std::string_view text, const Word& word) const {
    if (index == steps_.size()) return word(text);
    const Step& step = steps_[index];
    std::string with_space;
    if (step.prefix_space && !text.starts_with(' ')) text = with_space.append(" ").append(text);
    while (!text.empty()) {
      const size_t size = FirstPiece(step, text);
      if (index + 1 == steps_.size()) {
        word(text.substr(0, size));
      } else {
        SplitFrom(index + 1, text.substr(0, size), word);
      }
      text.remove_prefix(size);
    }
  }

  std::vector<Step> steps_;
};

}  // namespace r1zero
