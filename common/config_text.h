// How config values are written as TOML.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

std::string TomlString(std::string_view text);  // in quotes, escaped
std::string TomlKey(std::string_view name);     // in quotes where it has to be
std::string TomlNumber(double value);           // the shortest text that reads back to `value`
std::string BoundText(double bound);            // the same for a person: 4096, not 4096.0

}  // namespace r1zero
