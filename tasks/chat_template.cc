#include "tasks/chat_template.h"

#include <array>
#include <map>
#include <optional>

#include "common/error.h"
#include "tasks/jinja_eval.h"
#include "tasks/jinja_parser.h"

namespace r1zero {

using nlohmann::ordered_json;

namespace {

constexpr std::array kReasoningNames = {"reasoning_content", "thinking", "reasoning"};

// transformers gives a message's reasoning under the names that templates read it by.
ordered_json WithReasoningNames(const ordered_json& message) {
  for (const char* name : kReasoningNames) {
    if (!message.contains(name) || message.at(name).is_null()) continue;
    ordered_json named = {{"thinking", message.at(name)}};
    for (const auto& [key, value] : message.items()) named[key] = value;
    named["reasoning_content"] = message.at(name);
    return named;
  }
  return message;
}

ordered_json Prepared(const ordered_json& messages) {
  Require(messages.is_array(),
          "messages are not an array, expected [{\"role\", \"content\"}, ...]");
  ordered_json prepared = ordered_json::array();
  for (const ordered_json& message : messages) {
    Require(message.is_object(), "message ", prepared.size() + 1,
            " is not an object, expected {\"role\", \"content\"}");
    prepared.push_back(WithReasoningNames(message));
  }
  return prepared;
}

std::map<std::string, jinja::Value> Variables(const ordered_json& messages,
                                              const ordered_json& variables,
                                              jinja::Budget& budget) {
  Require(variables.is_object(), "the variables are not an object");
  std::map<std::string, jinja::Value> values = {
      {"tools", jinja::None{}}, {"documents", jinja::None{}}, {"add_generation_prompt", false}};
  for (const auto& [name, value] : variables.items()) values[name] = jinja::FromJson(value, budget);
  values["messages"] = jinja::FromJson(Prepared(messages), budget);
  return values;
}

}  // namespace

struct ChatTemplate::Parsed {
  TemplateLimits limits;
  std::string where;
  jinja::Source source;
  jinja::Block block;
};

ChatTemplate::ChatTemplate(std::string_view text, std::string where, TemplateLimits limits) {
  jinja::Source source(text, where, limits);
  jinja::Block block = jinja::Parse(source, limits);
  parsed_ = std::make_unique<const Parsed>(
      Parsed{limits, std::move(where), std::move(source), std::move(block)});
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::Render(const ordered_json& messages,
                                 const ordered_json& variables) const {
  jinja::Budget budget(parsed_->limits);
  std::optional<jinja::Evaluator> evaluator;
  try {
    evaluator.emplace(parsed_->limits, Variables(messages, variables, budget), budget);
  } catch (const Error& error) {
    Fail(parsed_->where, ": ", error.what());
  }
  try {
    return evaluator->Render(parsed_->block);
  } catch (const Error& error) {
    parsed_->source.FailAt(evaluator->place(), error.what());
  }
}

}  // namespace r1zero
