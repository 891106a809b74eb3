#include "services/sample_terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/error.h"
#include "grpo/evaluated_problem.h"
#include "services/command.h"
#include "services/completion_printer.h"
#include "services/line_input.h"

namespace r1zero {
namespace {

Json CompletionJson(const SamplingModel& model, const Reply& reply, size_t sample, bool logprobs) {
  const Completion& c = reply.completions[sample];
  Json json = {{"prompt", reply.prompt},
               {"sample", sample},
               {"text", c.text},
               {"finish_reason", FinishReasonName(c.finish_reason)},
               {"tokens", c.tokens}};
  if (!logprobs) return json;
  json["logprobs"] = Json::array();
  for (size_t i = 0; i < c.tokens.size(); ++i)
    json["logprobs"].push_back({{"token", c.tokens[i]},
                                {"text", model.TokenName(c.tokens[i])},
                                {"logprob", c.logprobs[i]}});
  return json;
}

}  // namespace

SampleTerminal::SampleTerminal(TerminalOptions options)
    : options_(std::move(options)),
      talk_(options_.conversation),
      colour_(isatty(STDOUT_FILENO) == 1 && !options_.no_colour && !std::getenv("NO_COLOR")),
      asks_(isatty(STDIN_FILENO) == 1),
      status_(kSuccess) {}

void SampleTerminal::Check(const std::string& prompt, const std::string& where) const {
  try {
    talk_.Check(prompt);
  } catch (const Error& e) {
    Fail(where, ": ", e.what());
  }
}

int SampleTerminal::Once(const std::string& prompt) {
  return Answer(prompt) ? kSuccess : kInterrupted;
}

int SampleTerminal::Talk() {
  for (std::string line;;) {
    if (asks_) std::fputs(colour_ ? "\x1b[0;36m>\x1b[0m " : "> ", stderr);
    const Input input = ReadLine(line);
    ForgetInterrupts();
    ++line_number_;
    if (input == Input::kInterrupted) {
      std::fputs("\n/quit or Ctrl-D ends\n", stderr);
      continue;
    }
    if (input == Input::kEnd && asks_) std::fputs("\n", stderr);
    if (input == Input::kEnd || line == "/quit") return status_;
    if (!line.empty()) Line(line);
  }
}

void SampleTerminal::Line(const std::string& line) {
  if (line == "/reset") {
    talk_.Reset();
    return (void)std::fputs("a new conversation\n", stderr);
  }
  if (line[0] == '/' && asks_) return (void)std::fputs("there are /reset and /quit\n", stderr);
  const std::string where =
      asks_ ? "this line" : "line " + std::to_string(line_number_) + " of standard input";
  int status = Guarded("sample", kBadConfig, [&] { return Check(line, where), kSuccess; });
  if (status == kSuccess)
    status = Guarded("sample", kFailed, [&] { return Answer(line), kSuccess; });
  if (!asks_ && status != kSuccess) status_ = status;
}

bool SampleTerminal::Answer(const std::string& text) {
  CompletionPrinter printer(
      talk_.model(),
      {.terminal = isatty(STDOUT_FILENO) == 1, .colour = colour_, .logprobs = options_.logprobs},
      talk_.Prompt(text), options_.conversation.sampling.group_size, stdout);
  const auto show = [&](const Prompt&, int32_t sample, const Completion& completion, bool ended) {
    if (!options_.json) printer.Token(sample, completion, ended);
  };
  const Reply reply = talk_.Ask(text, show, WasInterrupted);
  if (!options_.json) printer.Finish();
  After(reply);
  ForgetInterrupts();
  return reply.is_whole;
}

void SampleTerminal::After(const Reply& reply) {
  if (!reply.is_whole) return (void)std::fputs("[stopped]\n", stderr);
  for (size_t i = 0; i < reply.completions.size(); ++i) {
    const Completion& completion = reply.completions[i];
    if (options_.json)
      std::fputs(ToLine(CompletionJson(talk_.model(), reply, i, options_.logprobs)).c_str(),
                 stdout);
    else if (completion.finish_reason == FinishReason::kLength)
      std::fprintf(
          stderr, "[%s cut off after %zu tokens]\n",
          reply.completions.size() > 1 ? ("number " + std::to_string(i + 1)).c_str() : "it was",
          completion.tokens.size());
  }
  std::fflush(stdout);
}

}  // namespace r1zero
