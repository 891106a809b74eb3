// The problems of `word_sums`: a sum of two digits, told in words.
//
//   Tom has 6 apples and buys 9 more. How many apples does Tom have now?      gold 15
#pragma once

#include <cstdint>
#include <string>

#include "common/philox.h"

namespace r1zero {

struct WordSum {
  std::string question;
  int64_t sum = 0;  // 4..18
};

// How many different questions there are: stories x names x things x 8 x 8.
int64_t NumWordSums();
// Number `index` of them, 0 <= index < NumWordSums().
WordSum WordSumAt(int64_t index);

// A tenth of all questions is held out, by the CRC-32 of the text.
bool IsHeldOut(const WordSum& problem);
// Uniform over its side of the split.
WordSum DrawWordSum(RandomStream& rng, bool held_out);

}  // namespace r1zero
