// Shows completions on standard output as they are sampled.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "policy/stream_decoder.h"
#include "rollout/group.h"
#include "services/answer_painter.h"
#include "services/sampling_model.h"

namespace r1zero {

struct PrinterOptions {
  bool terminal = false;  // what would steer it is shown, not sent
  bool colour = false;
  bool logprobs = false;  // a table after each completion
};

// One prompt's completions, the first live, the next ones as soon as those before are complete.
class CompletionPrinter {
 public:
  CompletionPrinter(const SamplingModel& model, const PrinterOptions& options,
                    std::string_view prompt, int32_t samples, FILE* out);

  void Token(int32_t sample, const Completion& completion, bool is_finished);
  // Ends what is under way: after the last completion, or after an interruption.
  void Finish();

 private:
  struct Sample {
    StreamDecoder characters;
    AnswerPainter painter;
    std::string waiting;  // to be shown when its turn comes
    std::string after;    // the table of log-probabilities
    bool is_finished = false;
  };
  static std::string Rest(Sample& sample);  // what it holds back
  void End(Sample& sample, const Completion& completion);
  std::string Shown(const std::string& text) const {
    return options_.terminal ? Visible(text) : text;
  }
  void Show();

  const SamplingModel& model_;
  const PrinterOptions options_;
  std::vector<Sample> samples_;
  size_t current_ = 0;      // the one that is shown
  bool has_title_ = false;  // of the current one
  FILE* out_;
};

// A line for each token: its text, its id, the log-probability with which it was drawn.
std::string LogprobTable(const SamplingModel& model, const Completion& completion);

}  // namespace r1zero
