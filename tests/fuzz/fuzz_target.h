// What a fuzz target is: the readers it throws bytes at, and how bytes are made. fuzz_main.cc runs it.
//
//   libFuzzer (clang, -DR1ZERO_FUZZ=ON)     NAME_fuzz CORPUS
//   any compiler                            NAME_fuzz --runs 1000000 [--seed 1]
//
// The second is a mutator of our own: run n depends on (seed, n) alone, so that a number is enough to
// run a failure again (--first n --runs 1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/philox.h"

namespace r1zero {

struct FuzzTarget {
  std::vector<std::string> seeds;  // inputs that are read
  std::vector<std::string> words;  // what is put into them
  // Bit i of Read's answer says that outcomes[i] came about.
  std::vector<std::string> outcomes;
  // Throws nothing, or what it throws is a finding, as is an abort().
  uint32_t (*read)(const std::string& bytes);
  // The last change to an input; may be null.
  void (*repair)(std::string& bytes, RandomStream& random) = nullptr;
};

// Each *_fuzz.cc defines it.
const FuzzTarget& TheFuzzTarget();

}  // namespace r1zero
