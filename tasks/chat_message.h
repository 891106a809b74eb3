// A conversation as data sets and chat templates have it.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace r1zero {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

// Makes the text that the policy completes of a conversation whose last message is the user's.
// Thread-safe.
using PromptRenderer = std::function<std::string(std::span<const ChatMessage> messages)>;

}  // namespace r1zero
