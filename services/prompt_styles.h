// How a conversation becomes the text that a model completes, by the name of a style.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tasks/chat_message.h"

namespace r1zero {

std::vector<std::string> PromptStyles();  // plain, r1-zero, chat

// plain: the messages' own texts, a blank line between two. r1-zero: the published template around
// the last message. chat: the chat template of the model in `folder`. Error for another name, or if
// the folder has no template that can be read.
PromptRenderer MakeStyleRenderer(const std::string& style, const std::filesystem::path& folder);

}  // namespace r1zero
