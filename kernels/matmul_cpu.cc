#include "kernels/matmul.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matmul_cpu.cc"
#include "common/error.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/matmul_tile-inl.h"
#include "kernels/range.h"

#ifndef R1ZERO_KERNELS_MATMUL_CPU_ONCE_
#define R1ZERO_KERNELS_MATMUL_CPU_ONCE_
namespace r1zero::kernels {
namespace {

constexpr int64_t kBlockFloats = 65536;  // of packed weights that one task keeps in its L2 cache
constexpr int64_t kStepChunk = 512;      // the reduced index is walked in chunks of at most this

int64_t StepChunks(const PackedMatrix& b) { return std::max<int64_t>(1, CeilDiv(b.K, kStepChunk)); }
// Column blocks, of which one and a chunk of steps stays in the cache while all rows run over it.
int64_t CacheBlocks(const PackedMatrix& b) {
  const int64_t panels = CeilDiv(b.N, 16), steps = CeilDiv(b.K, StepChunks(b));
  return std::clamp<int64_t>(CeilDiv(panels * 16 * steps, kBlockFloats), 1, panels);
}

}  // namespace
}  // namespace r1zero::kernels
#endif  // R1ZERO_KERNELS_MATMUL_CPU_ONCE_

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

static_assert(kStepChunk <= kTileSteps, "a chunk of rows is copied into a tile");

struct MatMulArgs {
  const float* x;
  int64_t ldx;
  const PackedMatrix* b;
  float* y;
  int64_t ldy;
  ReadAhead* ahead;  // may be null
};

const float* PanelsOf(const PackedMatrix& b, float) { return b.panels.data(); }
const Bfloat16* PanelsOf(const PackedMatrix& b, Bfloat16) { return b.bfloat16_panels.data(); }

// One tile's rows against the panels of a block, for steps [k.begin, k.end).
template <typename B>
void MatMulRows(const MatMulArgs& args, Range rows, Range panels, Range k) {
  HWY_ALIGN float x_copy[kMaxTileRows * kRowStride];
  const float* x = args.x + rows.begin * args.ldx + k.begin;
  if (rows.size() > 1) {
    CopyRows(x, args.ldx, x_copy, kRowStride, rows.size(), k.size());
    x = x_copy;
  }
  const PackedMatrix& b = *args.b;
  const int num_rows = static_cast<int>(rows.size());
  const int64_t groups = CeilDiv(panels.size(), TilePanels(num_rows));
  for (int64_t g = 0; g < groups; ++g) {
    const Range part = Part(panels.size(), groups, g);
    const int64_t panel = panels.begin + part.begin;
    const TileArgs<B> tile = {
        .a = x,
        .a_step = 1,
        .b = PanelsOf(b, B()) + (panel * b.K + k.begin) * 16,
        .panel_stride = b.K * 16,
        .steps = k.size(),
        .y = args.y + rows.begin * args.ldy + panel * 16,
        .ldy = args.ldy,
        .from_zero = k.begin == 0,
        .ahead = args.ahead == nullptr ? ReadAhead::Lines() : args.ahead->Take(k.size())};
    const int num_panels = static_cast<int>(part.size());
    RunTile(TileOf<B, kRowStride, kMaxTilePanels>(num_rows, num_panels), tile, num_rows, num_panels,
            std::min<int64_t>(num_panels * 16, b.N - panel * 16));
  }
}

template <typename B>
void MatMulOf(const float* x, int64_t ldx, const PackedMatrix& b, float* y, int64_t ldy, int64_t M,
              ThreadPool& pool, ReadAhead* ahead) {
  const MatMulArgs args = {x, ldx, &b, y, ldy, ahead};
  const int64_t panels = CeilDiv(b.N, 16), tiles = CeilDiv(M, kMaxTileRows);
  const int64_t chunks = StepChunks(b);
  const int64_t wanted_tasks = WantedTasks(pool.threads(), M * b.N * b.K);
  const int64_t row_blocks = std::clamp<int64_t>(wanted_tasks, 1, tiles);
  // Enough column blocks for the cache, and for the threads where there are few rows.
  const int64_t column_blocks =
      std::clamp<int64_t>(std::max(CacheBlocks(b), wanted_tasks / row_blocks), 1, panels);
  pool.ParallelFor(row_blocks * column_blocks, [&](int64_t task) HWY_ATTR {
    const Range block_tiles = Part(tiles, row_blocks, task / column_blocks);
    const Range block_panels = Part(panels, column_blocks, task % column_blocks);
    if (ahead != nullptr) ahead->Reach();
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const Range k = Part(b.K, chunks, chunk);
      for (int64_t tile = block_tiles.begin; tile < block_tiles.end; ++tile) {
        MatMulRows<B>(args, Part(M, tiles, tile), block_panels, k);
      }
    }
  });
}

