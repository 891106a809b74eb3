// The arguments of a call, bound to a function's parameters as Python binds them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/jinja_value.h"

namespace r1zero::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// The value of each parameter, or nothing. Error, naming `callee`, at an argument too many, an
// unknown name, or a parameter given twice.
std::vector<std::optional<Value>> Bind(std::string_view callee, const Arguments& arguments,
                                       const std::vector<std::string>& parameters);

// What a parameter must be: an Error names callee, parameter and what was found.
std::string_view TextOf(std::string_view callee, const std::optional<Value>& value);
int64_t WholeOf(std::string_view callee, const std::optional<Value>& value, int64_t standard);

}  // namespace r1zero::jinja
