#include "common/config.h"

#include <algorithm>
#include <cmath>

#include "common/config_known.h"
#include "common/config_source.h"
#include "common/config_text.h"
#include "common/error.h"

namespace r1zero {
namespace {

template <typename Number>
void RequireInRange(const Written& w, Number value, Range range) {
  if (value >= range.min && value <= range.max) return;
  if (std::isinf(range.max)) FailExpecting(w, "at least " + BoundText(range.min));
  if (std::isinf(range.min)) FailExpecting(w, "at most " + BoundText(range.max));
  FailExpecting(w, BoundText(range.min) + " to " + BoundText(range.max));
}

void SetNumber(NamedNumbers& numbers, const std::string& name, double value) {
  const auto found = std::find_if(numbers.begin(), numbers.end(),
                                  [&](const auto& number) { return number.first == name; });
  if (found == numbers.end())
    numbers.push_back({name, value});
  else
    found->second = value;
}

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
      const std::string rule = RuleText(range);
      if (!w.node.is_integer())
        FailExpecting(w, "a whole number" + (rule.empty() ? "" : ", " + rule));
      RequireInRange(w, w.node.as_integer()->get(), range);
      value = w.node.as_integer()->get();
    });
  }
  void Key(std::string_view name, double& value, std::string_view, Range range) override {
    ForEachWritten(name, [&](const Written& w) {
      const double number = NumberOf(w, RuleText(range));
      RequireInRange(w, number, range);
      value = number;
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
  void Section(std::string_view name, std::string_view,
               const std::function<void()>& describe) override {
    const std::string outer_section = section_;
    const toml::table* outer_table = table_;
    const toml::node* node = table_ ? table_->get(name) : nullptr;
    Require(!node || node->is_table(), node ? Place(path_, *node, section_) : "", ": '", name,
            "' is ", node ? Shown(*node) : "", ", expected the section [", FullName(section_, name),
            "]");
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
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end())
      return;
    std::string expected = "one of";
    for (const std::string& choice : choices)
      expected += (&choice == &choices.front() ? " '" : ", '") + choice + "'";
    if (const auto near = NearestName(value, choices))
      expected += "; did you mean '" + *near + "'?";
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
  const std::vector<KnownKey> known = ListKnownKeys(describe);
  const toml::table file = ParseConfigFile(path);
  RequireKnownKeys(path, file, known);
  std::vector<Override> overrides;
  for (const std::string& text : override_texts) {
    overrides.push_back(ParseOverride(text));
    RequireKnownKey(overrides.back(), known);
  }
  Reader reader(path, file, overrides);
  describe(reader);
}

}  // namespace r1zero
