// RMSNorm, rotary embedding, SwiGLU and the functions of math.h against libtorch in float64.
#include "kernels/math.h"
#include "kernels/rmsnorm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"
#include "tests/kernels/aten_numbers.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kRows = 45;

class WidthAgainstAten : public testing::TestWithParam<int64_t> {
 protected:
  const int64_t D = GetParam();
  ThreadPool pool{2};
};
INSTANTIATE_TEST_SUITE_P(, WidthAgainstAten, testing::Values(6, 15, 16, 100, 121, 576, 4099));

TEST_P(WidthAgainstAten, RmsNormAndItsGradientsAreAtens) {
  constexpr float kEps = 1e-5f;
  const Tensor x = Normal({kRows, D}, 1), w = Normal({D}, 2), dy = Normal({kRows, D}, 3);
  const Tensor y = Unwritten({kRows, D}), inv_rms = Unwritten({kRows}), dx = Unwritten({kRows, D});
  const Tensor start = Normal({D}, 4), dw = start.clone();
  RmsNorm(Data(x), Data(w), kEps, Data(y), Data(inv_rms), kRows, D, pool);
  RmsNormBackward(Data(dy), Data(x), Data(w), Data(inv_rms), Data(dx), kRows, D, pool);
  RmsNormWeightGradient(Data(dy), Data(x), D, Data(inv_rms), Data(dw), kRows, D);

  const Tensor x64 = Leaf(x), w64 = Leaf(w), expected = at::rms_norm(x64, {D}, w64, kEps);
  Backward(expected, dy);
  ExpectWithin(RoundingsOfSum(D), y, expected);
  ExpectWithin(RoundingsOfSum(D), inv_rms, (x64.square().mean(-1) + kEps).rsqrt());
  ExpectWithin(RoundingsOfSum(D), dx, x64.grad());
  ExpectWithin(RoundingsOfSum(kRows + D), dw, start + w64.grad());
}

TEST_P(WidthAgainstAten, SwiGluAndItsGradientAreAtens) {
  constexpr double kRoundings = 12;  // exp, two sums, quotient and products of one element
  const Tensor x = 4 * Normal({kRows, 2 * D}, 5), dy = Normal({kRows, D}, 6);
  const Tensor y = Unwritten({kRows, D}), dx = Unwritten({kRows, 2 * D});
  SwiGlu(Data(x), Data(y), kRows, D, pool);
  SwiGluBackward(Data(dy), Data(x), Data(dx), kRows, D, pool);

  const Tensor x64 = Leaf(x);
  const auto halves = x64.chunk(2, -1);
  const Tensor expected = at::silu(halves[0]) * halves[1];
  Backward(expected, dy);
  ExpectWithin(kRoundings, y, expected);
  ExpectWithin(kRoundings, dx, x64.grad());
}

class RopeAgainstAten : public testing::TestWithParam<int> {
 protected:
  static constexpr double kTheta = 10000;
  static constexpr double kRoundings = 3;  // of two products, their sum, sine and cosine
  static constexpr int kHeads = 3;
  const int H = GetParam();
  const int64_t ld = (kHeads + 1) * H;  // one head more, which is not to be touched
  const RopeTable table{H, 6000, kTheta};
  const Tensor positions = RandomTokens(kRows, 6000, 1);
  const Tensor x = Normal({kRows, kHeads + 1, H}, 2);
  ThreadPool pool{2};

  Tensor Rotated(const Tensor& x, RopeDirection direction) {
    const Tensor y = x.clone();
    Rope(Data(y), ld, kHeads, Tokens(positions), kRows, table, direction, pool);
    return y;
  }
  // Pairs as complex numbers, turned by their angles.
  Tensor Aten(const Tensor& x64) const {
    const Tensor frequencies = at::pow(kTheta, -at::arange(H / 2, at::kDouble) / (H / 2));
    const Tensor angles = positions.to(at::kDouble).view({kRows, 1, 1}) * frequencies;
    const auto halves = x64.narrow(1, 0, kHeads).chunk(2, -1);
    const Tensor turned =
        at::complex(halves[0], halves[1]) * at::polar(at::ones_like(angles), angles);
    return at::cat({at::cat({at::real(turned), at::imag(turned)}, -1), x64.narrow(1, kHeads, 1)},
                   1);
  }
};
INSTANTIATE_TEST_SUITE_P(, RopeAgainstAten, testing::Values(2, 6, 16, 24, 64, 128));

TEST_P(RopeAgainstAten, ForwardTurnsPairsAsComplexNumbers) {
  ExpectWithin(kRoundings, Rotated(x, RopeDirection::kForward), Aten(x.to(at::kDouble)));
}

TEST_P(RopeAgainstAten, BackwardIsAutogradsAndTheInverse) {
  const Tensor x64 = Leaf(x), dy = Normal({kRows, kHeads + 1, H}, 3);
  Backward(Aten(x64), dy);
  ExpectWithin(kRoundings, Rotated(dy, RopeDirection::kBackward), x64.grad());
  const Tensor there = Rotated(x, RopeDirection::kForward);
  ExpectWithin(2 * kRoundings, Rotated(there, RopeDirection::kBackward), x.to(at::kDouble));
}

// The largest relative error of f(x), one number at a time; one unit in the last place is 2^-23.
template <typename F>
double WorstRelativeError(const Tensor& x64, const Tensor& expected, const F& f) {
  double worst = 0;
  for (int64_t i = 0; i < x64.numel(); ++i) {
    const double wanted = expected.const_data_ptr<double>()[i];
    const double error = std::abs(f(x64.const_data_ptr<double>()[i]) - wanted) / std::abs(wanted);
    if (!(error <= worst)) worst = error;  // a NaN stays
  }
  return worst;
}
// Numbers that float32 has.
Tensor Spread(double first, double last) {
  return at::linspace(first, last, 40009, at::kDouble).to(at::kFloat).to(at::kDouble);
}

TEST(MathAgainstAten, ExpLogAndSigmoidAreWithinUnitsInTheLastPlaceOfFloat64) {
  const auto exp = [](double x) { return Exp(static_cast<float>(x)); };
  const auto log = [](double x) { return Log(static_cast<float>(x)); };
  const auto sigmoid = [](double x) { return Sigmoid(static_cast<float>(x)); };
  const Tensor x = Spread(-87, 88.7), positive = Spread(-80, 80).exp().to(at::kFloat);
  EXPECT_LE(WorstRelativeError(x, at::exp(x), exp), 0x1p-23);
  EXPECT_LE(WorstRelativeError(x, at::sigmoid(x), sigmoid), 3 * 0x1p-23);
  for (const Tensor& x : {Spread(0.3, 3), positive.to(at::kDouble)})
    EXPECT_LE(WorstRelativeError(x, at::log(x), log), 0x1p-23);
}

TEST(MathAgainstAten, SineAndCosineAreWithinAUnitInTheLastPlaceOfFloat64) {
  const auto sine = [](double x) {
    float sin, cos;
    SinCos(x, &sin, &cos);
    return sin;
  };
  const auto cosine = [](double x) {
    float sin, cos;
    SinCos(x, &sin, &cos);
    return cos;
  };
  for (const double limit : {3.0, 1e3, 1e6}) {
    const Tensor x = Spread(-limit, limit * 0.99);  // 0 is not among them
    EXPECT_LE(WorstRelativeError(x, at::sin(x), sine), 0x1p-23) << limit;
    EXPECT_LE(WorstRelativeError(x, at::cos(x), cosine), 0x1p-23) << limit;
  }
}

}  // namespace
}  // namespace r1zero::kernels
