#include "common/config_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "common/config.h"

namespace r1zero {
namespace {

struct Entry {
  std::string name;
  std::string value;  // as TOML
  std::string meaning;
  std::string rule;  // what is allowed; may be empty
};

struct Section {
  std::string path;  // "grpo", "rollout.engine"; empty: the top of the file
  std::string meaning;
  std::vector<Entry> entries;
};

// A comment is one line.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(separator)) + part;
  return text;
}

std::string Bracketed(char open, const std::string& items, char close) {
  std::string text(1, open);
  return text.append(items) += close;
}

// Collects every section and key with its value.
class Lister final : public Fields {
 public:
  using Fields::Key;
  void Key(std::string_view name, bool& value, std::string_view meaning) override {
    Add(name, value ? "true" : "false", meaning);
  }
  void Key(std::string_view name, int64_t& value, std::string_view meaning, Range range) override {
    Add(name, std::to_string(value), meaning, RuleText(range));
  }
  void Key(std::string_view name, double& value, std::string_view meaning, Range range) override {
    Add(name, TomlNumber(value), meaning, RuleText(range));
  }
  void Key(std::string_view name, std::string& value, std::string_view meaning,
           std::vector<std::string> choices) override {
    Add(name, TomlString(value), meaning, Joined(choices, ", "));
  }
  void Key(std::string_view name, std::vector<std::string>& value,
           std::string_view meaning) override {
    std::vector<std::string> items;
    for (const std::string& item : value) items.push_back(TomlString(item));
    Add(name, Bracketed('[', Joined(items, ", "), ']'), meaning);
  }
  void Key(std::string_view name, std::vector<std::pair<std::string, double>>& value,
           std::string_view meaning) override {
    std::vector<std::string> items;
    for (const auto& [key, number] : value)
      items.push_back(TomlKey(key) + " = " + TomlNumber(number));
    Add(name, Bracketed('{', Joined(items, ", "), '}'), meaning);
  }
  void Section(std::string_view name, std::string_view meaning,
               const std::function<void()>& describe) override {
    const size_t outer = current_;
    const std::string& outer_path = sections_[outer].path;
    current_ = sections_.size();
    sections_.push_back(
        {(outer_path.empty() ? "" : outer_path + ".") + TomlKey(name), OneLine(meaning), {}});
    describe();
    current_ = outer;
  }

  const std::vector<r1zero::Section>& sections() const { return sections_; }

 private:
  void Add(std::string_view name, std::string value, std::string_view meaning,
           std::string rule = "") {
    sections_[current_].entries.push_back(
        {TomlKey(name), std::move(value), OneLine(meaning), std::move(rule)});
  }

  std::vector<r1zero::Section> sections_ = {{}};
  size_t current_ = 0;
};

using Rows = std::vector<std::pair<std::string, std::string>>;

// The left column as wide as its widest row, but rows of more than 44 characters stick out.
size_t LeftWidth(const Rows& rows) {
  size_t width = 0;
  for (const auto& [left, right] : rows)
    if (left.size() <= 44) width = std::max(width, left.size());
  return width;
}

std::string Padded(const std::string& left, size_t width) {
  return left + std::string(width - std::min(width, left.size()), ' ');
}

// `text` in lines of at most 100 characters, continued under its first character.
std::string Wrapped(const std::string& indent_text, std::string_view text) {
  const size_t indent = indent_text.size();
  const size_t room = indent + 20 < 100 ? 100 - indent : 20;
  std::string lines = indent_text;
  while (text.size() > room) {
    size_t cut = text.rfind(' ', room);
    if (cut == std::string_view::npos || cut == 0) break;
    lines += std::string(text.substr(0, cut)) + "\n" + std::string(indent, ' ');
    text.remove_prefix(cut + 1);
  }
  return lines + std::string(text) + "\n";
}

}  // namespace

std::string TomlString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::array<char, 8> escaped;
      snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      quoted += escaped.data();
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string TomlKey(std::string_view name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  return bare ? std::string(name) : TomlString(name);
}

std::string TomlNumber(double value) {
  std::array<char, 32> digits;
  const bool plain = value == 0 || (std::abs(value) >= 1e-5 && std::abs(value) < 1e15);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, format).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string BoundText(double bound) {
  std::string text = TomlNumber(bound);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string RuleText(Range range) {
  const bool above = range.min > std::numeric_limits<int>::min();
  const bool below = range.max < std::numeric_limits<int>::max();
  if (above && below) return BoundText(range.min) + " to " + BoundText(range.max);
  if (above) return "at least " + BoundText(range.min);
  if (below) return "at most " + BoundText(range.max);
  return "";
}

std::string WriteConfig(const DescribeFn& describe) {
  Lister lister;
  describe(lister);
  std::string document;
  for (const auto& section : lister.sections()) {
    if (section.entries.empty()) continue;
    if (!document.empty()) document += '\n';
    if (!section.path.empty()) document += "# " + section.meaning + "\n[" + section.path + "]\n";
    Rows rows;
    for (const Entry& entry : section.entries)
      rows.push_back({entry.name + " = " + entry.value, entry.meaning});
    const size_t width = LeftWidth(rows);
    for (const auto& [left, meaning] : rows)
      document += Padded(left, width) + "  # " + meaning + "\n";
  }
  return document;
}

std::string ConfigValues(const DescribeFn& describe) {
  Lister lister;
  describe(lister);
  std::string lines;
  for (const auto& section : lister.sections())
    for (const Entry& entry : section.entries)
      lines += section.path + '.' + entry.name + " = " + entry.value + '\n';
  return lines;
}

std::string ConfigHelp(const DescribeFn& describe) {
  Lister lister;
  describe(lister);
  std::string page;
  for (const auto& section : lister.sections()) {
    if (section.entries.empty()) continue;
    if (!page.empty()) page += '\n';
    if (!section.path.empty()) page += "[" + section.path + "] " + section.meaning + "\n";
    Rows rows;
    const std::string prefix = section.path.empty() ? "" : section.path + ".";
    for (const Entry& entry : section.entries)
      rows.push_back({"  " + prefix + entry.name + " = " + entry.value,
                      entry.meaning + (entry.rule.empty() ? "" : " (" + entry.rule + ")")});
    const size_t width = LeftWidth(rows);
    for (const auto& [left, text] : rows) page += Wrapped(Padded(left, width) + "   ", text);
  }
  return page;
}

}  // namespace r1zero
