#include "tasks/word_sums_problem.h"

#include <array>

#include "common/error.h"
#include "tasks/prompt_template.h"
#include "tasks/split.h"

namespace r1zero {
namespace {

constexpr int64_t kSmallest = 2, kDigits = 8;  // 2 to 9: "1 apples" is no English

constexpr std::array kStories = {
    "{name} has {a} {things} and buys {b} more. How many {things} does {name} have now?",
    "There are {a} {things} on the table. {name} puts {b} more there. How many {things} are on the "
    "table now?",
    "{name} finds {a} {things} in the morning and {b} {things} in the evening. How many {things} "
    "does {name} find in all?",
    "{name} has {a} {things}. A friend gives {name} {b} more. How many {things} does {name} have?",
    "{name} has a bag with {a} {things} and a box with {b} {things}. How many {things} are there "
    "together?",
    "{name} counts {a} {things} on one shelf and {b} on another. How many {things} is that?",
    "{name} sells {a} {things} on Monday and {b} on Tuesday. How many {things} does {name} sell on "
    "both days?",
    "In a basket lie {a} {things}. {name} adds {b} {things}. How many {things} lie in the basket?",
};
constexpr std::array kNames = {"Tom",  "Anna", "Ben",   "Mia",  "Sam",  "Lucy", "Max",  "Emma",
                               "Paul", "Rosa", "Oscar", "Lily", "Jack", "Nina", "Leo",  "Clara",
                               "Hugo", "Ruth", "Felix", "Ida",  "Noah", "Vera", "Adam", "Zoe"};
constexpr std::array kThings = {"apples",  "pencils", "marbles", "books",   "coins",  "shells",
                                "stamps",  "eggs",    "cards",   "cookies", "stones", "oranges",
                                "buttons", "flowers", "toys",    "nuts"};

// The last digit of `index` in base `size`; what is left stays in `index`.
int64_t TakeDigit(int64_t& index, int64_t size) {
  const int64_t digit = index % size;
  index /= size;
  return digit;
}

}  // namespace

int64_t NumWordSums() {
  return static_cast<int64_t>(kStories.size() * kNames.size() * kThings.size()) * kDigits * kDigits;
}

WordSum WordSumAt(int64_t index) {
  Require(index >= 0 && index < NumWordSums(), "word_sums: problem ", index, ", expected 0 to ",
          NumWordSums() - 1);
  const int64_t a = kSmallest + TakeDigit(index, kDigits);
  const int64_t b = kSmallest + TakeDigit(index, kDigits);
  const std::string things = kThings[TakeDigit(index, kThings.size())];
  const std::string name = kNames[TakeDigit(index, kNames.size())];
  const PromptTemplate story(kStories[index]);
  return {story.Fill({{"{name}", name},
                      {"{things}", things},
                      {"{a}", std::to_string(a)},
                      {"{b}", std::to_string(b)}}),
          a + b};
}

bool IsHeldOut(const WordSum& problem) { return InHeldOutSplit(problem.question); }

WordSum DrawWordSum(RandomStream& rng, bool held_out) {
  for (;;) {
    WordSum problem = WordSumAt(rng.Below(NumWordSums()));
    if (IsHeldOut(problem) == held_out) return problem;
  }
}

}  // namespace r1zero
