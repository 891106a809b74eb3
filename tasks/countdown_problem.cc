#include "tasks/countdown_problem.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "tasks/split.h"

namespace r1zero {
namespace {

constexpr int kMostTries = 10'000;  // a tenth of all sets are held out

struct Operand {
  int64_t value = 0;
  std::string expression;
  bool joined = false;  // of two others; stands in parentheses inside a further one
};

struct Step {
  char sign;
  int64_t result;
};

Operand TakeOne(RandomStream& rng, std::vector<Operand>& pool) {
  const int64_t i = rng.Below(static_cast<int64_t>(pool.size()));
  std::swap(pool[i], pool.back());
  Operand taken = std::move(pool.back());
  pool.pop_back();
  return taken;
}

// One of the steps with a whole result in 0..999; a - b is there even where it is larger.
Step DrawStep(RandomStream& rng, int64_t a, int64_t b) {
  std::vector<Step> steps = {{'-', a - b}};
  if (a + b <= kMaxResult) steps.push_back({'+', a + b});
  if (a * b <= kMaxResult) steps.push_back({'*', a * b});
  if (b > 0 && a % b == 0) steps.push_back({'/', a / b});
  return steps[rng.Below(static_cast<int64_t>(steps.size()))];
}

std::string Inside(const Operand& operand) {
  return operand.joined ? "(" + operand.expression + ")" : operand.expression;
}

}  // namespace

std::string CountdownGold(const CountdownProblem& problem) {
  std::string numbers = RowText(problem.numbers);
  std::replace(numbers.begin(), numbers.end(), ' ', ',');
  return "{\"numbers\":[" + numbers + "],\"target\":" + std::to_string(problem.target) + "}";
}

bool IsHeldOut(std::span<const int64_t> numbers) {
  std::vector<int64_t> sorted(numbers.begin(), numbers.end());
  std::sort(sorted.begin(), sorted.end());
  return InHeldOutSplit(RowText(sorted));
}

Attempt JoinNumbers(RandomStream& rng, std::span<const int64_t> numbers, double slip) {
  std::vector<Operand> pool;
  for (int64_t number : numbers) pool.push_back({number, std::to_string(number)});
  std::string worked;
  while (pool.size() > 1) {
    Operand a = TakeOne(rng, pool), b = TakeOne(rng, pool);
    if (a.value < b.value) std::swap(a, b);
    const auto [sign, result] = DrawStep(rng, a.value, b.value);
    if ((sign == '+' || sign == '*') && rng.Chance(0.5)) std::swap(a, b);
    const int64_t slipped = Slipped(rng, slip, result);
    const int64_t written = 0 <= slipped && slipped <= kMaxResult ? slipped : result;
    if (!worked.empty()) worked += ',';
    worked +=
        std::to_string(a.value) + sign + std::to_string(b.value) + '=' + std::to_string(written);
    pool.push_back({written, Inside(a) + sign + Inside(b), /*joined=*/true});
  }
  return {worked, pool[0].value, pool[0].expression};
}

std::vector<int64_t> DrawNumbers(RandomStream& rng, const NumberRange& range, bool held_out) {
  std::vector<int64_t> numbers;
  for (int tries = 0; tries < kMostTries; ++tries) {
    numbers.resize(3 + rng.Below(range.most - 2));
    for (int64_t& number : numbers) number = 1 + rng.Below(range.largest);
    if (IsHeldOut(numbers) == held_out) return numbers;
  }
  Fail("task.largest_number is ", range.largest, ": no set of numbers is ",
       held_out ? "held out" : "left to train on", "; expected a larger one");
}

CountdownProblem DrawCountdown(RandomStream& rng, const NumberRange& range, bool held_out) {
  CountdownProblem problem;
  do {
    problem.numbers = DrawNumbers(rng, range, held_out);
    problem.target = JoinNumbers(rng, problem.numbers, /*slip=*/0).result;
  } while (problem.target < 1 || problem.target > kMaxResult);
  return problem;
}

}  // namespace r1zero
