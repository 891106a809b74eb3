#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "common/error.h"
#include "tests/kernels/simd_targets.h"

namespace r1zero::kernels {
namespace {

using Matrix = std::vector<float>;

Matrix RandomMatrix(int64_t rows, int64_t columns, int seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix matrix(rows * columns);
  for (float& x : matrix) x = normal(random);
  return matrix;
}

// y[m, n] by the contract's chain, one scalar operation at a time.
Matrix ForwardByTheContract(const Matrix& x, const Matrix& w, int64_t M, int64_t N, int64_t K) {
  Matrix y(M * N);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < K; ++k) sum = std::fma(x[m * K + k], w[n * K + k], sum);
      y[m * N + n] = sum;
    }
  }
  return y;
}

Matrix Forward(const Matrix& x, const Matrix& w, int64_t M, int64_t N, int64_t K,
               ThreadPool& pool) {
  PackedMatrix packed;
  PackForward(w.data(), N, K, packed);
  Matrix y(M * N, NAN);
  MatMul(x.data(), K, packed, y.data(), N, M, pool);
  return y;
}

void AddWeightGradient(const Matrix& dy, const Matrix& x, Matrix& dw, int64_t begin, int64_t end,
                       int64_t N, int64_t K, ThreadPool& pool) {
  AccumulateWeightGradient(dy.data() + begin * N, N, x.data() + begin * K, K, dw.data(),
                           end - begin, N, K, pool);
}

// The largest |found - exact| in units of sum |a| |b| * 2^-24, which bounds a chain of K roundings.
double WorstRelativeError(const Matrix& y, const Matrix& x, const Matrix& w, int64_t M, int64_t N,
                          int64_t K) {
  double worst = 0;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < K; ++k) {
        const double product = static_cast<double>(x[m * K + k]) * w[n * K + k];
        sum += product;
        magnitude += std::abs(product);
      }
      worst = std::max(worst, std::abs(y[m * N + n] - sum) / (magnitude * 0x1p-24));
    }
  }
  return worst;
}

TEST(MatMul, IsWithinTheRoundingBoundOfADoubleLoopNest) {
  ThreadPool pool(2);
  for (const auto& [M, N, K] :
       {std::array<int64_t, 3>{33, 121, 100}, {5, 512, 96}, {7, 40, 1300}}) {
    const Matrix x = RandomMatrix(M, K, 1), w = RandomMatrix(N, K, 2);
    EXPECT_LE(WorstRelativeError(Forward(x, w, M, N, K, pool), x, w, M, N, K), K);
  }
}

TEST(MatMul, HasTheContractsBitsAtEveryShapeAndTarget) {
  ThreadPool pool(1);
  for (const int64_t K : {1, 17, 24, 96, 100}) {
    for (const int64_t N : {1, 15, 16, 17, 121, 512}) {
      const int64_t M = 33;
      const Matrix x = RandomMatrix(M, K, 3), w = RandomMatrix(N, K, 4);
      const Matrix expected = ForwardByTheContract(x, w, M, N, K);
      ForEachSimdTarget([&] {
        for (int64_t rows = 1; rows <= M; ++rows) {
          const Matrix y = Forward(x, w, rows, N, K, pool);
          EXPECT_TRUE(std::equal(y.begin(), y.end(), expected.begin()))
              << rows << " " << N << " " << K;
        }
      });
    }
  }
}

TEST(MatMul, KeepsItsBitsWhenTheReducedIndexIsWalkedInChunks) {
  ThreadPool pool(1);
  for (const int64_t K : {511, 512, 513, 1024, 1537}) {
    const Matrix x = RandomMatrix(5, K, 5), w = RandomMatrix(37, K, 6);
    const Matrix expected = ForwardByTheContract(x, w, 5, 37, K);
    ForEachSimdTarget([&] { EXPECT_TRUE(SameBits(Forward(x, w, 5, 37, K, pool), expected)) << K; });
  }
}

TEST(MatMul, ARowsBitsDoNotDependOnItsPlaceOrItsNeighbours) {
  const int64_t M = 29, N = 121, K = 96;
  ThreadPool pool(1);
  const Matrix x = RandomMatrix(M, K, 7), w = RandomMatrix(N, K, 8);
  const Matrix all = Forward(x, w, M, N, K, pool);
  for (int64_t m = 0; m < M; ++m) {
    const Matrix row(x.begin() + m * K, x.begin() + (m + 1) * K);
    const Matrix alone = Forward(row, w, 1, N, K, pool);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + m * N)) << "row " << m;
  }
}

