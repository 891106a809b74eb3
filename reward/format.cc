#include <array>

#include "reward/answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

class Format : public Verifier {
 public:
  std::string name() const override { return "format@1"; }
  std::string CheckGold(const std::string&) const override { return ""; }

  Verdict Judge(const Judged& judged) const override {
    const std::string_view fault = Fault(judged.completion);
    return fault.empty() ? Correct("well_formed") : Incorrect(fault);
  }

 private:
  static std::string_view Fault(std::string_view text) {
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
};

}  // namespace

std::unique_ptr<const Verifier> MakeFormatVerifier() { return std::make_unique<Format>(); }

}  // namespace r1zero
