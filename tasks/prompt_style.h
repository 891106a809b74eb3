// How a conversation becomes the text that the policy completes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tasks/chat_message.h"

namespace r1zero {

// `style`:
//   plain    the messages' contents, a blank line between two
//   r1-zero  the template of DeepSeek-R1-Zero (https://arxiv.org/abs/2501.12948, table 1) around
//            the user's last message; system messages and earlier turns are left out
//   chat     the chat template of `model_folder`, with the start of the assistant's turn
// Error at an unknown style; of "chat", if the folder has no template that is supported.
PromptRenderer MakePromptRenderer(const std::string& style,
                                  const std::filesystem::path& model_folder);

std::vector<std::string> PromptStyles();  // plain, r1-zero, chat

// Error if `system`, a system message that somebody asks for, has no place in the style; `key` names
// where it stands.
void RequireSystemFits(const std::string& style, const std::string& system, const std::string& key);

}  // namespace r1zero
