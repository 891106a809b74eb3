// JSON from files that may be hostile: every mistake is an Error that names the file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace r1zero {

// Error with `where` and the byte for malformed JSON, and for an object that has a key twice.
nlohmann::json ParseJson(std::string_view text, const std::string& where);

// The value as text for an error message, cut to a readable length.
std::string Shown(const nlohmann::json& value);

}  // namespace r1zero
