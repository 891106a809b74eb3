// How config values are written as TOML.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

struct Range;  // common/config.h

std::string TomlString(std::string_view text);  // in quotes, escaped
std::string TomlKey(std::string_view name);     // in quotes where it has to be
std::string TomlNumber(double value);           // the shortest text that reads back to `value`
std::string BoundText(double bound);            // the same for a person: 4096, not 4096.0
// "2 to 4096", "at least 0"; empty without bounds or with those that every int has.
std::string RuleText(Range range);

}  // namespace r1zero
