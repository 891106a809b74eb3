#include "tasks/prompt_style.h"

#include "common/error.h"

namespace r1zero {
namespace {

std::string Plain(std::span<const ChatMessage> messages) {
  std::string text;
  for (const ChatMessage& message : messages)
    text += (text.empty() ? "" : "\n\n") + message.content;
  return text;
}

}  // namespace

PromptRenderer MakePromptRenderer(const std::string& style, const std::string&) {
  Require(style == "plain", "task.style is \"", style, "\", expected \"plain\"");
  return Plain;
}

}  // namespace r1zero
