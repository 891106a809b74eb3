#include <algorithm>

#include "reward/marked_answer.h"
#include "reward/plain_number.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

// A number without words, or a whole published answer, which ends with "#### 18".
NumberReading ReadGold(std::string_view gold) {
  const size_t mark = gold.rfind("####");
  if (mark != gold.npos) gold.remove_prefix(mark + 4);
  const auto is_letter = [](char c) { return ('a' <= (c | 0x20) && (c | 0x20) <= 'z'); };
  if (std::ranges::any_of(gold, is_letter)) return {"", "bad_gold"};
  return ReadOneNumber(gold);
}

class Gsm8k : public Verifier {
 public:
  explicit Gsm8k(bool takes_last) : takes_last_(takes_last) {}
  std::string name() const override { return takes_last_ ? "gsm8k_last@1" : "gsm8k@1"; }

  std::string CheckGold(const std::string& gold) const override {
    return ReadGold(gold).fault.empty()
               ? ""
               : "expected a number (18, $1,234.50) or an answer that ends with \"#### 18\"";
  }

  Verdict Judge(const Judged& judged) const override {
    const NumberReading gold = ReadGold(judged.gold);
    if (!gold.fault.empty()) return Undecided("bad_gold");
    const NumberReading answer = Read(judged.completion);
    if (!answer.fault.empty()) return Incorrect(answer.fault);
    return answer.normal == gold.normal ? Correct("equal", answer.normal)
                                        : Incorrect("different", answer.normal);
  }

 private:
  NumberReading Read(std::string_view completion) const {
    const AnswerRegion region = AfterThinking(completion);
    if (!region.fault.empty()) return {"", region.fault};
    const AnswerRegion marked = MarkedAnswer(region.text);
    if (marked.fault == "no_answer" && takes_last_) return ReadLastNumber(region.text);
    if (!marked.fault.empty()) return {"", marked.fault};
    return ReadOneNumber(marked.text);
  }

  bool takes_last_;
};

}  // namespace

std::unique_ptr<const Verifier> MakeGsm8kVerifier() { return std::make_unique<Gsm8k>(false); }
std::unique_ptr<const Verifier> MakeGsm8kLastVerifier() { return std::make_unique<Gsm8k>(true); }

}  // namespace r1zero
