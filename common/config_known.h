// Which sections and keys the config structs have, and errors for all others.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "common/config.h"
#include "common/config_source.h"

namespace r1zero {

std::string FullName(const std::string& section, std::string_view name);  // "grpo", "lr": "grpo.lr"

struct KnownKey {
  enum Kind { kValue, kNumbers, kSection };
  std::string section;  // full name of the section it is in
  std::string name;
  Kind kind;
  std::string full() const { return FullName(section, name); }
};

std::vector<KnownKey> ListKnownKeys(const DescribeFn& describe);

// Error naming the first key of `file` that no struct knows, with a hint.
void RequireKnownKeys(const std::string& path, const toml::table& file,
                      const std::vector<KnownKey>& known);

// The same for the key of an override.
void RequireKnownKey(const Override& o, const std::vector<KnownKey>& known);

}  // namespace r1zero
