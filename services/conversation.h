// r1zero sample, without its command line and terminal: prompts in, completions out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/sampling_model.h"
#include "tasks/chat_message.h"

namespace r1zero {

struct ConversationOptions {
  std::string model;
  std::string storage = "float32";  // or bfloat16: of its engine
  std::string style = "plain";
  std::string system;
  SamplingParams sampling{.group_size = 1, .temperature = 1, .seed = 1};
  int64_t max_tokens = 1024;
};

struct Reply {
  std::string prompt;                   // the text that the model completed
  std::vector<Completion> completions;  // as far as they came
  bool is_whole = true;                 // false if it was stopped
};

// Not thread-safe. The same turns give the same completions: turn number n draws the random numbers of
// prompt n.
class Conversation {
 public:
  explicit Conversation(ConversationOptions options);

  // What the model will complete if it is asked `text` now. In the style chat this follows the turns
  // so far, in other styles it stands alone.
  std::string Prompt(const std::string& text) const;

  // Error if `text` cannot be asked now: it makes no prompt, or one that the tokenizer or the context
  // does not take.
  void Check(const std::string& text) const;

  // Asks. `observe` sees every token; `stop` is asked between steps. In the style chat the first
  // completion, if it is whole, joins the conversation. Error if the prompt fills the context.
  Reply Ask(const std::string& text, const TokenObserver& observe,
            const std::function<bool()>& stop);

  void Reset();  // forgets all turns; the next is the first
  const SamplingModel& model() const { return model_; }
  const ConversationOptions& options() const { return options_; }

 private:
  Engine& EngineFor(int64_t total_tokens);

  ConversationOptions options_;
  SamplingModel model_;
  PromptRenderer render_;
  std::vector<ChatMessage> messages_;
  int64_t turn_ = 0;
  std::unique_ptr<Engine> engine_;  // none after an interruption
  int64_t capacity_ = 0;            // tokens of one completion with its prompt that it has room for
};

}  // namespace r1zero
