// JSON files of the run folder: read with an Error that names the file, written one object a line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

using Json = nlohmann::ordered_json;

Json ReadJson(const std::filesystem::path& path);

// The objects of a .jsonl file, up to a torn last line; none if there is no such file.
std::vector<Json> ReadJsonLines(const std::filesystem::path& path);

// Compact, on one line. Bytes that are not UTF-8 become U+FFFD.
std::string ToLine(const Json& json);

}  // namespace r1zero
