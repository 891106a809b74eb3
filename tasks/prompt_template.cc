#include "tasks/prompt_template.h"

#include <algorithm>

namespace r1zero {

std::string PromptTemplate::Fill(std::initializer_list<Value> values) const {
  std::string filled;
  std::string_view rest = text_;
  while (!rest.empty()) {
    const auto* value = std::find_if(values.begin(), values.end(),
                                     [&](const Value& v) { return rest.starts_with(v.first); });
    const bool found = value != values.end();
    filled += found ? value->second : rest.substr(0, 1);
    rest.remove_prefix(found ? value->first.size() : 1);
  }
  return filled;
}

}  // namespace r1zero
