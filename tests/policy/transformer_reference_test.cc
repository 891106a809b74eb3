// The readable references of kernels/reference.h against libtorch in float64.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kernels/reference.h"

namespace r1zero {
namespace {

using kernels::reference::Matrix;
using torch::Tensor;

Tensor Random(at::IntArrayRef shape) {
  static at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  return at::randn(shape, generator, at::kDouble);
}

Matrix ToMatrix(const Tensor& x) {
  const Tensor flat = x.contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

void ExpectEqual(const Matrix& found, const Tensor& expected) {
  const Matrix wanted = ToMatrix(expected);
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], wanted[i], 1e-12 * std::max(1.0, std::abs(wanted[i]))) << i;
}

TEST(KernelReference, MatMulIsTorchsLinear) {
  const Tensor x = Random({5, 7}), w = Random({3, 7});
  ExpectEqual(kernels::reference::MatMul(ToMatrix(x), ToMatrix(w), 5, 3, 7), at::linear(x, w));
}

TEST(KernelReference, RmsNormDividesByTheRootOfTheMeanSquare) {
  const Tensor x = Random({5, 7}), w = Random({7});
  ExpectEqual(kernels::reference::RmsNorm(ToMatrix(x), ToMatrix(w), 1e-5, 5, 7),
              x * (x.square().mean(-1, true) + 1e-5).rsqrt() * w);
}

TEST(KernelReference, AttentionIsTorchsCausalOneWithEachKeyHeadSharedByNeighbours) {
  const int64_t T = 9, N = 4, K = 2, H = 6;
  const Tensor q = Random({T, N, H}), k = Random({T, K, H}), v = Random({T, K, H});
  const auto heads_first = [](const Tensor& x) { return x.permute({1, 0, 2}).unsqueeze(0); };
  const Tensor out = at::scaled_dot_product_attention(
      heads_first(q), heads_first(k.repeat_interleave(N / K, 1)),
      heads_first(v.repeat_interleave(N / K, 1)), {}, 0.0, /*is_causal=*/true);
  ExpectEqual(kernels::reference::Attention(ToMatrix(q), ToMatrix(k), ToMatrix(v), T, N, K, H,
                                            1 / std::sqrt(static_cast<double>(H))),
              out.squeeze(0).permute({1, 0, 2}));
}

TEST(KernelReference, SwiGluIsTorchsSiluOfTheGateTimesUp) {
  const Tensor x = Random({5, 14});
  const auto halves = x.chunk(2, -1);
  ExpectEqual(kernels::reference::SwiGlu(ToMatrix(x), 5, 7), at::silu(halves[0]) * halves[1]);
}

TEST(KernelReference, LogSoftmaxIsTorchs) {
  const Tensor x = 10 * Random({5, 14});
  ExpectEqual(kernels::reference::LogSoftmax(ToMatrix(x), 5, 14), at::log_softmax(x, -1));
}

}  // namespace
}  // namespace r1zero