void MatMul(const float* x, int64_t ldx, const PackedMatrix& b, float* y, int64_t ldy, int64_t M,
            ThreadPool& pool, ReadAhead* ahead) {
  if (b.storage == Storage::kBfloat16) return MatMulOf<Bfloat16>(x, ldx, b, y, ldy, M, pool, ahead);
  MatMulOf<float>(x, ldx, b, y, ldy, M, pool, ahead);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {
HWY_EXPORT(MatMul);
}  // namespace

namespace {

// The panels of `packed` for its storage, with room for all.
template <typename B>
B* Panels(PackedMatrix& packed) {
  const int64_t size = CeilDiv(packed.N, 16) * packed.K * 16;
  if constexpr (std::is_same_v<B, float>) {
    packed.panels.resize(size);
    return packed.panels.data();
  } else {
    packed.bfloat16_panels.resize(size);
    return packed.bfloat16_panels.data();
  }
}

template <typename B>
void PackColumns(const float* w_NK, PackedMatrix& packed) {
  constexpr int64_t kBlock = 64;  // columns of w transposed at a time: they stay in L1
  const int64_t N = packed.N, K = packed.K;
  B* const panels = Panels<B>(packed);
  for (int64_t n0 = 0; n0 < N; n0 += 16) {
    B* const panel = panels + n0 * K;
    const int64_t width = std::min<int64_t>(16, N - n0);
    if (width < 16) std::fill_n(panel, K * 16, B());
    for (int64_t k0 = 0; k0 < K; k0 += kBlock) {
      const int64_t k1 = std::min(K, k0 + kBlock);
      for (int64_t n = 0; n < width; ++n) {
        for (int64_t k = k0; k < k1; ++k) panel[k * 16 + n] = Rounded<B>(w_NK[(n0 + n) * K + k]);
      }
    }
  }
}

// w is [packed.K, packed.N].
template <typename B>
void PackRows(const float* w, PackedMatrix& packed) {
  const int64_t N = packed.K, K = packed.N;
  B* const panels = Panels<B>(packed);
  for (int64_t k0 = 0; k0 < K; k0 += 16) {
    B* const panel = panels + k0 * N;
    const int64_t width = std::min<int64_t>(16, K - k0);
    if (width < 16) std::fill_n(panel, N * 16, B());
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t i = 0; i < width; ++i) panel[n * 16 + i] = Rounded<B>(w[n * K + k0 + i]);
    }
  }
}

}  // namespace

void PackForward(const float* w_NK, int64_t N, int64_t K, PackedMatrix& packed) {
  packed.K = K;
  packed.N = N;
  if (packed.storage == Storage::kBfloat16) return PackColumns<Bfloat16>(w_NK, packed);
  PackColumns<float>(w_NK, packed);
}

void PackInputGradient(const float* w_NK, int64_t N, int64_t K, PackedMatrix& packed) {
  packed.K = N;
  packed.N = K;
  if (packed.storage == Storage::kBfloat16) return PackRows<Bfloat16>(w_NK, packed);
  PackRows<float>(w_NK, packed);
}

int64_t NumPlanEntries(const PackedMatrix& b) { return b.N == 0 ? 0 : CacheBlocks(b); }

void PlanMatMul(const PackedMatrix& b, bool cached, ReadAhead& ahead) {
  const int64_t panels = CeilDiv(b.N, 16), blocks = NumPlanEntries(b);
  for (int64_t block = 0; block < blocks; ++block) {
    const Range part = Part(panels, blocks, block);
    const int64_t begin = part.begin * b.K * 16, size = part.size() * b.K * 16;
    if (cached) {
      ahead.AddCached();
    } else if (b.storage == Storage::kBfloat16) {
      ahead.Add(reinterpret_cast<const float*>(b.bfloat16_panels.data() + begin), size / 2);
    } else {
      ahead.Add(b.panels.data() + begin, size);
    }
  }
}

void MatMul(const float* x_MK, int64_t ldx, const PackedMatrix& b, float* y_MN, int64_t ldy,
            int64_t M, ThreadPool& pool, ReadAhead* ahead) {
  if (M == 0 || b.N == 0) return;
  Require(ahead == nullptr || pool.threads() == 1, "MatMul: a plan to read ahead and ",
          pool.threads(), " threads; expected one");
  Require(ldx >= b.K && ldy >= b.N, "MatMul: rows of x and y are ", ldx, " and ", ldy,
          " apart; expected at least ", b.K, " and ", b.N);
  HWY_DYNAMIC_DISPATCH(MatMul)(x_MK, ldx, b, y_MN, ldy, M, pool, ahead);
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
