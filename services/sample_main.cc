// r1zero sample: a model's completions in the terminal, as they are sampled.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/log.h"
#include "services/command.h"
#include "services/line_input.h"
#include "services/sample_terminal.h"
#include "services/sampling_flags.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "Completes a prompt, or chats, token by token: the reasoning dimmed, the answer bright.";
constexpr char kExamples[] = R"(
examples
  r1zero sample --model out/signs --prompt "6 6 8 8=16:" --n 4
  r1zero sample --model DIR --style r1-zero --prompt "How much is 7 times 8?" --temperature 0.6
  r1zero sample --model DIR --style chat                  talk to it; /reset forgets, /quit ends
  r1zero sample --model DIR --prompt "1 2 3" --json --logprobs
  r1zero sample --model DIR < prompts.txt                 a prompt a line

Without --prompt each line of standard input is one. With --style chat the conversation goes on; in other
styles each line stands alone. Ctrl-C stops the completion, Ctrl-D ends. The same seed and turns give the
same bits. A log-probability is that of the distribution the token was drawn from (0 at temperature 0).
Exit status: 0 success, 1 failed, 2 bad usage or input, 130 interrupted.
)";

struct SampleFlags {
  TerminalOptions terminal;
  std::optional<std::string> prompt;
};

void AddFlags(CLI::App& app, SampleFlags& flags) {
  ConversationOptions& o = flags.terminal.conversation;
  AddModelFlags(app, o.model, o.storage);
  AddPromptFlags(app, o.style, o.system);
  app.add_option("--prompt", flags.prompt, "one prompt, and no more");
  app.add_option("--n", o.sampling.group_size, "completions of each prompt")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddSamplingFlags(app, o.sampling, o.max_tokens);
  app.add_flag("--logprobs", flags.terminal.logprobs, "show each token with its log-probability");
  app.add_flag("--json", flags.terminal.json, "a JSON object a line for each completion");
  app.add_flag("--no-color", flags.terminal.no_colour,
               "plain text on a terminal too (or set NO_COLOR)");
}

}  // namespace

int SampleMain(int argc, char** argv) {
  SampleFlags flags;
  CLI::App app(kDescription, "r1zero sample");
  AddFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  SetLogName("sample");
  std::unique_ptr<SampleTerminal> terminal;
  const bool once = flags.prompt.has_value();
  const int usable = Guarded("sample", kBadConfig, [&] {
    Require(!once || !flags.prompt->empty(), "--prompt is empty");
    terminal = std::make_unique<SampleTerminal>(flags.terminal);
    if (once) terminal->Check(*flags.prompt, "--prompt");
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  CatchInterrupts();
  return Guarded("sample", kFailed,
                 [&] { return once ? terminal->Once(*flags.prompt) : terminal->Talk(); });
}

}  // namespace r1zero
