#include <re2/re2.h>

#include "reward/answer.h"
#include "reward/marked_answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

constexpr int64_t kMaxMemory = int64_t{1} << 20;  // of the compiled pattern and its automaton
constexpr size_t kMaxPattern = 4096;

// Bytes, not UTF-8: a completion may hold any.
RE2::Options Options() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  return options;
}

std::string FaultOf(const std::string& gold, const RE2& pattern) {
  if (gold.empty()) return "the gold is empty, expected a regular expression";
  if (gold.size() > kMaxPattern) return "the gold is longer than 4,096 bytes";
  if (!pattern.ok()) return "the gold is no regular expression of RE2: " + pattern.error();
  return RE2::FullMatch("", pattern) ? "the gold matches an empty answer" : "";
}

class Regex : public Verifier {
 public:
  std::string name() const override { return "regex@1"; }

  std::string CheckGold(const std::string& gold) const override {
    return FaultOf(gold, RE2(gold.substr(0, kMaxPattern + 1), Options()));
  }

  Verdict Judge(const Judged& judged) const override {
    const RE2 pattern(judged.gold.substr(0, kMaxPattern + 1), Options());
    if (!FaultOf(judged.gold, pattern).empty()) return Undecided("bad_gold");
    const AnswerRegion region = AfterThinking(judged.completion);
    if (!region.fault.empty()) return Incorrect(region.fault);
    const AnswerRegion answer = MarkedAnswerOr(region.text, region.text);
    if (!answer.fault.empty()) return Incorrect(answer.fault);
    const std::string text(TrimBlanks(answer.text));
    return RE2::FullMatch(text, pattern) ? Correct("matches", text) : Incorrect("different", text);
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeRegexVerifier() { return std::make_unique<Regex>(); }

}  // namespace r1zero
