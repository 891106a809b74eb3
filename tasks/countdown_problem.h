// The problems of `countdown`: use each number once, with + - * / and parentheses, to make a target
// (TinyZero's task, https://github.com/Jiayi-Pan/TinyZero).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/philox.h"
#include "tasks/messy_writer.h"

namespace r1zero {

struct CountdownProblem {
  std::vector<int64_t> numbers;
  int64_t target = 0;
};

std::string CountdownGold(const CountdownProblem& problem);  // {"numbers":[3,5,8],"target":23}

// A tenth of all sets of numbers are held out: sorted, so that their order does not matter.
bool IsHeldOut(std::span<const int64_t> numbers);

inline constexpr int64_t kMaxResult = 999;  // of a step, in what is generated

// The numbers joined two at a time, at random, until one is left; every step has a whole result in
// 0..999: "3*5=15,15+8=23", with the answer "(3*5)+8". Two numbers above 999 are only subtracted or
// divided.
Attempt JoinNumbers(RandomStream& rng, std::span<const int64_t> numbers, double slip);

// What is generated: three to `most` numbers from 1 to `largest`.
struct NumberRange {
  int64_t most = 4;
  int64_t largest = 99;
};

// Uniform, of one side of the split. Error if that side seems to be empty.
std::vector<int64_t> DrawNumbers(RandomStream& rng, const NumberRange& range, bool held_out);
// With the target that joining them at random makes, redrawn until it is in 1..999: always
// solvable.
CountdownProblem DrawCountdown(RandomStream& rng, const NumberRange& range, bool held_out);

}  // namespace r1zero
