// Chat templates against Hugging Face transformers. Runs where R1ZERO_PYTHON names a Python that
// has transformers and jinja2.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "common/error.h"
#include "common/file.h"
#include "tasks/chat_template.h"
#include "tests/policy/test_folder.h"
#include "tests/python/python.h"

namespace r1zero {
namespace {

using nlohmann::ordered_json;

// What a case renders to; nothing where it is an error, which `fault` then says.
std::optional<std::string> Rendered(const ordered_json& one, const ordered_json& source,
                                    std::string& fault) {
  try {
    const ChatTemplate chat(source["source"].get<std::string>(), source["name"]);
    return chat.Render(one["messages"], one["variables"]);
  } catch (const Error& error) {
    fault = error.what();
    return std::nullopt;
  }
}

// Runs a script of tests/python that writes its cases to a file, and holds us to each.
void ExpectAgreement(const std::string& script, const std::string& arguments, int at_least) {
  if (TestPython().empty())
    GTEST_SKIP() << "R1ZERO_PYTHON is not set: it must name a Python with transformers and jinja2";
  const TestFolder folder;
  const std::string out = (folder / "cases.json").string();
  const std::string command =
      TestPython() + " " R1ZERO_TEST_PYTHON "/" + script + " " + out + " " + arguments;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  int agreed = 0, refused = 0;
  const auto cases = ordered_json::parse(ReadFile(out));
  for (const ordered_json& source : cases["templates"])
    for (const ordered_json& one : source["cases"]) {
      std::string fault;
      const auto ours = Rendered(one, source, fault);
      if (!ours && fault.find("is not supported") != fault.npos) {
        ++refused;  // what shows only while rendering: docs/chat-templates.md
        continue;
      }
      const std::string what =
          source["name"].get<std::string>() + ", " + one["name"].get<std::string>() + "\n" + fault;
      if (one.contains("error"))
        EXPECT_FALSE(ours) << what << one["error"];
      else
        EXPECT_EQ(ours, one["expected"].get<std::string>()) << what;
      ++agreed;
    }
  EXPECT_GE(agreed, at_least);
  EXPECT_LE(refused, agreed / 50);
}

TEST(ChatTemplates, RenderConversationsAsTransformersDoes) {
  if (!std::filesystem::exists(R1ZERO_SHARED_DATA "/chat_templates"))
    GTEST_SKIP() << "the shared data is not there: " R1ZERO_SHARED_DATA;
  ExpectAgreement("make_chat_cases.py", R1ZERO_SHARED_DATA, 1000);
}

TEST(ChatTemplates, AgreeOnRandomTemplates) {
  ExpectAgreement("make_random_templates.py", "2000 1", 1900);
}

}  // namespace
}  // namespace r1zero
