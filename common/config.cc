#include "common/config.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <toml++/toml.h>

#include "common/config_text.h"
#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;

std::string FullName(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : section + "." + std::string(name);
}

// ---- What the structs know ------------------------------------------------------------------

struct KnownKey {
  enum Kind { kValue, kNumbers, kSection };
  std::string section;  // full name of the section it is in
  std::string name;
  Kind kind;
  std::string full() const { return FullName(section, name); }
};

class KeyLister final : public Fields {
 public:
  using Fields::Key;
  void Key(std::string_view name, bool&, std::string_view) override { Add(name); }
  void Key(std::string_view name, int64_t&, std::string_view, Range) override { Add(name); }
  void Key(std::string_view name, double&, std::string_view, Range) override { Add(name); }
  void Key(std::string_view name, std::string&, std::string_view, std::vector<std::string>) override {
    Add(name);
  }
  void Key(std::string_view name, std::vector<std::string>&, std::string_view) override { Add(name); }
  void Key(std::string_view name, std::vector<std::pair<std::string, double>>&,
           std::string_view) override {
    Add(name, KnownKey::kNumbers);
  }
  void Section(std::string_view name, std::string_view, const std::function<void()>& describe) override {
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

// ---- What the person wrote ------------------------------------------------------------------

struct Override {
  std::string text;  // "grpo.lr=1e-4"
  std::string path;  // "grpo.lr"
  std::string raw;   // "1e-4"
  toml::table document;  // raw as the value of `value`
  bool quoted = false;

  const toml::node& node() const { return *document.get("value"); }
  std::string where() const { return "--set " + text; }
};

// A value with its place for errors.
struct Written {
  const toml::node& node;
  std::string where;                      // "runs/x.toml:12: [grpo]" or "--set grpo.lr=1"
  std::string name;                       // as errors call it
  const Override* from_override = nullptr;  // null: from the file
};

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

Override ParseOverride(const std::string& text) {
  const size_t equals = text.find('=');
  Require(equals != std::string::npos && equals > 0, "--set ", text,
          ": expected section.key=value, such as --set run.name=test");
  Override parsed{text, Trimmed(text.substr(0, equals)), Trimmed(text.substr(equals + 1)), {}};
  parsed.quoted = !parsed.raw.empty() && std::string_view("\"'[{").find(parsed.raw[0]) != std::string::npos;
  auto document = TryParseValue(parsed.raw);
  Require(document || !parsed.quoted, "--set ", text, ": the value is not valid TOML",
          "; are its quotes or brackets closed, and quoted from the shell?");
  if (!document) document = TryParseValue(TomlString(parsed.raw));
  Require(document.has_value(), "--set ", text, ": the value is not valid UTF-8 text");
  parsed.document = std::move(*document);
  return parsed;
}

toml::table ParseFile(const std::string& path) {
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

// ---- Unknown keys ---------------------------------------------------------------------------

void RequireKnownKeys(const std::string& path, const toml::table& table, const std::string& section,
                      const std::vector<KnownKey>& known) {
  for (const auto& [toml_key, node] : table) {
    const std::string name(toml_key.str());
    const auto key = std::find_if(known.begin(), known.end(), [&](const KnownKey& k) {
      return k.section == section && k.name == name;
    });
    Require(key != known.end(), Place(path, node, section),
            node.is_table() ? ": unknown section '" : ": unknown key '", name, "'",
            Hint(known, section, name, /*say_full_name=*/false));
    if (key->kind == KnownKey::kSection && node.is_table())
      RequireKnownKeys(path, *node.as_table(), FullName(section, name), known);
  }
}

void RequireKnownPath(const Override& o, const std::vector<KnownKey>& known) {
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
  Fail(o.where(), ": unknown key '", o.path, "'", Hint(known, section, name, /*say_full_name=*/true));
}

// ---- Values ---------------------------------------------------------------------------------

// The value as the person wrote it, for "... is X, expected Y".
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

template <typename Number>
void RequireInRange(const Written& w, Number value, Range range) {
  if (value >= range.min && value <= range.max) return;
  if (std::isinf(range.max)) FailExpecting(w, "at least " + BoundText(range.min));
  if (std::isinf(range.min)) FailExpecting(w, "at most " + BoundText(range.max));
  FailExpecting(w, BoundText(range.min) + " to " + BoundText(range.max));
}

double NumberOf(const Written& w) {
  if (!w.node.is_number()) FailExpecting(w, "a number");
  const double value = *w.node.value<double>();
  if (!std::isfinite(value)) FailExpecting(w, "a finite number");
  return value;
}

// Text given by --set needs no quotes, even where it looks like a number.
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
    if (!item.is_string())
      Fail(w.where, ": '", w.name, "' has the item ", Shown(item), ", expected a list of texts in quotes");
    items.push_back(item.as_string()->get());
  }
  return items;
}

using NamedNumbers = std::vector<std::pair<std::string, double>>;

// In the order written; toml::table sorts by name.
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

void SetNumber(NamedNumbers& numbers, const std::string& name, double value) {
  const auto found = std::find_if(numbers.begin(), numbers.end(),
                                  [&](const auto& number) { return number.first == name; });
  if (found == numbers.end())
    numbers.push_back({name, value});
  else
    found->second = value;
}

// ---- Reading --------------------------------------------------------------------------------

class Reader final : public Fields {
 public:
  Reader(const std::string& path, const toml::table& file, const std::vector<Override>& overrides)
      : path_(path), table_(&file), overrides_(overrides) {}

