// bfloat16 as a way to store numbers: the upper half of a float32. Sums stay in float32; what is
// loaded is exactly what is stored, so a product over bfloat16 has the bits of the same product over
// float32 that was rounded first.
#pragma once

#include <bit>
#include <cstdint>

namespace r1zero::kernels {

// How weights, keys and values are kept.
enum class Storage : int32_t { kFloat32 = 0, kBfloat16 = 1 };
constexpr int BytesOf(Storage storage) { return storage == Storage::kBfloat16 ? 2 : 4; }

struct Bfloat16 {
  uint16_t bits = 0;
  bool operator==(const Bfloat16&) const = default;
};

// To the nearest, ties to even; a NaN stays one.
inline Bfloat16 ToBfloat16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (x != x) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}
inline float ToFloat(Bfloat16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }
inline float ToFloat(float x) { return x; }

// What an element of a type holds of x.
template <typename Element>
Element Rounded(float x);
template <>
inline float Rounded<float>(float x) {
  return x;
}
template <>
inline Bfloat16 Rounded<Bfloat16>(float x) {
  return ToBfloat16(x);
}

// x becomes what bfloat16 holds of it.
inline void RoundToBfloat16(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = ToFloat(ToBfloat16(x[i]));
}

}  // namespace r1zero::kernels
