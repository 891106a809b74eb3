// r1zero sample between a person and the model: prompts from the terminal, completions to it.
#pragma once

#include <string>

#include "services/conversation.h"

namespace r1zero {

struct TerminalOptions {
  ConversationOptions conversation;
  bool logprobs = false;   // of each token
  bool json = false;       // an object a line for each completion, once all are whole
  bool no_colour = false;  // on a terminal too
};

// Completions go to standard output, all else to standard error. Not thread-safe.
class SampleTerminal {
 public:
  explicit SampleTerminal(TerminalOptions options);  // loads the model, or Error

  // Error beginning with `where`, which says where the prompt is from, if it cannot be asked.
  void Check(const std::string& prompt, const std::string& where) const;
  // One prompt. kSuccess, or kInterrupted after a Ctrl-C; Error if it cannot be sampled.
  int Once(const std::string& prompt);
  // A prompt a line, until /quit or the end of the input. What cannot be asked or sampled is said and
  // passed over; without a terminal it makes the exit status kBadConfig or kFailed.
  int Talk();

 private:
  void Line(const std::string& line);
  bool Answer(const std::string& text);  // false if it was interrupted
  void After(const Reply& reply);

  const TerminalOptions options_;
  Conversation talk_;
  const bool colour_, asks_;
  int64_t line_number_ = 0;  // of standard input
  int status_;
};

}  // namespace r1zero
