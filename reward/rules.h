// The verifiers, one file each. Reached through MakeVerifier.
#pragma once

#include <memory>

#include "reward/verifier.h"

namespace r1zero {

// Four signed digits such as 6-6+8+8: the gold's digits in the gold's order, its target as value.
std::unique_ptr<const Verifier> MakeSignsVerifier();

// An expression that uses each of the gold's numbers once and has its target as exact value.
std::unique_ptr<const Verifier> MakeCountdownVerifier();

// The gold itself, up to blanks.
std::unique_ptr<const Verifier> MakeExactVerifier();

// The gold's letter: multiple choice.
std::unique_ptr<const Verifier> MakeChoiceVerifier();

// The whole answer matches the gold, a regular expression of RE2.
std::unique_ptr<const Verifier> MakeRegexVerifier();

// The number in the marked answer equals the gold's: GSM8K and word problems like it.
std::unique_ptr<const Verifier> MakeGsm8kVerifier();

// The same, and where nothing is marked the last number counts: for base models.
std::unique_ptr<const Verifier> MakeGsm8kLastVerifier();

// <think>..</think><answer>..</answer> and nothing else.
std::unique_ptr<const Verifier> MakeFormatVerifier();

// One <answer>..</answer> at the end, and anything before it: for models that think in plain words.
std::unique_ptr<const Verifier> MakeAnswerTagVerifier();

// A coin thrown by Judged::random_key: the ablation in which no reward means anything.
std::unique_ptr<const Verifier> MakeRandomVerifier();

}  // namespace r1zero
