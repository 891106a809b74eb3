// Templates that a stranger wrote to do harm: an error that says which limit, and soon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "common/file.h"
#include "common/philox.h"
#include "tasks/chat_template.h"

namespace r1zero {
namespace {

using nlohmann::ordered_json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string Times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

void StopsAt(const std::string& source, const std::string& limit) {
  EXPECT_THAT(
      [&] { ChatTemplate(source, "t").Render(ordered_json::array(), ordered_json::object()); },
      ThrowsMessage<Error>(HasSubstr(limit)))
      << source.substr(0, 100);
}

TEST(TemplateLimits, Nesting) {
  const std::pair<const char*, const char*> around[] = {
      {"(", ")"},  {"[", "]"},  {"{1:", "}"},   {"-", ""},     {"not ", ""},
      {"x[", "]"}, {"f(", ")"}, {"1 + (", ")"}, {"x|d(", ")"}, {"1 if 1 else ", ""}};
  for (const auto& [open, close] : around)
    StopsAt("{{ " + Times(open, 10000) + "x" + Times(close, 10000) + " }}",
            "nested deeper than 100");
  for (const char* tail : {".a", "|e", "[0]", "()", "+1", " and 1", "**2", " if 1"})
    StopsAt("{{ x" + Times(tail, 10000) + " }}", "nested deeper than 100");
  StopsAt(Times("{% if 1 %}", 10000), "nested deeper than 100");
  StopsAt(Times("{% for x in y %}", 10000), "nested deeper than 100");
  StopsAt("{% set " + Times("(", 10000) + "x" + Times(")", 10000) + " = 1 %}",
          "nested deeper than 100");
}

TEST(TemplateLimits, ListsWithinLists) {
  StopsAt(
      "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}"
      "{% endfor %}",
      "nested deeper than 100");
  StopsAt("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}", "nested deeper than 100");
  auto deep = ordered_json::array();
  for (int i = 0; i < 1000; ++i) deep = ordered_json::array({deep});
  EXPECT_THAT(
      [&] {
        ChatTemplate("x", "t").Render(ordered_json::array(), {{"tools", deep}});
      },
      ThrowsMessage<Error>(HasSubstr("nested deeper than 100")));
}

TEST(TemplateLimits, Recursion) {
  StopsAt("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion deeper than 500");
  StopsAt(
      "{% macro f(x) %}{{ g(x) }}{% endmacro %}{% macro g(x) %}{{ f(x ~ 1) }}{% endmacro %}"
      "{{ f(1) }}",
      "recursion deeper than 500");
}

TEST(TemplateLimits, Steps) {
  StopsAt("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
          "more than 1000000 steps");
  StopsAt("{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
          "limit");
  StopsAt(
      "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}"
      "{{ f(40) }}",
      "more than 1000000 steps");
  // Two lists of 2^40 leaves, each of 40 lists.
  StopsAt(
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(40) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}"
      "{{ ns.a == ns.b }}",
      "more than 1000000 steps");
  StopsAt(
      "{% set s = 'a' * 500000 %}{% for i in range(1000) %}{% if s ~ i in s %}{% endif %}"
      "{{ s.find('a' * 200000 ~ 'b') }}{{ s.strip('b' * 99999) }}{% endfor %}",
      "more than 1000000 steps");
  StopsAt("{% for i in range(99999) %}{% set x = 'a' * 1000000 %}{% endfor %}",
          "more than 1000000 steps");
}

TEST(TemplateLimits, Output) {
  StopsAt("{{ 'a' * 10000000000 }}", "passes the limit of 1048576");
  StopsAt("{{ [1] * 10000000000 }}", "passes the limit of 1048576");
  StopsAt(
      "{% set ns = namespace(x='aa') %}{% for i in range(90) %}{% set ns.x = ns.x ~ ns.x %}"
      "{% endfor %}",
      "the limit");
  StopsAt(
      "{% set ns = namespace(x='aa') %}{% for i in range(90) %}{% set ns.x = ns.x + ns.x %}"
      "{% endfor %}",
      "the limit");
  StopsAt("{% set x = 'a' * 9999 %}{% for i in range(9999) %}{{ x }}{% endfor %}",
          "more than 1048576 bytes");
  StopsAt("{{ ('a' * 9999).replace('', 'b' * 9999) }}", "the limit");
  StopsAt("{{ range(9999)|join('b' * 9999) }}", "the limit");
  StopsAt("{{ ('b' * 9999).join('a' * 9999) }}", "the limit");
  StopsAt("{{ ('a\n' * 9999)|indent(9999) }}", "the limit");
  StopsAt("{{ [[1] * 9999]|tojson(indent=9999) }}", "the limit");
  StopsAt("{{ 'x'|indent(99999999999) }}", "the limit");
}

TEST(TemplateLimits, SourceRangeAndIntegers) {
  StopsAt(std::string((1 << 18) + 1, 'a'), "the limit is 262144");
  StopsAt("{{ range(100001) }}", "more than 100000 numbers");
  StopsAt("{{ range(0, 9223372036854775807, 1)|list }}", "more than 100000 numbers");
  StopsAt("{{ 9223372036854775807 + 1 }}", "64 bits");
  StopsAt("{{ 2 ** 63 }}", "64 bits");
  StopsAt("{{ 9 ** 9 ** 9 }}", "64 bits");
  StopsAt("{{ 99999999999999999999 }}", "64 bits");
}

// What is mutated: the golden snippets, and the shared data's real templates where it is there.
std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  const auto golden = ordered_json::parse(ReadFile(R1ZERO_TEST_DATA "/chat_templates.json"));
  for (const auto& one : golden["cases"]) seeds.push_back(one["template"]);
  const std::filesystem::path shared = R1ZERO_SHARED_DATA "/chat_templates";
  if (std::filesystem::exists(shared))
    for (const auto& file : std::filesystem::directory_iterator(shared))
      for (int weight = 0; weight < 30; ++weight) seeds.push_back(ReadFile(file.path()));
  return seeds;
}

