#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reward/answer.h"
#include "reward/chosen_letter.h"
#include "reward/marked_answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr size_t kMostOptions = 26, kMaxGoldBytes = size_t{1} << 16;

struct ChoiceGold {
  char letter = kNoLetter;           // 'A' to 'Z'
  std::vector<std::string> options;  // their texts, folded; empty if they are not known
  std::string fault;                 // why the gold was not understood; empty if it was
};

ChoiceGold ReadJsonGold(const std::string& gold) {
  const json root = json::parse(gold, nullptr, /*allow_exceptions=*/false);
  constexpr const char* kExpected =
      R"(expected a letter, or {"answer":"B","options":["one","two"]})";
  if (!root.is_object() || !root.contains("answer") || !root["answer"].is_string())
    return {.fault = kExpected};
  ChoiceGold choice;
  const json options = root.value("options", json::array());
  if (!options.is_array() || options.size() > kMostOptions) return {.fault = kExpected};
  for (const json& option : options) {
    if (!option.is_string()) return {.fault = kExpected};
    choice.options.push_back(FoldedOption(option.get_ref<const std::string&>()));
  }
  choice.letter = ChosenLetter(root["answer"].get_ref<const std::string&>(), choice.options);
  return choice;
}

ChoiceGold ReadGold(const std::string& gold) {
  if (gold.size() > kMaxGoldBytes) return {.fault = "the gold is longer than 64 KiB"};
  ChoiceGold choice = TrimBlanks(gold).starts_with('{')
                          ? ReadJsonGold(gold)
                          : ChoiceGold{ChosenLetter(gold, {}), {}, ""};
  if (!choice.fault.empty()) return choice;
  if (!IsLetter(choice.letter)) choice.fault = "the gold names no letter, expected A to Z";
  const auto count = static_cast<char>(choice.options.size());
  if (count > 0 && choice.letter >= 'A' + count)
    choice.fault = "the gold's letter is beyond its options";
  return choice;
}

// The last line that is not blank: where an unmarked answer stands.
std::string_view LastLine(std::string_view text) {
  text = TrimBlanks(text);
  const size_t at = text.rfind('\n');
  return at == text.npos ? text : TrimBlanks(text.substr(at + 1));
}

class Choice : public Verifier {
 public:
  std::string name() const override { return "choice@1"; }
  std::string CheckGold(const std::string& gold) const override { return ReadGold(gold).fault; }

  Verdict Judge(const Judged& judged) const override {
    const ChoiceGold gold = ReadGold(judged.gold);
    if (!gold.fault.empty()) return Undecided("bad_gold");
    const AnswerRegion region = AfterThinking(judged.completion);
    if (!region.fault.empty()) return Incorrect(region.fault);
    const AnswerRegion answer = MarkedAnswerOr(region.text, LastLine(region.text));
    if (!answer.fault.empty()) return Incorrect(answer.fault);
    const char chosen = ChosenLetter(answer.text, gold.options);
    if (chosen == kTwoLetters) return Incorrect("two_answers");
    if (chosen == kNoLetter) return Incorrect("no_choice");
    const std::string letter(1, chosen);
    return chosen == gold.letter ? Correct("equal", letter) : Incorrect("different", letter);
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeChoiceVerifier() { return std::make_unique<Choice>(); }

}  // namespace r1zero
