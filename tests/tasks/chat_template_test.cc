#include "tasks/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

const ordered_json kNoMessages = ordered_json::array();

std::string Rendered(const std::string& source,
                     const ordered_json& variables = ordered_json::object()) {
  return ChatTemplate(source, "t").Render(kNoMessages, variables);
}

void FailsWith(const std::string& source, const std::string& message) {
  EXPECT_THAT([&] { Rendered(source); }, ThrowsMessage<Error>(HasSubstr(message))) << source;
}

// What jinja2 renders, or null where it raises an error (tests/python/make_chat_golden.py).
TEST(ChatTemplate, RendersEveryFeatureAsJinjaDoes) {
  const auto golden = ordered_json::parse(ReadFile(R1ZERO_TEST_DATA "/chat_templates.json"));
  ASSERT_GE(golden["cases"].size(), 100u);
  for (const ordered_json& one : golden["cases"]) {
    const auto source = one["template"].get<std::string>();
    const auto render = [&] {
      return ChatTemplate(source, "t").Render(golden["messages"], golden["variables"]);
    };
    if (one["expected"].is_null())
      EXPECT_THROW(render(), Error) << source;
    else
      EXPECT_EQ(render(), one["expected"].get<std::string>()) << source;
  }
}

TEST(ChatTemplate, GivesReasoningTheNamesThatTemplatesReadItBy) {
  const ChatTemplate names("{% for m in messages %}{{ m }}{% endfor %}", "t");
  EXPECT_EQ(names.Render({{{"role", "assistant"}, {"reasoning", "r"}}}, ordered_json::object()),
            "{'thinking': 'r', 'role': 'assistant', 'reasoning': 'r', 'reasoning_content': 'r'}");
}

TEST(ChatTemplate, WhatIsNotSupportedIsRefusedByNameWhereItStands) {
  FailsWith("a\n  {{ x | sorrt }}",
            "t:2:10: the filter 'sorrt' is not supported; did you mean 'sort'?");
  FailsWith("{{ x is strang }}",
            "t:1:9: the test 'strang' is not supported; did you mean 'string'?");
  FailsWith("{{ x.encode() }}", "t:1:6: the method 'encode' is not supported");
  FailsWith("{{ x | map('random') }}", "the filter 'random' is not supported");
  FailsWith("{{ x | selectattr('a', 'like') }}", "the test 'like' is not supported");
  for (const char* name : {"include 'x'", "extends 'x'", "import 'x' as y", "from 'x' import y",
                           "block x", "call f()", "autoescape true", "do f()", "print 1", "trans"})
    FailsWith(std::string("{% ") + name + " %}",
              "t:1:4: the statement '" + std::string(name).substr(0, std::string(name).find(' ')) +
                  "' is not supported");
  FailsWith("{% for x in y recursive %}{% endfor %}", "t:1:15: 'recursive' loops");
  FailsWith("{% for x in y %}{% macro f() %}{% endmacro %}{% endfor %}", "a macro within a loop");
  FailsWith("{{ f(*x) }}", "t:1:6: '*' and '**' before an argument are not supported");
  FailsWith("{{ self.x }}", "t:1:4: the name 'self' is not supported");
  FailsWith("{{ cycler('a') }}", "the name 'cycler' is not supported");
  FailsWith("{% macro f() %}{{ caller() }}{% endmacro %}", "the name 'caller' is not supported");
  FailsWith("{{ 'é' | upper }}", "upper case of 'é' is not supported");
  FailsWith("{{ '%s' % 1 }}", "'%' of a text is not supported");
}

TEST(ChatTemplate, AFaultNamesLineAndColumn) {
  FailsWith("{{ x.y }}", "t:1:5: 'x' is undefined");
  FailsWith("é\n\n {{ messages.a.b }}", "t:3:15: 'list object' has no attribute 'a'");
  FailsWith("{% if x %}", "expected '{% endif %}'");
  FailsWith("{{ [1, 2 }}", "t:1:10: found '}', expected ]");
  FailsWith("{{ 'abc }}", "t:1:4: the string has no end");
  FailsWith("text {# comment", "t:1:6: the comment has no end");
  FailsWith("{% raw %} {{ x }}", "t:1:1: 'raw' has no end");
  FailsWith("{{ raise_exception('two users') }}",
            "the template refuses this conversation: two users");
  FailsWith("{% break %}", "t:1:4: found 'break' outside of a loop");
  EXPECT_THAT([] { ChatTemplate("\xff", "t"); }, ThrowsMessage<Error>(HasSubstr("t is not UTF-8")));
}

TEST(ChatTemplate, TheDayComesFromAVariableOrNotAtAll) {
  const std::string source = "{{ strftime_now('%d %b %Y %B %m-%d') }}";
  EXPECT_EQ(Rendered(source, {{"today", "2026-07-04"}}), "04 Jul 2026 July 07-04");
  FailsWith(source, "'strftime_now' asks for the day");
  EXPECT_EQ(Rendered("{{ strftime_now is defined }}"), "True");
  EXPECT_THROW(Rendered(source, {{"today", "tomorrow"}}), Error);
}

TEST(ChatTemplate, WhatIsNoConversationIsRefused) {
  const ChatTemplate any("x", "t");
  for (const char* messages : {"{}", "1", "[1]", "[[]]"})
    EXPECT_THROW(any.Render(ordered_json::parse(messages), ordered_json::object()), Error);
  EXPECT_THROW(any.Render(kNoMessages, kNoMessages), Error);
  EXPECT_THAT(
      [&] {
        any.Render({{{"content", "\xc3"}}}, ordered_json::object());
      },
      ThrowsMessage<Error>(HasSubstr("not UTF-8")));
}

}  // namespace
}  // namespace r1zero
