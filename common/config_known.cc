#include "common/config_known.h"

#include <algorithm>

#include "common/error.h"

namespace r1zero {
namespace {

class KeyLister final : public Fields {
 public:
  using Fields::Key;
  void Key(std::string_view name, bool&, std::string_view) override { Add(name); }
  void Key(std::string_view name, int64_t&, std::string_view, Range) override { Add(name); }
  void Key(std::string_view name, double&, std::string_view, Range) override { Add(name); }
  void Key(std::string_view name, std::string&, std::string_view,
           std::vector<std::string>) override {
    Add(name);
  }
  void Key(std::string_view name, std::vector<std::string>&, std::string_view) override {
    Add(name);
  }
  void Key(std::string_view name, std::vector<std::pair<std::string, double>>&,
           std::string_view) override {
    Add(name, KnownKey::kNumbers);
  }
  void Section(std::string_view name, std::string_view,
               const std::function<void()>& describe) override {
    Add(name, KnownKey::kSection);
    const std::string outer = section_;
    section_ = FullName(outer, name);
    describe();
    section_ = outer;
  }

  const std::vector<KnownKey>& keys() const { return keys_; }

 private:
  void Add(std::string_view name, KnownKey::Kind kind = KnownKey::kValue) {
    keys_.push_back({section_, std::string(name), kind});
  }

  std::string section_;
  std::vector<KnownKey> keys_;
};

// "; did you mean 'x'?" for a name that no struct knows: a neighbour in the same section, else any
// key spelled nearly so, else a key of that name in another section.
std::string Hint(const std::vector<KnownKey>& known, const std::string& section,
                 const std::string& name, bool say_full_name) {
  std::vector<std::string> siblings, all;
  std::string elsewhere;
  for (const KnownKey& key : known) {
    if (key.section == section) siblings.push_back(key.name);
    all.push_back(key.full());
    if (key.name == name && elsewhere.empty()) elsewhere = key.full();
  }
  if (const auto sibling = NearestName(name, siblings))
    return "; did you mean '" + (say_full_name ? FullName(section, *sibling) : *sibling) + "'?";
  if (const auto near = NearestName(FullName(section, name), all))
    return "; did you mean '" + *near + "'?";
  return elsewhere.empty() ? "" : "; did you mean '" + elsewhere + "'?";
}

void RequireKnownBelow(const std::string& path, const toml::table& table,
                       const std::string& section, const std::vector<KnownKey>& known) {
  for (const auto& [toml_key, node] : table) {
    const std::string name(toml_key.str());
    const auto key = std::find_if(known.begin(), known.end(), [&](const KnownKey& k) {
      return k.section == section && k.name == name;
    });
    Require(key != known.end(), Place(path, node, section),
            node.is_table() ? ": unknown section '" : ": unknown key '", name, "'",
            Hint(known, section, name, /*say_full_name=*/false));
    if (key->kind == KnownKey::kSection && node.is_table())
      RequireKnownBelow(path, *node.as_table(), FullName(section, name), known);
  }
}

}  // namespace

std::string FullName(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : section + "." + std::string(name);
}

std::vector<KnownKey> ListKnownKeys(const DescribeFn& describe) {
  KeyLister lister;
  describe(lister);
  return lister.keys();
}

void RequireKnownKeys(const std::string& path, const toml::table& file,
                      const std::vector<KnownKey>& known) {
  RequireKnownBelow(path, file, /*section=*/"", known);
}

void RequireKnownKey(const Override& o, const std::vector<KnownKey>& known) {
  for (const KnownKey& key : known) {
    Require(key.kind != KnownKey::kSection || key.full() != o.path, o.where(), ": '", o.path,
            "' is a section, expected one of its keys");
    if (key.full() == o.path) return;
    const std::string prefix = key.full() + ".";
    if (key.kind == KnownKey::kNumbers && o.path.starts_with(prefix) && o.path != prefix) return;
  }
  const size_t dot = o.path.rfind('.');
  const std::string section = dot == std::string::npos ? "" : o.path.substr(0, dot);
  const std::string name = dot == std::string::npos ? o.path : o.path.substr(dot + 1);
  Fail(o.where(), ": unknown key '", o.path, "'",
       Hint(known, section, name, /*say_full_name=*/true));
}

}  // namespace r1zero
