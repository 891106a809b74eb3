// Hostile chat templates: whatever the bytes, a template either renders a text within its limits, the
// same each time, or throws Error. docs/chat-templates.md has the command under sanitizers.
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "common/error.h"
#include "common/file.h"
#include "tasks/chat_template.h"
#include "tests/fuzz/fuzz_target.h"

namespace r1zero {
namespace {

using nlohmann::ordered_json;

constexpr const char* kWhere = "fuzz";
// Nesting and recursion as they are by default: they are what saves the stack.
constexpr TemplateLimits kLimits{.output_bytes = 1 << 14, .steps = 20'000};

void Demand(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

const ordered_json& Golden() {
  static const auto golden = ordered_json::parse(ReadFile(R1ZERO_TEST_DATA "/chat_templates.json"));
  return golden;
}

template <typename Make>
auto OrNothing(const Make& make) -> std::optional<decltype(make())> try {
  return make();
} catch (const Error& error) {
  Demand(std::string(error.what()).starts_with(kWhere), "an error names the template");
  return std::nullopt;
}

std::optional<std::string> Rendered(const ChatTemplate& parsed) {
  return OrNothing([&] { return parsed.Render(Golden()["messages"], Golden()["variables"]); });
}

uint32_t Read(const std::string& source) {
  const auto parsed = OrNothing([&] { return ChatTemplate(source, kWhere, kLimits); });
  if (!parsed) return 0;
  const auto text = Rendered(*parsed);
  Demand(text == Rendered(*parsed), "a template renders the same each time");
  if (!text) return 1;
  Demand(text->size() <= kLimits.output_bytes, "a rendered text is within its limit");
  ordered_json(*text).dump();  // throws unless the text is UTF-8
  return 3;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const ordered_json& one : Golden()["cases"]) seeds.push_back(one["template"]);
  seeds.push_back(R"({%- for m in messages %}{%- if loop.first and m.role != 'system' -%}
<|im_start|>system{% endif %}{{- '<|im_start|>' + m['role'] ~ '\n' + (m.content if m.content is
string else m.content | tojson) | trim }}{% endfor %}{% if add_generation_prompt %}x{% endif %})");
  seeds.push_back(
      "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ n }}{% endif %}{% endmacro %}{{ f(9) }}"
      "{% set ns = namespace(x=[]) %}{% for i in range(9) %}{% set ns.x = ns.x + [i, ns.x] %}"
      "{% endfor %}{{ ns.x | string | length }}{{ 'ab' * 99 }}{{ words[::-1] | join('a') }}");
  return seeds;
}

std::vector<std::string> Words() {
  return {"{{",
          "}}",
          "{%",
          "%}",
          "{#",
          "#}",
          "{%-",
          "-%}",
          "{{ x }}",
          "{% if x %}",
          "{% else %}",
          "{% endif %}",
          "{% for x in y %}",
          "{% endfor %}",
          "{% set x = y %}",
          "{% endset %}",
          "{% macro f(x) %}",
          "{% endmacro %}",
          "{{ f(x) }}",
          "{% raw %}",
          "{% endraw %}",
          "{% break %}",
          "{% filter upper %}",
          "{% endfilter %}",
          "{% with x = 1 %}",
          "{% endwith %}",
          "{% generation %}",
          "x",
          "messages",
          "words",
          "mapping",
          "number",
          "half",
          "loop",
          "range",
          "namespace",
          "dict",
          "f",
          "true",
          "none",
          "0",
          "-1",
          "1",
          "2",
          "99999",
          "9223372036854775807",
          "9223372036854775808",
          "1e308",
          "0.1",
          "''",
          "'a'",
          "'\xC3\xA9'",
          "\"\xF0\x9F\x98\x80\"",
          "'\\n'",
          "'\\x'",
          "'a' * 9999",
          "range(99999)",
          "[]",
          "{}",
          "[x]",
          "{'a': x}",
          "(1,)",
          "[::-1]",
          "[1:2:0]",
          "[-9223372036854775807:]",
          "+",
          "-",
          "*",
          "/",
          "//",
          "%",
          "**",
          "~",
          "==",
          "<",
          "and",
          "or",
          "not",
          "in",
          "is",
          "if",
          "else",
          "|",
          ".",
          ",",
          ":",
          "(",
          ")",
          "[",
          "]",
          "| length",
          "| tojson",
          "| tojson(indent=4)",
          "| join(',')",
          "| sort",
          "| first",
          "| last",
          "| list",
          "| string",
          "| int",
          "| float",
          "| upper",
          "| title",
          "| trim",
          "| replace('a', 'bb')",
          "| indent(99)",
          "| dictsort",
          "| items",
          "| unique",
          "| map(attribute='role')",
          "| selectattr('role')",
          "| sum",
          "| min",
          "| max",
          "| reverse",
          "| default(1)",
          "| escape",
          "| abs",
          "is defined",
          "is string",
          "is divisibleby(0)",
          ".split('a')",
          ".strip()",
          ".items()",
          ".count('')",
          ".find('')",
          ".replace('', 'x')",
          ".startswith('a')",
          ".splitlines()",
          ".title()",
          ".role",
          "['content']",
          "\xFF",
          "\xE2\x80",
          "\n",
          "  "};
}

}  // namespace

const FuzzTarget& TheFuzzTarget() {
  static const FuzzTarget target{.seeds = Seeds(),
                                 .words = Words(),
                                 .outcomes = {"read as templates", "of which were rendered"},
                                 .read = Read};
  return target;
}

}  // namespace r1zero