TEST(MatMul, BitsDoNotDependOnTheThreads) {
  for (const auto& [M, N, K] :
       {std::array<int64_t, 3>{1, 3000, 300}, {70, 700, 96}, {500, 100, 64}, {3, 16, 20}}) {
    const Matrix x = RandomMatrix(M, K, 9), w = RandomMatrix(N, K, 10);
    ThreadPool one(1);
    const Matrix expected = Forward(x, w, M, N, K, one);
    for (const int threads : {2, 4}) {
      ThreadPool pool(threads);
      EXPECT_TRUE(SameBits(Forward(x, w, M, N, K, pool), expected)) << threads << " threads";
    }
  }
}

TEST(MatMul, ReadsAndWritesOnlyItsColumnsOfWiderRows) {
  const int64_t M = 14, N = 21, K = 19, ldx = 30, ldy = 27;
  ThreadPool pool(1);
  const Matrix w = RandomMatrix(N, K, 11), wide = RandomMatrix(M, ldx, 12);
  Matrix x(M * K), wide_y(M * ldy, -7.0f);
  for (int64_t m = 0; m < M; ++m) std::copy_n(wide.begin() + m * ldx, K, x.begin() + m * K);
  PackedMatrix packed;
  PackForward(w.data(), N, K, packed);
  MatMul(wide.data(), ldx, packed, wide_y.data(), ldy, M, pool);
  const Matrix expected = ForwardByTheContract(x, w, M, N, K);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < ldy; ++n) {
      EXPECT_EQ(wide_y[m * ldy + n], n < N ? expected[m * N + n] : -7.0f);
    }
  }
}

TEST(MatMul, InputGradientIsTheProductWithTheTransposedWeights) {
  const int64_t M = 13, N = 50, K = 37;
  ThreadPool pool(1);
  const Matrix w_NK = RandomMatrix(N, K, 13), dy = RandomMatrix(M, N, 14);
  Matrix w_KN(K * N);
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t k = 0; k < K; ++k) w_KN[k * N + n] = w_NK[n * K + k];
  }
  const Matrix expected = ForwardByTheContract(dy, w_KN, M, K, N);
  PackedMatrix packed;
  PackInputGradient(w_NK.data(), N, K, packed);
  ForEachSimdTarget([&] {
    Matrix dx(M * K);
    MatMul(dy.data(), N, packed, dx.data(), K, M, pool);
    EXPECT_TRUE(SameBits(dx, expected));
  });
}

TEST(MatMul, InputGradientIsTheGradientOfTheForwardProductInDouble) {
  const int64_t M = 13, N = 121, K = 37;
  ThreadPool pool(2);
  const Matrix w_NK = RandomMatrix(N, K, 15), dy = RandomMatrix(M, N, 16);
  PackedMatrix packed;
  PackInputGradient(w_NK.data(), N, K, packed);
  Matrix dx(M * K);
  MatMul(dy.data(), N, packed, dx.data(), K, M, pool);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t k = 0; k < K; ++k) {
      double sum = 0;
      for (int64_t n = 0; n < N; ++n) sum += static_cast<double>(dy[m * N + n]) * w_NK[n * K + k];
      EXPECT_NEAR(dx[m * K + k], sum, 5e-5);
    }
  }
}

TEST(MatMul, AMatrixPackedAgainHoldsOnlyTheNewWeights) {
  ThreadPool pool(1);
  const Matrix old_w = RandomMatrix(40, 30, 15), w = RandomMatrix(33, 20, 16),
               x = RandomMatrix(2, 20, 17);
  PackedMatrix packed;
  PackForward(old_w.data(), 40, 30, packed);
  PackForward(w.data(), 33, 20, packed);
  Matrix y(2 * 33);
  MatMul(x.data(), 20, packed, y.data(), 33, 2, pool);
  EXPECT_TRUE(SameBits(y, ForwardByTheContract(x, w, 2, 33, 20)));
  EXPECT_TRUE(
      std::all_of(packed.panels.end() - 15, packed.panels.end(), [](float v) { return v == 0; }));
}

