// Matrix products, bias and embedding against libtorch in float64.
#include <vector>

#include "kernels/bias.h"
#include "kernels/embedding.h"
#include "kernels/matmul.h"
#include "tests/kernels/aten_numbers.h"

namespace r1zero::kernels {
namespace {

struct Size {
  int64_t M, N, K;
};
void PrintTo(const Size& s, std::ostream* out) {
  *out << "M " << s.M << ", N " << s.N << ", K " << s.K;
}

class ProductAgainstAten : public testing::TestWithParam<Size> {
 protected:
  const int64_t M = GetParam().M, N = GetParam().N, K = GetParam().K;
  const Tensor x = Normal({M, K}, 1), w = Normal({N, K}, 2), dy = Normal({M, N}, 3);
  const Tensor x64 = Leaf(x), w64 = Leaf(w);
  ThreadPool pool{2};

  Tensor Forward(Storage storage) {
    PackedMatrix packed{.storage = storage};
    PackForward(Data(w), N, K, packed);
    Tensor y = Unwritten({M, N});
    MatMul(Data(x), K, packed, Data(y), N, M, pool);
    return y;
  }
  Tensor InputGradient(Storage storage) {
    PackedMatrix packed{.storage = storage};
    PackInputGradient(Data(w), N, K, packed);
    Tensor dx = Unwritten({M, K});
    MatMul(Data(dy), N, packed, Data(dx), K, M, pool);
    return dx;
  }
};
INSTANTIATE_TEST_SUITE_P(, ProductAgainstAten,
                         testing::Values(Size{1, 1, 1}, Size{33, 121, 100}, Size{5, 512, 96},
                                         Size{7, 40, 1300}, Size{70, 17, 576}, Size{3, 50000, 24},
                                         Size{300, 19, 30}));

TEST_P(ProductAgainstAten, ForwardIsLinearInFloat64) {
  ExpectWithin(RoundingsOfSum(K), Forward(Storage::kFloat32), at::linear(x64, w64));
}

TEST_P(ProductAgainstAten, InputGradientIsAutogradsOfLinear) {
  Backward(at::linear(x64, w64), dy);
  ExpectWithin(RoundingsOfSum(N), InputGradient(Storage::kFloat32), x64.grad());
}

TEST_P(ProductAgainstAten, WeightGradientIsAutogradsAddedToWhatIsThere) {
  Backward(at::linear(x64, w64), dy);
  const Tensor start = Normal({N, K}, 4), dw = start.clone();
  AccumulateWeightGradient(Data(dy), N, Data(x), K, Data(dw), M, N, K, pool);
  ExpectWithin(RoundingsOfSum(M + 1), dw, start + w64.grad());
}

TEST_P(ProductAgainstAten, StoredAsBfloat16IsLinearOfTheWeightsThatAtenRounds) {
  const Tensor rounded64 = w.to(at::kBFloat16).to(at::kDouble);
  Backward(at::linear(x64, rounded64), dy);
  ExpectWithin(RoundingsOfSum(K), Forward(Storage::kBfloat16), at::linear(x64, rounded64));
  ExpectWithin(RoundingsOfSum(N), InputGradient(Storage::kBfloat16), x64.grad());
}

TEST_P(ProductAgainstAten, BiasAndItsGradientAreThoseOfLinear) {
  const Tensor bias = Normal({N}, 5), bias64 = Leaf(bias);
  const Tensor expected = at::linear(x64, w64, bias64), y = Forward(Storage::kFloat32);
  AddBias(Data(y), N, Data(bias), M, N);
  ExpectWithin(RoundingsOfSum(K + 1), y, expected);
  Backward(expected, dy);
  const Tensor start = Normal({N}, 6), dbias = start.clone();
  AccumulateBiasGradient(Data(dy), N, Data(dbias), M, N);
  ExpectWithin(RoundingsOfSum(M + 1), dbias, start + bias64.grad());
}

class EmbeddingAgainstAten : public testing::TestWithParam<std::pair<int64_t, int64_t>> {
 protected:
  static constexpr int64_t M = 150;
  const int64_t V = GetParam().first, D = GetParam().second;
  const Tensor table = Normal({V, D}, 1), tokens = RandomTokens(M, V, 2);
  ThreadPool pool{2};
};
INSTANTIATE_TEST_SUITE_P(, EmbeddingAgainstAten,
                         testing::Values(std::pair{17, 100}, std::pair{121, 64},
                                         std::pair{50000, 17}));

TEST_P(EmbeddingAgainstAten, ForwardIsAtensToTheBit) {
  const Tensor y = Unwritten({M, D});
  Embedding(Tokens(tokens), Data(table), Data(y), M, D, pool);
  EXPECT_TRUE(at::equal(y, at::embedding(table, tokens)));
}

TEST_P(EmbeddingAgainstAten, StoredAsBfloat16IsTheTableThatAtenRounds) {
  const Tensor rounded = table.to(at::kBFloat16), y = Unwritten({M, D});
  const auto* stored = reinterpret_cast<const Bfloat16*>(rounded.const_data_ptr());
  Embedding(Tokens(tokens), stored, Data(y), M, D, pool);
  EXPECT_TRUE(at::equal(y, at::embedding(rounded.to(at::kFloat), tokens)));
}

TEST_P(EmbeddingAgainstAten, BackwardIsAutogradsAddedToWhatIsThere) {
  const Tensor dy = Normal({M, D}, 3), table64 = Leaf(table);
  const Tensor start = Normal({V, D}, 4), dtable = start.clone();
  Backward(at::embedding(table64, tokens), dy);
  EmbeddingBackward(Tokens(tokens), Data(dy), Data(dtable), M, D, pool);
  ExpectWithin(RoundingsOfSum(M / V + 1), dtable, start + table64.grad());
}

}  // namespace
}  // namespace r1zero::kernels
