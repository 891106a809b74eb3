#include <array>
#include <utility>

#include "reward/answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

// What is wrong with a completion's form; empty if nothing is.
using Fault = std::string_view (*)(std::string_view completion);

std::string_view FormatFault(std::string_view text) {
  std::array<size_t, 4> at, end;
  for (size_t i = 0; i < kTags.size(); ++i) {
    const size_t count = CountOf(text, kTags[i]);
    if (count == 0) return i < 2 ? "no_think" : "no_answer";
    if (count > 1) return "repeated_tag";
    at[i] = text.find(kTags[i]);
    end[i] = at[i] + kTags[i].size();
  }
  if (!(at[0] < at[1] && at[1] < at[2] && at[2] < at[3])) return "wrong_order";
  const auto is_blank = [&](size_t from, size_t to) {
    return TrimBlanks(text.substr(from, to - from)).empty();
  };
  if (!is_blank(0, at[0]) || !is_blank(end[1], at[2]) || !is_blank(end[3], text.size()))
    return "text_outside";
  if (is_blank(end[0], at[1])) return "empty_think";
  return is_blank(end[2], at[3]) ? "empty_answer" : "";
}

std::string_view AnswerTagFault(std::string_view text) {
  const AnswerRegion answer = FindAnswer(text);
  if (!answer.fault.empty()) return answer.fault;
  if (TrimBlanks(answer.text).empty()) return "empty_answer";
  return TrimBlanks(text).ends_with(kTags[3]) ? "" : "text_outside";
}

class Form : public Verifier {
 public:
  Form(std::string name, Fault fault) : name_(std::move(name)), fault_(fault) {}
  std::string name() const override { return name_; }
  std::string CheckGold(const std::string&) const override { return ""; }

  Verdict Judge(const Judged& judged) const override {
    const std::string_view fault = fault_(judged.completion);
    return fault.empty() ? Correct("well_formed") : Incorrect(fault);
  }

 private:
  std::string name_;
  Fault fault_;
};

}  // namespace

std::unique_ptr<const Verifier> MakeFormatVerifier() {
  return std::make_unique<Form>("format@1", FormatFault);
}

std::unique_ptr<const Verifier> MakeAnswerTagVerifier() {
  return std::make_unique<Form>("answer_tag@1", AnswerTagFault);
}

}  // namespace r1zero
