#include "common/philox.h"

#include <bit>
#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

// Counter words 1..3 hold what the number is for; word 0 holds a tag in its upper bits and the
// block number in the others. SampleUniform needs 30 bits for its block number (four positions a
// block), so its tag is two zero bits; a stream's tag is four bits of at least 0100. No two inputs
// meet.
constexpr uint32_t kFirstStreamTag = 4;
constexpr uint32_t kStreamTagShift = 28;
constexpr uint32_t kStreamBlockMask = (1u << kStreamTagShift) - 1;

std::array<uint32_t, 2> KeyOf(uint64_t seed) {
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
}

// The natural logarithm of a normal x > 0 from additions, multiplications and one division only, so
// that every IEEE machine gives the same bits: x = 2^exponent * m with m in [sqrt(1/2), sqrt(2))
// and log m = 2 atanh(z) = 2 (z + z^3/3 + z^5/5 + ...), z = (m - 1) / (m + 1), |z| < 0.172.
double PortableLog(double x) {
  constexpr double kLn2 = 0.69314718055994530942;
  constexpr double kSqrt2 = 1.41421356237309504880;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m >= kSqrt2) {
    m *= 0.5;
    ++exponent;
  }
  const double z = (m - 1) / (m + 1);
  double series = 0;
  for (int k = 23; k >= 1; k -= 2) series = series * (z * z) + 1.0 / k;
  return exponent * kLn2 + 2 * z * series;
}

}  // namespace

PhiloxBlock Philox(PhiloxBlock counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;  // golden ratio
    key[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return counter;
}

RandomStream::RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t a, uint32_t b)
    : key_(KeyOf(seed)),
      counter_{(kFirstStreamTag + static_cast<uint32_t>(purpose)) << kStreamTagShift, b,
               static_cast<uint32_t>(a), static_cast<uint32_t>(a >> 32)} {}

uint32_t RandomStream::operator()() {
  if (used_ == 4) {
    Require(!exhausted_, "random stream: more than 2^30 numbers drawn from one stream");
    block_ = Philox(counter_, key_);
    exhausted_ = (counter_[0] & kStreamBlockMask) == kStreamBlockMask;
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

double RandomStream::Uniform() {
  const uint64_t high = (*this)() >> 5;  // 27 bits
  const uint64_t low = (*this)() >> 6;   // 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

// Lemire, "Fast random integer generation in an interval" (https://arxiv.org/abs/1805.10941).
int64_t RandomStream::Below(int64_t n) {
  Require(n > 0, "RandomStream::Below: n is ", n, ", expected at least 1");
  const uint64_t range = static_cast<uint64_t>(n);
  const uint64_t biased = -range % range;  // 2^64 mod n
  while (true) {
    const uint64_t high = (*this)();
    const unsigned __int128 product =
        static_cast<unsigned __int128>(high << 32 | (*this)()) * range;
    if (static_cast<uint64_t>(product) >= biased) return static_cast<int64_t>(product >> 64);
  }
}

// Marsaglia and Bray's polar method; its second number is not kept, so a draw has no hidden state.
double RandomStream::Normal() {
  while (true) {
    const double u = 2 * Uniform() - 1;
    const double v = 2 * Uniform() - 1;
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * PortableLog(s) / s);
  }
}

float SampleUniform(uint64_t seed, uint64_t ordinal, uint32_t sample, uint32_t position) {
  const PhiloxBlock counter = {position >> 2, sample, static_cast<uint32_t>(ordinal),
                               static_cast<uint32_t>(ordinal >> 32)};
  return static_cast<float>(Philox(counter, KeyOf(seed))[position & 3] >> 8) * 0x1p-24f;
}

}  // namespace r1zero