// Bytes changed, cut, doubled, or taken from another seed.
std::string Mutated(const std::vector<std::string>& seeds, RandomStream& random) {
  std::string text = seeds[static_cast<size_t>(random.Below(static_cast<int64_t>(seeds.size())))];
  constexpr std::string_view kPieces[] = {"{%", "%}", "{{", "}}", "-", "(",  ")",  "[",  "]",
                                          "|",  ".",  "'",  "~",  "9", "{#", "in", "is", " "};
  for (int64_t n = 1 + random.Below(4); n > 0; --n) {
    const auto size = static_cast<int64_t>(text.size());
    const auto at = static_cast<size_t>(random.Below(size + 1));
    const auto length = static_cast<size_t>(random.Below(30));
    const std::string& other =
        seeds[static_cast<size_t>(random.Below(static_cast<int64_t>(seeds.size())))];
    switch (random.Below(5)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, text.substr(at, length)); break;
      case 2: text.insert(at, kPieces[random.Below(std::size(kPieces))]); break;
      case 3:
        text.insert(
            at,
            other.substr(static_cast<size_t>(random.Below(static_cast<int64_t>(other.size()) + 1)),
                         length));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.Below(128));
    }
  }
  return text;
}

TEST(TemplateLimits, TenThousandMutationsGiveATextOrAnError) {
  const auto golden = ordered_json::parse(ReadFile(R1ZERO_TEST_DATA "/chat_templates.json"));
  const std::vector<std::string> seeds = Seeds();
  RandomStream random(5, RandomPurpose::kPrompt);
  int rendered = 0;
  for (int i = 0; i < 10000; ++i) {
    try {
      const ChatTemplate mutated(Mutated(seeds, random), "t", {.steps = 20000});
      const std::string text = mutated.Render(golden["messages"], golden["variables"]);
      EXPECT_LE(text.size(), size_t{1} << 20);
      ++rendered;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("t"));
    }
  }
  EXPECT_GT(rendered, 500);
}

}  // namespace
}  // namespace r1zero
