// What a person wrote, in the file or after --set, and its conversion to the type a struct wants.
// Every conversion throws Error with the place, the value found and what was expected.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <utility>
#include <vector>

namespace r1zero {

struct Override {
  std::string text;      // "grpo.lr=1e-4"
  std::string path;      // "grpo.lr"
  std::string raw;       // "1e-4"
  toml::table document;  // raw as the value of `value`
  bool quoted = false;

  const toml::node& node() const { return *document.get("value"); }
  std::string where() const { return "--set " + text; }
};

// A value with its place for errors.
struct Written {
  const toml::node& node;
  std::string where;                        // "runs/x.toml:12: [grpo]" or "--set grpo.lr=1"
  std::string name;                         // as errors call it
  const Override* from_override = nullptr;  // null: from the file
};

using NamedNumbers = std::vector<std::pair<std::string, double>>;

Override ParseOverride(const std::string& text);
toml::table ParseConfigFile(const std::string& path);  // empty path: an empty table

// "runs/x.toml:12: [grpo]"
std::string Place(const std::string& path, const toml::node& node, const std::string& section);

std::string Shown(const toml::node& node);  // the value, for "... is X, expected Y"
[[noreturn]] void FailExpecting(const Written& w, const std::string& expected);

// Finite. `rule`, if there is one, follows what the errors expect.
double NumberOf(const Written& w, const std::string& rule = "");
std::string TextOf(const Written& w);  // --set needs no quotes, even where text looks like a number
std::vector<std::string> ListOf(const Written& w);
NamedNumbers NumbersOf(const Written& w);  // in the order written; toml::table sorts by name

}  // namespace r1zero
