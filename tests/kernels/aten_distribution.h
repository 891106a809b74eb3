// Masks of tokens and the repetition penalty in libtorch's words.
#pragma once

#include "kernels/token_set.h"
#include "tests/kernels/aten_numbers.h"

namespace r1zero::kernels {

// [M, V] of random truths, each with this probability.
inline Tensor RandomMask(int64_t M, int64_t V, double probability, uint64_t seed) {
  return at::rand({M, V}, at::make_generator<at::CPUGeneratorImpl>(seed)) < probability;
}
inline TokenSet SetOf(const Tensor& mask_V) {
  TokenSet set(mask_V.numel());
  for (int64_t v = 0; v < mask_V.numel(); ++v)
    if (mask_V.const_data_ptr<bool>()[v]) set.Add(static_cast<int32_t>(v));
  return set;
}
inline Tensor Penalised(const Tensor& logits64, const Tensor& seen, double penalty) {
  return at::where(seen, at::where(logits64 < 0, logits64 * penalty, logits64 / penalty), logits64);
}

}  // namespace r1zero::kernels
