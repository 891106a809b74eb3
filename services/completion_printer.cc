#include "services/completion_printer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "grpo/json_file.h"

namespace r1zero {

CompletionPrinter::CompletionPrinter(const SamplingModel& model, const PrinterOptions& options,
                                     std::string_view prompt, int32_t samples, FILE* out)
    : model_(model), options_(options), out_(out) {
  for (int32_t i = 0; i < samples; ++i)
    samples_.push_back({StreamDecoder(*model.tokenizer),
                        AnswerPainter(options.colour, EndsInsideThink(prompt)), "", "", false});
}

void CompletionPrinter::Token(int32_t sample, const Completion& completion, bool is_finished) {
  Sample& to = samples_[sample];
  to.waiting += to.painter.Feed(Shown(to.characters.Add(completion.tokens.back())));
  if (is_finished) End(to, completion);
  Show();
}

std::string CompletionPrinter::Rest(Sample& sample) {
  std::string rest = sample.painter.Feed(sample.characters.Finish());
  return rest += sample.painter.Finish();
}

void CompletionPrinter::End(Sample& sample, const Completion& completion) {
  sample.waiting += Rest(sample);
  if (options_.logprobs) sample.after = LogprobTable(model_, completion);
  sample.is_finished = true;
}

void CompletionPrinter::Show() {
  for (; current_ < samples_.size(); ++current_, has_title_ = false) {
    Sample& sample = samples_[current_];
    if (samples_.size() > 1 && !std::exchange(has_title_, true))
      std::fprintf(out_, "--- %zu of %zu ---\n", current_ + 1, samples_.size());
    std::fputs(sample.waiting.c_str(), out_);
    sample.waiting.clear();
    if (!sample.is_finished) break;
    std::fprintf(out_, "\n%s", sample.after.c_str());
  }
  std::fflush(out_);
}

void CompletionPrinter::Finish() {
  if (current_ == samples_.size()) return;
  Sample& sample = samples_[current_];
  const std::string rest = Rest(sample);
  std::fprintf(out_, "%s\n", rest.c_str());
  std::fflush(out_);
  current_ = samples_.size();
}

std::string LogprobTable(const SamplingModel& model, const Completion& completion) {
  const auto name = [&](size_t i) {
    return Json(model.TokenName(completion.tokens[i]))
        .dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  };
  size_t width = 5;
  for (size_t i = 0; i < completion.tokens.size(); ++i) width = std::max(width, name(i).size());
  std::string table =
      "  token" + std::string(width - 5, ' ') + "      id    logprob  probability\n";
  for (size_t i = 0; i < completion.tokens.size(); ++i) {
    std::string line = name(i);
    line.resize(width, ' ');
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "  %6d  %9.5f  %11.5f", completion.tokens[i],
                  completion.logprobs[i], std::exp(completion.logprobs[i]));
    table += "  " + line + numbers + "\n";
  }
  return table;
}

}  // namespace r1zero