  using Fields::Key;
  void Key(std::string_view name, bool& value, std::string_view) override {
    ForEachWritten(name, [&](const Written& w) {
      if (!w.node.is_boolean()) FailExpecting(w, "true or false");
      value = w.node.as_boolean()->get();
    });
  }
  void Key(std::string_view name, int64_t& value, std::string_view, Range range) override {
    ForEachWritten(name, [&](const Written& w) {
      if (!w.node.is_integer()) FailExpecting(w, "a whole number");
      RequireInRange(w, w.node.as_integer()->get(), range);
      value = w.node.as_integer()->get();
    });
  }
  void Key(std::string_view name, double& value, std::string_view, Range range) override {
    ForEachWritten(name, [&](const Written& w) {
      RequireInRange(w, NumberOf(w), range);
      value = NumberOf(w);
    });
  }
  void Key(std::string_view name, std::string& value, std::string_view,
           std::vector<std::string> choices) override {
    ForEachWritten(name, [&](const Written& w) {
      value = TextOf(w);
      RequireChoice(w, value, choices);
    });
  }
  void Key(std::string_view name, std::vector<std::string>& value, std::string_view) override {
    ForEachWritten(name, [&](const Written& w) { value = ListOf(w); });
  }
  void Key(std::string_view name, NamedNumbers& value, std::string_view) override {
    ForEachWritten(name, [&](const Written& w) { value = NumbersOf(w); });
    const std::string prefix = FullName(section_, name) + ".";
    for (const Override& o : overrides_)
      if (o.path.starts_with(prefix))
        SetNumber(value, o.path.substr(prefix.size()), NumberOf({o.node(), o.where(), o.path, &o}));
  }
  void Section(std::string_view name, std::string_view, const std::function<void()>& describe) override {
    const std::string outer_section = section_;
    const toml::table* outer_table = table_;
    const toml::node* node = table_ ? table_->get(name) : nullptr;
    Require(!node || node->is_table(), node ? Place(path_, *node, section_) : "", ": '", name, "' is ",
            node ? Shown(*node) : "", ", expected the section [", FullName(section_, name), "]");
    section_ = FullName(section_, name);
    table_ = node ? node->as_table() : nullptr;
    describe();
    section_ = outer_section;
    table_ = outer_table;
  }

 private:
  // The file's value, then those of --set in their order: the last one stays.
  void ForEachWritten(std::string_view name, const std::function<void(const Written&)>& assign) {
    if (const toml::node* node = table_ ? table_->get(name) : nullptr)
      assign({*node, Place(path_, *node, section_), std::string(name)});
    for (const Override& o : overrides_)
      if (o.path == FullName(section_, name)) assign({o.node(), o.where(), o.path, &o});
  }

  static void RequireChoice(const Written& w, const std::string& value,
                            const std::vector<std::string>& choices) {
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return;
    std::string expected = "one of";
    for (const std::string& choice : choices)
      expected += (&choice == &choices.front() ? " '" : ", '") + choice + "'";
    if (const auto near = NearestName(value, choices)) expected += "; did you mean '" + *near + "'?";
    FailExpecting(w, expected);
  }

  const std::string& path_;
  const toml::table* table_;  // of the section being read; null where the file has none
  const std::vector<Override>& overrides_;
  std::string section_;
};

}  // namespace

void Fields::Key(std::string_view name, int& value, std::string_view meaning, Range range) {
  range.min = std::max<double>(range.min, std::numeric_limits<int>::min());
  range.max = std::min<double>(range.max, std::numeric_limits<int>::max());
  int64_t wide = value;
  Key(name, wide, meaning, range);
  value = static_cast<int>(wide);
}

void ReadConfig(const std::string& path, std::span<const std::string> override_texts,
                const DescribeFn& describe) {
  KeyLister known;
  describe(known);
  const toml::table file = ParseFile(path);
  RequireKnownKeys(path, file, "", known.keys());
  std::vector<Override> overrides;
  for (const std::string& text : override_texts) {
    overrides.push_back(ParseOverride(text));
    RequireKnownPath(overrides.back(), known.keys());
  }
  Reader reader(path, file, overrides);
  describe(reader);
}

}  // namespace r1zero
