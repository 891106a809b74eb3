#include "tasks/prompt_style.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/error.h"
#include "tasks/chat_template.h"

namespace r1zero {
namespace {

using Messages = std::span<const ChatMessage>;

std::string Plain(Messages messages) {
  std::string prompt;
  for (const ChatMessage& message : messages) {
    if (&message != &messages.front()) prompt += "\n\n";
    prompt += message.content;
  }
  return prompt;
}

const std::string& LastQuestion(Messages messages) {
  const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                 [](const ChatMessage& m) { return m.role == "user"; });
  Require(last != messages.rend(), "a conversation of ", messages.size(),
          " messages has none of the user, expected a question");
  return last->content;
}

// The words are the paper's, the full stop behind the question too.
std::string R1Zero(Messages messages) {
  return "A conversation between User and Assistant. The user asks a question, and the Assistant "
         "solves it. The assistant first thinks about the reasoning process in the mind and then "
         "provides the user with the answer. The reasoning process and answer are enclosed within "
         "<think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning "
         "process here </think> <answer> answer here </answer>. User: " +
         LastQuestion(messages) + ". Assistant:";
}

PromptRenderer Chat(const std::filesystem::path& model_folder) {
  const auto folder = std::make_shared<const FolderTemplate>(LoadChatTemplate(model_folder));
  return [folder](Messages messages) {
    auto conversation = nlohmann::ordered_json::array();
    for (const ChatMessage& message : messages)
      conversation.push_back({{"role", message.role}, {"content", message.content}});
    nlohmann::ordered_json variables = folder->special_tokens;
    variables["add_generation_prompt"] = true;
    return folder->chat_template.Render(conversation, variables);
  };
}

}  // namespace

std::vector<std::string> PromptStyles() { return {"plain", "r1-zero", "chat"}; }

void RequireSystemFits(const std::string& style, const std::string& system,
                       const std::string& key) {
  Require(
      style != "r1-zero" || system.empty(), key, " is '", system,
      "', but the style r1-zero has no place for a system message; take the style chat or plain, "
      "or leave it out");
}

PromptRenderer MakePromptRenderer(const std::string& style,
                                  const std::filesystem::path& model_folder) {
  if (style == "plain") return Plain;
  if (style == "r1-zero") return R1Zero;
  if (style == "chat") return Chat(model_folder);
  const auto nearest = NearestName(style, PromptStyles());
  Fail("unknown prompt style '", style, "', expected plain, r1-zero or chat",
       nearest ? "; did you mean '" + *nearest + "'?" : "");
}

}  // namespace r1zero
