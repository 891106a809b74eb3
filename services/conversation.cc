#include "services/conversation.h"

#include <algorithm>
#include <utility>

#include "tasks/prompt_style.h"

namespace r1zero {
namespace {

std::vector<ChatMessage> FirstMessages(const std::string& system) {
  if (system.empty()) return {};
  return {{"system", system}};
}

}  // namespace

Conversation::Conversation(ConversationOptions options)
    : options_(std::move(options)),
      model_(LoadSamplingModel(options_.model, options_.storage)),
      render_(MakePromptRenderer(options_.style, model_.folder)),
      messages_(FirstMessages(options_.system)) {
  RequireSystemFits(options_.style, options_.system, "--system");
}

void Conversation::Reset() {
  messages_ = FirstMessages(options_.system);
  turn_ = 0;
}

std::string Conversation::Prompt(const std::string& text) const {
  std::vector<ChatMessage> messages = messages_;
  messages.push_back({"user", text});
  return render_(messages);
}

void Conversation::Check(const std::string& text) const { model_.EncodePrompt(Prompt(text)); }

// The room for keys and values grows with the conversation, and no engine can drop what it samples.
Engine& Conversation::EngineFor(int64_t total_tokens) {
  if (engine_ && total_tokens <= capacity_) return *engine_;
  capacity_ = std::min(model_.config.max_positions, std::max(total_tokens, 2 * capacity_));
  const int32_t samples = options_.sampling.group_size;
  engine_.reset();
  engine_ = MakeSamplingEngine(model_, {.group_size = samples,
                                        .max_sequences = samples,
                                        .max_total_tokens = capacity_,
                                        .engines = 1});
  return *engine_;
}

Reply Conversation::Ask(const std::string& text, const TokenObserver& observe,
                        const std::function<bool()>& stop) {
  Reply reply{.prompt = Prompt(text), .completions = {}};
  r1zero::Prompt prompt{.use = PromptUse::kEvaluation, .ordinal = turn_, .text = reply.prompt};
  prompt.tokens = model_.EncodePrompt(reply.prompt);
  SamplingParams sampling = options_.sampling;
  sampling.max_total_tokens = TotalTokens(model_, prompt.tokens.size(), options_.max_tokens);

  Engine& engine = EngineFor(sampling.max_total_tokens);
  reply.completions.resize(sampling.group_size);
  engine.SetTokenObserver(
      [&](const r1zero::Prompt& p, int32_t sample, const Completion& completion, bool is_finished) {
        reply.completions[sample].tokens.push_back(completion.tokens.back());
        observe(p, sample, completion, is_finished);
      });
  engine.Add({.prompt = std::move(prompt), .sampling = sampling});
  while (!engine.idle() && reply.is_whole) {
    for (Group& group : engine.Step()) reply.completions = std::move(group.completions);
    if (stop() && !engine.idle()) reply.is_whole = false;
  }
  engine.SetTokenObserver(nullptr);
  if (!reply.is_whole) {
    engine_.reset();
    return reply;
  }
  ++turn_;
  if (options_.style == "chat") {
    messages_.push_back({"user", text});
    messages_.push_back({"assistant", reply.completions[0].text});
  }
  return reply;
}

}  // namespace r1zero
