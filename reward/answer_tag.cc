#include "reward/answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

constexpr std::string_view kEndAnswer = "</answer>";

class AnswerTag : public Verifier {
 public:
  std::string name() const override { return "answer_tag@1"; }
  std::string CheckGold(const std::string&) const override { return ""; }

  Verdict Judge(const Judged& judged) const override {
    const std::string_view fault = Fault(judged.completion);
    return fault.empty() ? Correct("well_formed") : Incorrect(fault);
  }

 private:
  static std::string_view Fault(std::string_view text) {
    const AnswerRegion answer = FindAnswer(text);
    if (!answer.fault.empty()) return answer.fault;
    if (TrimBlanks(answer.text).empty()) return "empty_answer";
    return TrimBlanks(text).ends_with(kEndAnswer) ? "" : "text_outside";
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeAnswerTagVerifier() { return std::make_unique<AnswerTag>(); }

}  // namespace r1zero
