// r1zero sample: a model's completions in the terminal, as they are sampled.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/log.h"
#include "grpo/json_file.h"
#include "services/command.h"
#include "services/completion_printer.h"
#include "services/conversation.h"
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
  ConversationOptions conversation;
  std::optional<std::string> prompt;
  bool logprobs = false, json = false, no_colour = false;
};

void AddFlags(CLI::App& app, SampleFlags& flags) {
  ConversationOptions& o = flags.conversation;
  AddPromptFlags(app, o.model, o.style, o.system);
  app.add_option("--prompt", flags.prompt, "one prompt, and no more");
  app.add_option("--n", o.sampling.group_size, "completions of each prompt")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddSamplingFlags(app, o.sampling, o.max_tokens);
  app.add_flag("--logprobs", flags.logprobs, "show each token with its log-probability");
  app.add_flag("--json", flags.json, "a JSON object a line for each completion");
  app.add_flag("--no-color", flags.no_colour, "plain text on a terminal too (or set NO_COLOR)");
}

volatile sig_atomic_t interrupts = 0;

// The first stops the completion; another one, before that has happened, the program.
void OnInterrupt(int) {
  if (++interrupts > 1) {
    constexpr char kPlain[] = "\x1b[0m\n";
    if (isatty(STDOUT_FILENO)) (void)!write(STDOUT_FILENO, kPlain, sizeof kPlain - 1);
    _exit(kInterrupted);
  }
}

// So that a read of the next line ends, too.
void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
}

enum class Input { kLine, kInterrupted, kEnd };

Input ReadLine(std::string& line) {
  line.clear();
  for (char c = 0;;) {
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) return Input::kInterrupted;
    if (got <= 0) return line.empty() ? Input::kEnd : Input::kLine;
    if (c == '\n') return Input::kLine;
    line += c;
  }
}

Json CompletionJson(const SamplingModel& model, const Reply& reply, size_t sample, bool logprobs) {
  const Completion& c = reply.completions[sample];
  constexpr const char* kReasons[] = {"stop", "length", "stop_string"};
  Json json = {{"prompt", reply.prompt},
               {"sample", sample},
               {"text", c.text},
               {"finish_reason", kReasons[static_cast<int>(c.finish_reason)]},
               {"tokens", c.tokens}};
  if (!logprobs) return json;
  json["logprobs"] = Json::array();
  for (size_t i = 0; i < c.tokens.size(); ++i)
    json["logprobs"].push_back({{"token", c.tokens[i]},
                                {"text", model.TokenName(c.tokens[i])},
                                {"logprob", c.logprobs[i]}});
  return json;
}

class Terminal {
 public:
  explicit Terminal(SampleFlags flags) : flags_(std::move(flags)), talk_(flags_.conversation) {}

  int Once() {
    const bool is_whole = Answer(*flags_.prompt);
    return is_whole ? kSuccess : kInterrupted;
  }

  // Until /quit or the end of the input.
  int Talk() {
    for (std::string line;;) {
      if (asks_) std::fputs(colour_ ? "\x1b[0;36m>\x1b[0m " : "> ", stderr);
      const Input input = ReadLine(line);
      interrupts = 0;
      if (input == Input::kInterrupted) {
        std::fputs("\n/quit or Ctrl-D ends\n", stderr);
        continue;
      }
      if (input == Input::kEnd && asks_) std::fputs("\n", stderr);
      if (input == Input::kEnd || line == "/quit") return status_;
      if (!line.empty()) Line(line);
    }
  }

 private:
  void Line(const std::string& line) {
    if (line == "/reset") {
      talk_.Reset();
      return (void)std::fputs("a new conversation\n", stderr);
    }
    if (line[0] == '/' && asks_) return (void)std::fputs("there are /reset and /quit\n", stderr);
    const int status = Guarded("sample", kFailed, [&] { return Answer(line), kSuccess; });
    if (!asks_ && status != kSuccess) status_ = status;
  }

  // False if it was interrupted.
  bool Answer(const std::string& text) {
    CompletionPrinter printer(
        talk_.model(),
        {.terminal = isatty(STDOUT_FILENO) == 1, .colour = colour_, .logprobs = flags_.logprobs},
        talk_.Prompt(text), flags_.conversation.sampling.group_size, stdout);
    const auto show = [&](const Prompt&, int32_t sample, const Completion& completion, bool ended) {
      if (!flags_.json) printer.Token(sample, completion, ended);
    };
    const Reply reply = talk_.Ask(text, show, [] { return interrupts > 0; });
    if (!flags_.json) printer.Finish();
    After(reply);
    interrupts = 0;
    return reply.is_whole;
  }

  void After(const Reply& reply) {
    if (!reply.is_whole) return (void)std::fputs("[stopped]\n", stderr);
    for (size_t i = 0; i < reply.completions.size(); ++i) {
      const Completion& completion = reply.completions[i];
      if (flags_.json)
        std::fputs(ToLine(CompletionJson(talk_.model(), reply, i, flags_.logprobs)).c_str(),
                   stdout);
      else if (completion.finish_reason == FinishReason::kLength)
        std::fprintf(
            stderr, "[%s cut off after %zu tokens]\n",
            reply.completions.size() > 1 ? ("number " + std::to_string(i + 1)).c_str() : "it was",
            completion.tokens.size());
    }
    std::fflush(stdout);
  }

  const SampleFlags flags_;
  Conversation talk_;
  const bool colour_ = isatty(STDOUT_FILENO) == 1 && !flags_.no_colour && !getenv("NO_COLOR");
  const bool asks_ = isatty(STDIN_FILENO) == 1;
  int status_ = kSuccess;
};

}  // namespace

int SampleMain(int argc, char** argv) {
  SampleFlags flags;
  CLI::App app(kDescription, "r1zero sample");
  AddFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  SetLogName("sample");
  std::unique_ptr<Terminal> terminal;
  const bool once = flags.prompt.has_value();
  const int usable = Guarded("sample", kBadConfig, [&] {
    Require(!once || !flags.prompt->empty(), "--prompt is empty");
    terminal = std::make_unique<Terminal>(std::move(flags));
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  CatchInterrupts();
  return Guarded("sample", kFailed, [&] { return once ? terminal->Once() : terminal->Talk(); });
}

}  // namespace r1zero
