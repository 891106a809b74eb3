// How a conversation becomes the text that a policy completes.
#pragma once

#include <string>

#include "tasks/chat_message.h"

namespace r1zero {

// `style`: "plain" (the messages' texts, an empty line between them). `model_folder` is not looked at by
// it. Error for a style that there is not.
PromptRenderer MakePromptRenderer(const std::string& style, const std::string& model_folder);

}  // namespace r1zero
