// AdamW and the gradient's norm against libtorch in float64.
#include <torch/optim/adamw.h>

#include "kernels/adamw.h"
#include "kernels/gradient_norm.h"
#include "tests/kernels/aten_numbers.h"

namespace r1zero::kernels {

static void PrintTo(const AdamWStep& s, std::ostream* out) {
  *out << "lr " << s.lr << ", weight_decay " << s.weight_decay << ", grad_scale " << s.grad_scale;
}

namespace {

class AdamWAgainstTorch : public testing::TestWithParam<AdamWStep> {};
INSTANTIATE_TEST_SUITE_P(, AdamWAgainstTorch,
                         testing::Values(AdamWStep{.lr = 1e-2}, AdamWStep{.lr = 3e-3,
                                                                          .beta1 = 0.8,
                                                                          .beta2 = 0.98,
                                                                          .eps = 1e-6,
                                                                          .weight_decay = 0.1,
                                                                          .grad_scale = 0.37}));

TEST_P(AdamWAgainstTorch, ParametersAndMomentsFollowTorchsOptimizerInFloat64) {
  constexpr int64_t kSteps = 25, n = 1003;
  AdamWStep step = GetParam();
  const Tensor p = Normal({n}, 1), m = at::zeros({n}), v = at::zeros({n}), p64 = Leaf(p);
  torch::optim::AdamW optimizer({p64}, torch::optim::AdamWOptions(step.lr)
                                           .betas({step.beta1, step.beta2})
                                           .eps(step.eps)
                                           .weight_decay(step.weight_decay));
  ThreadPool pool(2);
  for (step.step = 1; step.step <= kSteps; ++step.step) {
    const Tensor grad = 0.1 * Normal({n}, 100 + step.step);
    AdamW(Data(p), Data(grad), Data(m), Data(v), n, step, pool);
    p64.mutable_grad() = grad.to(at::kDouble) * step.grad_scale;
    optimizer.step();
  }
  const auto& state = static_cast<const torch::optim::AdamWParamState&>(
      *optimizer.state().at(p64.unsafeGetTensorImpl()));
  ExpectWithin(RoundingsOfSum(kSteps), p, p64.detach());
  ExpectWithin(RoundingsOfSum(kSteps), m, state.exp_avg());
  ExpectWithin(RoundingsOfSum(kSteps), v, state.exp_avg_sq());
}

TEST(GradientNormAgainstAten, IsTheVectorNormInFloat64) {
  ThreadPool pool(2);
  for (const int64_t n : {1, 7, 4097, 100003}) {
    const Tensor x = Normal({n}, n);
    const double expected = at::linalg_vector_norm(x.to(at::kDouble)).item<double>();
    const double tolerance = RoundingsOfSum(n) * 0x1p-53 * expected;  // libtorch's own, most of it
    EXPECT_NEAR(GradientNorm(Data(x), n, pool), expected, tolerance) << n;
  }
}

}  // namespace
}  // namespace r1zero::kernels
