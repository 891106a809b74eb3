// Run configuration: a TOML file, overridden by --set, read into plain structs.
//
// Precedence: struct default < file < --set section.key=value. A config struct names its fields once:
//
//   struct GrpoConfig { int group_size = 16; double lr = 1e-6; };
//   void Describe(Fields& f, GrpoConfig& c) {
//     f.Key("group_size", c.group_size, "completions sampled per prompt", {.min = 2, .max = 4096});
//     f.Key("lr", c.lr, "peak learning rate", {.min = 0});
//   }
//
// and from that one description come reading, checking, --help, --dry-run and the resolved
// config.toml of a run folder. Every mistake is an Error with file and line (or the --set text):
// an unknown key (with the nearest known one), a wrong type, a value out of range.
// Not thread-safe; config is read once, before threads start.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace r1zero {

// Inclusive bounds of a number.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

// Visits the fields of a config struct. The readers, writers and the help page derive from it.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void Key(std::string_view name, bool& value, std::string_view meaning) = 0;
  virtual void Key(std::string_view name, int64_t& value, std::string_view meaning,
                   Range range = {}) = 0;
  virtual void Key(std::string_view name, double& value, std::string_view meaning,
                   Range range = {}) = 0;
  // `choices` empty: any text.
  virtual void Key(std::string_view name, std::string& value, std::string_view meaning,
                   std::vector<std::string> choices = {}) = 0;
  virtual void Key(std::string_view name, std::vector<std::string>& value,
                   std::string_view meaning) = 0;
  // name -> number, such as reward weights: any key is allowed.
  virtual void Key(std::string_view name, std::vector<std::pair<std::string, double>>& value,
                   std::string_view meaning) = 0;
  // A TOML table; `describe` visits its fields.
  virtual void Section(std::string_view name, std::string_view meaning,
                       const std::function<void()>& describe) = 0;
  void Key(std::string_view name, int& value, std::string_view meaning, Range range = {});
};

using DescribeFn = std::function<void(Fields&)>;

// Reads `path` (empty: no file) and the overrides into the fields that `describe` visits.
// An override is section.key=value with the value in TOML, or as bare text where a string is expected
// ("run.name=7b") and as text between commas where a list is ("eval.temperatures=1,0.6"). One entry of
// a name -> number table is set by its name ("reward.weights.format=0.2"); a table in the file
// replaces the default one. Numbers are finite.
void ReadConfig(const std::string& path, std::span<const std::string> overrides,
                const DescribeFn& describe);

// The current values as a TOML document that ReadConfig reads back to the same values.
std::string WriteConfig(const DescribeFn& describe);

// The current values, a line "section.key = value" each: what a hash is made of. Meanings may change.
std::string ConfigValues(const DescribeFn& describe);

// Every key with its default (the current value) and meaning, for --help.
std::string ConfigHelp(const DescribeFn& describe);

// The candidate with the smallest edit distance to `word`, if any is near enough to be a typo.
std::optional<std::string> NearestName(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace r1zero