TEST(MatMul, RefusesRowsThatOverlap) {
  ThreadPool pool(1);
  PackedMatrix packed;
  const Matrix w = RandomMatrix(8, 4, 18);
  PackForward(w.data(), 8, 4, packed);
  Matrix x(8), y(16);
  EXPECT_THROW(MatMul(x.data(), 3, packed, y.data(), 8, 2, pool), Error);
  EXPECT_THROW(MatMul(x.data(), 4, packed, y.data(), 7, 2, pool), Error);
}

// dw by the contract's chain: m ascending, from the value that is there.
Matrix WeightGradientByTheContract(const Matrix& dy, const Matrix& x, Matrix dw, int64_t M,
                                   int64_t N, int64_t K) {
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t k = 0; k < K; ++k) {
      for (int64_t m = 0; m < M; ++m) {
        dw[n * K + k] = std::fma(dy[m * N + n], x[m * K + k], dw[n * K + k]);
      }
    }
  }
  return dw;
}

TEST(WeightGradient, HasTheContractsBitsAtEveryShapeAndTarget) {
  ThreadPool pool(1);
  for (const int64_t K : {1, 17, 24, 96, 100}) {
    for (const int64_t N : {1, 15, 17, 121}) {
      for (const int64_t M : {1, 5, 33, 300}) {
        const Matrix dy = RandomMatrix(M, N, 19), x = RandomMatrix(M, K, 20);
        const Matrix start = RandomMatrix(N, K, 21);
        const Matrix expected = WeightGradientByTheContract(dy, x, start, M, N, K);
        ForEachSimdTarget([&] {
          Matrix dw = start;
          AddWeightGradient(dy, x, dw, 0, M, N, K, pool);
          EXPECT_TRUE(SameBits(dw, expected)) << M << " " << N << " " << K;
        });
      }
    }
  }
}

TEST(WeightGradient, BitsDoNotDependOnTheSplitIntoMicroBatchesOrTheThreads) {
  const int64_t M = 400, N = 260, K = 100;
  const Matrix dy = RandomMatrix(M, N, 22), x = RandomMatrix(M, K, 23);
  const Matrix start = RandomMatrix(N, K, 24);
  ThreadPool one(1);
  Matrix expected = start;
  AddWeightGradient(dy, x, expected, 0, M, N, K, one);
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    for (const int64_t micro_batch : {1, 7, 128, 129, 399, 400}) {
      Matrix dw = start;
      for (int64_t m = 0; m < M; m += micro_batch) {
        AddWeightGradient(dy, x, dw, m, std::min(M, m + micro_batch), N, K, pool);
      }
      EXPECT_TRUE(SameBits(dw, expected)) << threads << " threads, micro-batch " << micro_batch;
    }
  }
}

TEST(WeightGradient, IsTheGradientOfTheForwardProductInDouble) {
  const int64_t M = 60, N = 30, K = 40;
  ThreadPool pool(2);
  const Matrix dy = RandomMatrix(M, N, 25), x = RandomMatrix(M, K, 26);
  Matrix dw(N * K, 0.0f);
  AddWeightGradient(dy, x, dw, 0, M, N, K, pool);
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t k = 0; k < K; ++k) {
      double sum = 0;
      for (int64_t m = 0; m < M; ++m) sum += static_cast<double>(dy[m * N + n]) * x[m * K + k];
      EXPECT_NEAR(dw[n * K + k], sum, 2e-5);
    }
  }
}

TEST(WeightGradient, ReadsOnlyItsColumnsOfWiderRows) {
  const int64_t M = 20, N = 9, K = 11, lddy = 16, ldx = 13;
  ThreadPool pool(1);
  const Matrix wide_dy = RandomMatrix(M, lddy, 27), wide_x = RandomMatrix(M, ldx, 28);
  Matrix dy(M * N), x(M * K), dw(N * K, 0.5f);
  for (int64_t m = 0; m < M; ++m) {
    std::copy_n(wide_dy.begin() + m * lddy, N, dy.begin() + m * N);
    std::copy_n(wide_x.begin() + m * ldx, K, x.begin() + m * K);
  }
  const Matrix expected = WeightGradientByTheContract(dy, x, dw, M, N, K);
  AccumulateWeightGradient(wide_dy.data(), lddy, wide_x.data(), ldx, dw.data(), M, N, K, pool);
  EXPECT_TRUE(SameBits(dw, expected));
}

}  // namespace
}  // namespace r1zero::kernels
