#include "kernels/head.h"

#include <algorithm>
#include <vector>

#include "common/error.h"
#include "kernels/math.h"
#include "kernels/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/head_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

float LogSumExpRow(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature) {
  return LogSumExpOf(logits_V, V, inv_temperature, [](auto, int64_t, auto) HWY_ATTR {});
}

float EntropyRow(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature,
                 float logsumexp) {
  return EntropyOf(logits_V, V, inv_temperature, logsumexp);
}

// Turns one row of logits into d(loss)/d(logits) in place; `gradient` is d(loss)/d(logprob).
void LogitGradientRow(float* HWY_RESTRICT logits_V, int64_t V, int32_t target,
                      float inv_temperature, float logsumexp, float gradient) {
  const float scale = gradient * inv_temperature;
  const Float1 d1;
  const float z = logits_V[target] * inv_temperature;
  const float p = hn::GetLane(Exp(d1, hn::Set(d1, z - logsumexp)));
  ForEachVector(V, [=](auto d, int64_t i) HWY_ATTR {
    const auto z = hn::Mul(hn::LoadU(d, logits_V + i), hn::Set(d, inv_temperature));
    const auto p = Exp(d, hn::Sub(z, hn::Set(d, logsumexp)));
    hn::StoreU(hn::Mul(p, hn::Set(d, -scale)), d, logits_V + i);
  });
  logits_V[target] = scale * (1.0f - p);
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(LogSumExpRow);
HWY_EXPORT(EntropyRow);
HWY_EXPORT(LogitGradientRow);

constexpr int64_t kTileRows = 32;
constexpr int64_t kMaxGradientFloats = int64_t{1} << 22;  // 16 MiB of dlogits at a time

// Rows whose dlogits are held together: many, because each such chunk passes once over dw.
int64_t GradientChunkRows(int64_t M, int64_t V) {
  const int64_t tiles = std::max<int64_t>(1, kMaxGradientFloats / (V * kTileRows));
  return std::min(M, std::min<int64_t>(tiles, 32) * kTileRows);
}

void RequireTarget(int32_t target, int64_t V, const RowDistribution* distribution) {
  Require(target >= 0 && target < V, "head: target token is ", target, ", expected 0 to ", V - 1);
  if (distribution == nullptr || distribution->kept == nullptr) return;
  Require(distribution->kept->vocab_size() != V || distribution->kept->Contains(target),
          "head: target token is ", target, ", which is not one of the ",
          distribution->kept->size(), " tokens that its row's distribution keeps");
}

// Of row m; null: the plain softmax.
const RowDistribution* DistributionOf(const RowDistribution* distributions_M, int64_t m) {
  return distributions_M == nullptr ? nullptr : distributions_M + m;
}

// Turns one row of logits into d(loss)/d(logits) in place.
void LogitGradient(float* logits_V, int64_t V, int32_t target, float inv_temperature,
                   float logsumexp, float gradient, const RowDistribution* distribution) {
  thread_local std::vector<float> slopes;
  RequireTarget(target, V, distribution);
  if (distribution != nullptr) ApplyDistribution(*distribution, logits_V, V, &slopes);
  HWY_DYNAMIC_DISPATCH(LogitGradientRow)
  (logits_V, V, target, inv_temperature, logsumexp, gradient);
  if (distribution != nullptr) ScaleGradient(*distribution, slopes, logits_V);
}

}  // namespace

float LogSumExp(const float* logits_V, int64_t V, float inv_temperature) {
  return HWY_DYNAMIC_DISPATCH(LogSumExpRow)(logits_V, V, inv_temperature);
}

void HeadForward(const float* hidden_MD, const PackedMatrix& w, const int32_t* targets_M,
                 float inv_temperature, float* logprob_M, float* logsumexp_M, float* entropy_M,
                 int64_t M, ThreadPool& pool, const RowDistribution* distributions_M) {
  const int64_t D = w.K, V = w.N;
  pool.ParallelFor((M + kTileRows - 1) / kTileRows, [&](int64_t tile) {
    thread_local AlignedVector<float> buffer;
    const int64_t begin = tile * kTileRows;
    const int64_t rows = std::min(kTileRows, M - begin);
    float* logits_RV = Scratch(buffer, kTileRows * V);
    MatMul(hidden_MD + begin * D, D, w, logits_RV, V, rows, InlinePool());
    for (int64_t m = begin; m < begin + rows; ++m) {
      float* logits_V = logits_RV + (m - begin) * V;
      const RowDistribution* distribution = DistributionOf(distributions_M, m);
      RequireTarget(targets_M[m], V, distribution);
      if (distribution != nullptr) ApplyDistribution(*distribution, logits_V, V);
      logsumexp_M[m] = LogSumExp(logits_V, V, inv_temperature);
      logprob_M[m] = logits_V[targets_M[m]] * inv_temperature - logsumexp_M[m];
      if (entropy_M != nullptr) {
        entropy_M[m] =
            HWY_DYNAMIC_DISPATCH(EntropyRow)(logits_V, V, inv_temperature, logsumexp_M[m]);
      }
    }
  });
}

void HeadBackward(const float* dlogprob_M, const float* hidden_MD, const PackedMatrix& w,
                  const PackedMatrix& w_backward, const int32_t* targets_M, float inv_temperature,
                  const float* logsumexp_M, float* dhidden_MD, float* dw_VD, int64_t M,
                  ThreadPool& pool, const RowDistribution* distributions_M) {
  const int64_t D = w.K, V = w.N;
  const int64_t chunk_rows = GradientChunkRows(M, V);
  thread_local AlignedVector<float> buffer;
  float* dlogits_RV = Scratch(buffer, chunk_rows * V);
  for (int64_t chunk = 0; chunk < M; chunk += chunk_rows) {
    const int64_t chunk_end = std::min(M, chunk + chunk_rows);
    pool.ParallelFor((chunk_end - chunk + kTileRows - 1) / kTileRows, [&](int64_t tile) {
      const int64_t begin = chunk + tile * kTileRows;
      const int64_t rows = std::min(kTileRows, chunk_end - begin);
      float* tile_RV = dlogits_RV + (begin - chunk) * V;
      MatMul(hidden_MD + begin * D, D, w, tile_RV, V, rows, InlinePool());
      for (int64_t m = begin; m < begin + rows; ++m) {
        LogitGradient(tile_RV + (m - begin) * V, V, targets_M[m], inv_temperature, logsumexp_M[m],
                      dlogprob_M[m], DistributionOf(distributions_M, m));
      }
      MatMul(tile_RV, V, w_backward, dhidden_MD + begin * D, D, rows, InlinePool());
    });
    AccumulateWeightGradient(dlogits_RV, V, hidden_MD + chunk * D, D, dw_VD, chunk_end - chunk, V,
                             D, pool);
  }
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
