// Inputs made of a fuzz target's seeds.
#pragma once

#include <string>

#include "tests/fuzz/fuzz_target.h"

namespace r1zero {

// Input number `run`: a seed with one to four changes, mostly one.
std::string FuzzInput(const FuzzTarget& target, uint64_t seed, uint64_t run);

}  // namespace r1zero
