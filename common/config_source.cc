#include "common/config_source.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string_view>

#include "common/config_text.h"
#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;

std::string Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::optional<toml::table> TryParseValue(const std::string& raw) {
  try {
    toml::table document = toml::parse("value = " + raw);
    if (document.size() == 1) return document;
  } catch (const toml::parse_error&) {
  }
  return std::nullopt;
}

}  // namespace

Override ParseOverride(const std::string& text) {
  const size_t equals = text.find('=');
  Require(equals != std::string::npos && equals > 0, "--set ", text,
          ": expected section.key=value, such as --set run.name=test");
  Override parsed{text, Trimmed(text.substr(0, equals)), Trimmed(text.substr(equals + 1)), {}};
  parsed.quoted =
      !parsed.raw.empty() && std::string_view("\"'[{").find(parsed.raw[0]) != std::string::npos;
  auto document = TryParseValue(parsed.raw);
  Require(document || !parsed.quoted, "--set ", text, ": the value is not valid TOML",
          "; are its quotes or brackets closed, and quoted from the shell?");
  if (!document) document = TryParseValue(TomlString(parsed.raw));
  Require(document.has_value(), "--set ", text, ": the value is not valid UTF-8 text");
  parsed.document = std::move(*document);
  return parsed;
}

toml::table ParseConfigFile(const std::string& path) {
  if (path.empty()) return {};
  try {
    return toml::parse(ReadFile(path, kMaxFileBytes));
  } catch (const toml::parse_error& error) {
    Fail(path, ":", error.source().begin.line, ": ", error.description());
  }
}

std::string Place(const std::string& path, const toml::node& node, const std::string& section) {
  const std::string place = path + ":" + std::to_string(node.source().begin.line);
  return section.empty() ? place : place + ": [" + section + "]";
}

std::string Shown(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list";
  if (const auto* text = node.as_string()) return TomlString(text->get());
  if (const auto* number = node.as_floating_point()) return TomlNumber(number->get());
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

[[noreturn]] void FailExpecting(const Written& w, const std::string& expected) {
  Fail(w.where, ": '", w.name, "' is ", Shown(w.node), ", expected ", expected);
}

double NumberOf(const Written& w, const std::string& rule) {
  const std::string bounds = rule.empty() ? "" : ", " + rule;
  if (!w.node.is_number()) FailExpecting(w, "a number" + bounds);
  const double value = *w.node.value<double>();
  if (!std::isfinite(value)) FailExpecting(w, "a finite number" + bounds);
  return value;
}

std::string TextOf(const Written& w) {
  if (const auto* text = w.node.as_string()) return text->get();
  if (w.from_override && !w.from_override->quoted) return w.from_override->raw;
  FailExpecting(w, "text in quotes");
}

std::vector<std::string> ListOf(const Written& w) {
  std::vector<std::string> items;
  if (w.from_override && !w.from_override->quoted) {
    std::istringstream parts(w.from_override->raw);
    for (std::string part; std::getline(parts, part, ',');) items.push_back(Trimmed(part));
    return items;
  }
  if (!w.node.is_array()) FailExpecting(w, "a list of texts in quotes");
  for (const toml::node& item : *w.node.as_array()) {
    if (item.is_string())
      items.push_back(item.as_string()->get());
    else if (item.is_number())
      items.push_back(Shown(item));  // [1, 0.6] as ["1", "0.6"]
    else
      Fail(w.where, ": '", w.name, "' has the item ", Shown(item),
           ", expected a list of texts in quotes");
  }
  return items;
}

NamedNumbers NumbersOf(const Written& w) {
  if (!w.node.is_table()) FailExpecting(w, "a table of numbers");
  std::vector<std::pair<toml::source_position, std::string>> names;
  for (const auto& [key, node] : *w.node.as_table())
    names.push_back({key.source().begin, std::string(key.str())});
  std::sort(names.begin(), names.end());
  NamedNumbers numbers;
  for (const auto& [position, name] : names) {
    const toml::node& node = *w.node.as_table()->get(name);
    numbers.push_back({name, NumberOf({node, w.where, w.name + "." + name, w.from_override})});
  }
  return numbers;
}

}  // namespace r1zero
