#include "services/prompt_styles.h"

#include "common/error.h"

namespace r1zero {
namespace {

// https://arxiv.org/abs/2501.12948, table 1.
constexpr char kBeforeQuestion[] =
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves "
    "it. The assistant first thinks about the reasoning process in the mind and then provides the "
    "user with the answer. The reasoning process and answer are enclosed within <think> </think> "
    "and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think> "
    "<answer> answer here </answer>. User: ";
constexpr char kAfterQuestion[] = " Assistant:";

std::string Plain(std::span<const ChatMessage> messages) {
  std::string text;
  for (const ChatMessage& message : messages)
    text += (text.empty() ? "" : "\n\n") + message.content;
  return text;
}

}  // namespace

std::vector<std::string> PromptStyles() { return {"plain", "r1-zero", "chat"}; }

PromptRenderer MakeStyleRenderer(const std::string& style, const std::filesystem::path& folder) {
  if (style == "plain") return Plain;
  if (style == "r1-zero")
    return [](std::span<const ChatMessage> messages) {
      return kBeforeQuestion + messages.back().content + kAfterQuestion;
    };
  Require(style == "chat", "--style is '", style, "', expected plain, r1-zero or chat");
  Fail(folder.string(), ": chat templates are not read yet; use --style plain or r1-zero");
}

}  // namespace r1zero
