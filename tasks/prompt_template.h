// A prompt with places to fill: "Make {target} from {numbers}.". Other braces are text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace r1zero {

class PromptTemplate {
 public:
  explicit PromptTemplate(std::string text) : text_(std::move(text)) {}

  using Value = std::pair<std::string_view, std::string_view>;  // "{target}", "16"
  // One pass: a place that stands inside a value is not filled again.
  std::string Fill(std::initializer_list<Value> values) const;

  bool Has(std::string_view place) const { return text_.find(place) != std::string::npos; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace r1zero
