// float32 for the kernels and the same numbers in float64 for libtorch, whose operations and autograd
// are what the kernels are held to.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace r1zero::kernels {

using at::Tensor;

inline Tensor Normal(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kFloat);
}
// Of a vocabulary of V, in int32.
inline Tensor RandomTokens(int64_t n, int64_t V, uint64_t seed) {
  return at::randint(V, {n}, at::make_generator<at::CPUGeneratorImpl>(seed), at::kInt);
}
// For a kernel to write to; what it leaves out stays NaN and is found out.
inline Tensor Unwritten(at::IntArrayRef shape) {
  return at::full(shape, std::numeric_limits<float>::quiet_NaN(), at::kFloat);
}
inline float* Data(const Tensor& x) { return x.data_ptr<float>(); }
inline const int32_t* Tokens(const Tensor& x) { return x.const_data_ptr<int32_t>(); }

// The same numbers in float64, for autograd to differentiate by.
inline Tensor Leaf(const Tensor& x) { return x.to(at::kDouble).requires_grad_(); }
inline void Backward(const Tensor& y, const Tensor& dy) { y.backward(dy.to(at::kDouble)); }

// How far a sum of `length` float32 terms of any sign may be off, in units of 2^-24 of the largest
// result: its roundings are a random walk, allowed twice its usual distance.
inline double RoundingsOfSum(int64_t length) {
  return 2 + 2 * std::sqrt(static_cast<double>(length));
}

// Every element within `roundings` * 2^-24 * the largest expected number. A NaN is not.
inline void ExpectWithin(double roundings, const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  const double unit = 0x1p-24 * expected.abs().max().item<double>();
  const double error = (found.to(at::kDouble) - expected).abs().max().item<double>();
  EXPECT_LE(error / unit, roundings) << "largest expected number " << unit * 0x1p24;
}

}  // namespace r1zero::kernels
