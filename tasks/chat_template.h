// A model's own way to write a conversation as one text: the Jinja template of its Hugging Face
// folder, rendered as transformers renders it (docs/chat-templates.md).
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tasks/jinja_budget.h"

namespace r1zero {

class ChatTemplate {
 public:
  // Error "where:line:column: ..." if the template is not valid, or uses what is not supported.
  ChatTemplate(std::string_view source, std::string where, TemplateLimits limits = {});
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) = delete;

  // `messages`: an array of objects {"role", "content", ...}. `variables`: an object of what else
  // the template sees: bos_token, eos_token, add_generation_prompt, tools, enable_thinking, ...
  // Error "where:line:column: ..." if rendering fails, the template refuses the conversation, or a
  // limit is reached. Thread-safe.
  std::string Render(const nlohmann::ordered_json& messages,
                     const nlohmann::ordered_json& variables) const;

 private:
  struct Parsed;
  std::unique_ptr<const Parsed> parsed_;
};

// A folder's template, and the special tokens ("bos_token": "<s>", ...) it is rendered with.
struct FolderTemplate {
  ChatTemplate chat_template;
  nlohmann::ordered_json special_tokens;
};

// From chat_template.jinja, or `chat_template` of tokenizer_config.json: a text, or a list of
// {name, template} with the name "default". Error if the folder has neither.
FolderTemplate LoadChatTemplate(const std::filesystem::path& model_folder);

}  // namespace r1zero
