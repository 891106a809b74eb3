// The filters, tests, methods and functions that templates may use.
#pragma once

#include <string>
#include <string_view>

namespace r1zero::jinja {

enum class NameOf { kFilter, kTest, kMethod, kFunction };

bool IsSupported(NameOf what, std::string_view name);
// "the filter 'foo' is not supported; did you mean 'bar'? Supported are ..."
std::string NotSupported(NameOf what, std::string_view name);

}  // namespace r1zero::jinja
