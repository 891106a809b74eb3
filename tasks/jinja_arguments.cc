#include "tasks/jinja_arguments.h"

#include <algorithm>

namespace r1zero::jinja {

std::vector<std::optional<Value>> Bind(std::string_view callee, const Arguments& arguments,
                                       const std::vector<std::string>& parameters) {
  Require(arguments.positional.size() <= parameters.size(), "'", callee, "' takes at most ",
          parameters.size(), " arguments, found ", arguments.positional.size());
  std::vector<std::optional<Value>> bound(parameters.size());
  std::ranges::copy(arguments.positional, bound.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::ranges::find(parameters, name);
    Require(at != parameters.end(), "'", callee, "' has no parameter '", name, "'");
    std::optional<Value>& slot = bound[static_cast<size_t>(at - parameters.begin())];
    Require(!slot, "'", callee, "' got the parameter '", name, "' twice");
    slot = value;
  }
  return bound;
}

std::string_view TextOf(std::string_view callee, const std::optional<Value>& value) {
  Require(value.has_value(), "'", callee, "' lacks an argument, expected text");
  Require(value->IsText(), "'", callee, "' got a '", value->TypeName(), "', expected text");
  return value->text();
}

int64_t WholeOf(std::string_view callee, const std::optional<Value>& value, int64_t standard) {
  if (!value) return standard;
  Require(value->IsWhole(), "'", callee, "' got a '", value->TypeName(), "', expected an integer");
  return value->whole();
}

}  // namespace r1zero::jinja
