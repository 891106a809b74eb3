// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11,
// https://doi.org/10.1145/2063384.2063405).
//
// A number is a pure function of its key and counter, so what is drawn depends on what it is for
// (run seed, prompt ordinal, sample, position) and never on who draws it, when, or beside what.
#pragma once

#include <array>
#include <cstdint>

namespace r1zero {

using PhiloxBlock = std::array<uint32_t, 4>;

// Ten rounds of Philox4x32.
PhiloxBlock Philox(PhiloxBlock counter, std::array<uint32_t, 2> key);

// What a stream of random numbers is for. Streams of different purposes never share a number.
enum class RandomPurpose : uint32_t {
  kSample = 1,     // which token is sampled
  kPrompt = 2,     // which problem a prompt ordinal stands for
  kInit = 3,       // initial weights
  kCorpus = 4,     // pretraining documents
  kShuffle = 5,    // order of mini-batches
  kReward = 6,     // the random-reward ablation
  kBootstrap = 7,  // confidence intervals
};

// A sequential generator over the stream (seed, purpose, a, b): draws take the counter values
// 0, 1, 2, ... Satisfies UniformRandomBitGenerator (but std::shuffle and std::*_distribution differ
// between standard libraries: use the members). 2^30 numbers a stream, then Error. Every member gives
// the same bits on every machine. Copies are independent; not thread-safe.
class RandomStream {
 public:
  using result_type = uint32_t;
  RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t a = 0, uint32_t b = 0);
  static constexpr uint32_t min() { return 0; }
  static constexpr uint32_t max() { return 0xffffffffu; }
  uint32_t operator()();

  double Uniform();          // in [0, 1), 53 bits
  int64_t Below(int64_t n);  // uniform in [0, n), n > 0, without modulo bias
  bool Chance(double p) { return Uniform() < p; }
  double Normal();  // standard normal

 private:
  std::array<uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  int used_ = 4;
  bool exhausted_ = false;
};

// The uniform number in [0, 1) (24 bits) that decides token `position` of sample `sample` of prompt
// `ordinal`. Position counts from the first completion token.
float SampleUniform(uint64_t seed, uint64_t ordinal, uint32_t sample, uint32_t position);

}  // namespace r1zero
