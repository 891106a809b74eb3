#include "tasks/prompt_style.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/error.h"
#include "tasks/chat_template.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// A folder of files that is gone at the end of the test.
class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("r1zero-style-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder& With(const std::string& name, const std::string& content) {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::vector<ChatMessage> kTurns = {
    {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello!"}, {"user", "What is 2+2?"}};

std::string Prompt(const std::string& style, const std::vector<ChatMessage>& messages,
                   const std::filesystem::path& folder = "") {
  return MakePromptRenderer(style, folder)(messages);
}

TEST(PromptStyle, PlainIsTheContents) {
  EXPECT_EQ(Prompt("plain", {{"user", "2+2="}}), "2+2=");
  EXPECT_EQ(Prompt("plain", kTurns), "Be brief.\n\nHi\n\nHello!\n\nWhat is 2+2?");
}

TEST(PromptStyle, R1ZeroIsThePublishedTemplateAroundTheLastQuestion) {
  const std::string published =
      "A conversation between User and Assistant. The user asks a question, and the Assistant "
      "solves it. The assistant first thinks about the reasoning process in the mind and then "
      "provides the user with the answer. The reasoning process and answer are enclosed within "
      "<think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process "
      "here </think> <answer> answer here </answer>. User: What is 2+2?. Assistant:";
  EXPECT_EQ(Prompt("r1-zero", kTurns), published);
  EXPECT_THROW(Prompt("r1-zero", {{"assistant", "Hello!"}}), Error);
}

TEST(PromptStyle, ChatIsTheFoldersTemplateWithItsTokens) {
  Folder folder;
  folder.With(
      "tokenizer_config.json",
      R"({"chat_template": "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content )"
      R"(}}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",)"
      R"( "bos_token": {"content": "<s>", "lstrip": false}, "eos_token": null})");
  folder.With("special_tokens_map.json", R"({"bos_token": "<no>", "eos_token": "<no>"})");
  EXPECT_EQ(Prompt("chat", {{"user", "Hi"}}, folder.path()), "<s>[user]Hi[assistant]");
}

TEST(PromptStyle, AFileOfItsOwnComesBeforeTheConfiguration) {
  Folder folder;
  folder.With("tokenizer_config.json", R"({"chat_template": "config"})");
  folder.With("special_tokens_map.json", R"({"eos_token": {"content": "</s>"}})");
  folder.With("chat_template.jinja", "file {{ eos_token }}\n");
  EXPECT_EQ(Prompt("chat", kTurns, folder.path()), "file </s>");
}

TEST(PromptStyle, OfSeveralTemplatesTheDefaultCounts) {
  Folder folder;
  folder.With("tokenizer_config.json",
              R"({"chat_template": [{"name": "tool_use", "template": "no"},)"
              R"( {"name": "default", "template": "yes"}]})");
  EXPECT_EQ(Prompt("chat", kTurns, folder.path()), "yes");
}

TEST(PromptStyle, AFolderWithoutAGoodTemplateIsRefused) {
  const auto refuses = [](const std::string& config, const std::string& message) {
    Folder folder;
    folder.With("tokenizer_config.json", config);
    EXPECT_THAT([&] { MakePromptRenderer("chat", folder.path()); },
                ThrowsMessage<Error>(HasSubstr(message)))
        << config;
  };
  refuses("{}", "no chat_template.jinja");
  refuses("[", "tokenizer_config.json: not valid JSON");
  refuses(R"({"chat_template": 1})", "neither text nor a list");
  refuses(R"({"chat_template": [{"name": "rag", "template": "x"}]})", "named \"default\"");
  refuses(R"({"chat_template": [{"name": 1, "template": "x"}, {"name": "default"}]})", "default");
  refuses(R"({"chat_template": "{% include 'x' %}"})",
          "chat_template:1:4: the statement 'include'");
  EXPECT_THAT([] { MakePromptRenderer("chat", "/nowhere"); },
              ThrowsMessage<Error>(HasSubstr("/nowhere: no chat_template.jinja")));
}

TEST(PromptStyle, AnUnknownStyleGetsTheNearestName) {
  EXPECT_THAT(
      [] { MakePromptRenderer("r1zero", ""); },
      ThrowsMessage<Error>("unknown prompt style 'r1zero', expected plain, r1-zero or chat; "
                           "did you mean 'r1-zero'?"));
}

}  // namespace
}  // namespace r1zero
