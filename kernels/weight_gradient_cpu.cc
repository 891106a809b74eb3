#include <algorithm>
#include <cstdint>

#include "kernels/matmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/weight_gradient_cpu.cc"
#include "common/error.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/matmul_tile-inl.h"
#include "kernels/range.h"

#ifndef R1ZERO_KERNELS_WEIGHT_GRADIENT_CPU_ONCE_
#define R1ZERO_KERNELS_WEIGHT_GRADIENT_CPU_ONCE_
namespace r1zero::kernels {
namespace {

constexpr int64_t kTokenChunk = 128;   // tokens packed at a time,
constexpr int64_t kColumnBlock = 512;  // with this many columns of x: together 256 KiB

struct WeightGradientArgs {
  const float* dy;
  int64_t lddy;
  const float* x;
  int64_t ldx;
  float* dw;
  int64_t N, K;
};

// A block of dw: its rows are columns of dy, its columns are columns of x.
struct GradientBlock {
  Range rows, columns;
};

// Asks for the tokens of the next chunk while this one is summed: they lie beyond the second-level
// cache, and copies that wait for them take a third as long as the products.
class TokensAhead {
 public:
  // Over `calls` calls of Take, with some to spare.
  TokensAhead(const WeightGradientArgs& args, GradientBlock block, Range tokens, int64_t calls)
      : operands_{{args.dy + block.rows.begin, args.lddy, Lines(block.rows.size())},
                  {args.x + block.columns.begin, args.ldx, Lines(block.columns.size())}},
        tokens_(tokens),
        a_call_(CeilDiv(3 * tokens.size() * (operands_[0].lines + operands_[1].lines), 2 * calls)) {
  }

  ReadAhead::Lines Take(int64_t most) {
    if (tokens_.size() == 0) return {};
    const Operand& rows = operands_[operand_];
    const int64_t count = std::min({most, a_call_, rows.lines - line_});
    const float* first = rows.first + tokens_.begin * rows.ld + line_ * ReadAhead::kLineFloats;
    Advance(count);
    return {first, count};
  }

 private:
  struct Operand {
    const float* first;
    int64_t ld, lines;  // a row's
  };
  static int64_t Lines(int64_t floats) { return CeilDiv(floats, ReadAhead::kLineFloats); }
  void Advance(int64_t count) {
    line_ += count;
    if (line_ < operands_[operand_].lines) return;
    line_ = 0;
    operand_ = 1 - operand_;
    if (operand_ == 0) ++tokens_.begin;
  }

  Operand operands_[2];
  Range
      tokens_;  // not yet asked for; of the first one, what comes before line_ of operand_ has been
  int64_t a_call_;
  int64_t operand_ = 0, line_ = 0;
};

// Where a thread packs the tokens of its task.
float* PackedTokens() {
  thread_local AlignedVector<float> panels(kTokenChunk * kColumnBlock);
  return panels.data();
}

}  // namespace
}  // namespace r1zero::kernels
#endif  // R1ZERO_KERNELS_WEIGHT_GRADIENT_CPU_ONCE_

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

// to[i] = the first `width` of row i's floats, then zeros, 16 in all.
void CopyPanel(const float* from, int64_t ld, int64_t rows, int64_t width, float* to) {
  const Floats16 d;
  if (HWY_MEM_OPS_MIGHT_FAULT && width < 16) {
    std::fill_n(to, rows * 16, 0.0f);
    return CopyRows(from, ld, to, 16, rows, width);
  }
  for (int64_t c = 0; c < 16; c += kLanes) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(std::clamp<int64_t>(width - c, 0, kLanes)));
    for (int64_t r = 0; r < rows; ++r) {
      hn::Store(hn::MaskedLoad(mask, d, from + r * ld + c), d, to + r * 16 + c);
    }
  }
}

// The tokens' columns [columns.begin, columns.end) of x, as panels of 16 columns, zero-padded.
void PackTokens(const WeightGradientArgs& args, Range tokens, Range columns, float* panels) {
  for (int64_t k = columns.begin; k < columns.end; k += 16) {
    CopyPanel(args.x + tokens.begin * args.ldx + k, args.ldx, tokens.size(),
              std::min<int64_t>(16, columns.end - k), panels + (k - columns.begin) * tokens.size());
  }
}

// Rows of dy lie too far apart for the hardware to foresee that the next tile's columns follow.
void PrefetchNextTile(const WeightGradientArgs& args, Range rows, Range tokens, Range part) {
  const int64_t last = std::min(rows.end + kMaxTileRows, args.N) - 1;
  for (int64_t m = tokens.begin + part.begin; m < tokens.begin + part.end; ++m) {
    hwy::Prefetch(args.dy + m * args.lddy + last);
  }
}

constexpr int kStripPanels = TilePanels(kMaxTileRows);
constexpr int64_t kStripColumns = kStripPanels * 16;

// One tile of rows of dw, over the tokens whose x lies packed in `panels`.
void WeightGradientRows(const WeightGradientArgs& args, GradientBlock block, Range tokens,
                        const float* panels, TokensAhead& ahead) {
  HWY_ALIGN float dy_tile[kTokenChunk * 16];
  const auto [rows, columns] = block;
  const int num_rows = static_cast<int>(rows.size());
  // Columns of the next tiles may come along: nothing reads them here, and a whole panel is faster.
  CopyPanel(args.dy + tokens.begin * args.lddy + rows.begin, args.lddy, tokens.size(),
            std::min<int64_t>(16, args.N - rows.begin), dy_tile);
  const int64_t strips = CeilDiv(columns.size(), kStripColumns);
  for (int64_t s = 0; s < strips; ++s) {
    PrefetchNextTile(args, rows, tokens, Part(tokens.size(), strips, s));
    const int64_t k = columns.begin + s * kStripColumns;
    const int64_t width = std::min<int64_t>(kStripColumns, columns.end - k);
    const int num_panels = static_cast<int>(CeilDiv(width, 16));
    const TileArgs<float> tile = {.a = dy_tile,
                                  .a_step = 16,
                                  .b = panels + (k - columns.begin) * tokens.size(),
                                  .panel_stride = tokens.size() * 16,
                                  .steps = tokens.size(),
                                  .y = args.dw + rows.begin * args.K + k,
                                  .ldy = args.K,
                                  .from_zero = false,
                                  .ahead = ahead.Take(tokens.size())};
    RunTile(TileOf<float, 1, kStripPanels>(num_rows, num_panels), tile, num_rows, num_panels,
            width);
  }
}

// All tokens, into the tiles of rows `tiles` of `num_tiles`, for the columns of one block.
void WeightGradientTiles(const WeightGradientArgs& args, int64_t M, Range tiles, int64_t num_tiles,
                         Range columns) {
  float* const panels = PackedTokens();
  const GradientBlock block = {
      {Part(args.N, num_tiles, tiles.begin).begin, Part(args.N, num_tiles, tiles.end - 1).end},
      columns};
  const int64_t chunks = CeilDiv(M, kTokenChunk);
  const int64_t calls = tiles.size() * CeilDiv(columns.size(), kStripColumns);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const Range tokens = Part(M, chunks, chunk);
    const Range next = chunk + 1 < chunks ? Part(M, chunks, chunk + 1) : Range();
    TokensAhead ahead(args, block, next, calls);
    PackTokens(args, tokens, columns, panels);
    for (int64_t tile = tiles.begin; tile < tiles.end; ++tile)
      WeightGradientRows(args, {Part(args.N, num_tiles, tile), columns}, tokens, panels, ahead);
  }
}

void AccumulateWeightGradient(const float* dy, int64_t lddy, const float* x, int64_t ldx, float* dw,
                              int64_t M, int64_t N, int64_t K, ThreadPool& pool) {
  const WeightGradientArgs args = {dy, lddy, x, ldx, dw, N, K};
  const int64_t tiles = CeilDiv(N, kMaxTileRows);
  // At least four tiles a task: each task packs x for itself.
  const int64_t tasks =
      std::clamp<int64_t>(WantedTasks(pool.threads(), M * N * K), 1, CeilDiv(tiles, 4));
  pool.ParallelFor(tasks, [&](int64_t task) HWY_ATTR {
    for (int64_t k = 0; k < K; k += kColumnBlock)
      WeightGradientTiles(args, M, Part(tiles, tasks, task), tiles,
                          {k, std::min(K, k + kColumnBlock)});
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {
HWY_EXPORT(AccumulateWeightGradient);
}  // namespace

void AccumulateWeightGradient(const float* dy_MN, int64_t lddy, const float* x_MK, int64_t ldx,
                              float* dw_NK, int64_t M, int64_t N, int64_t K, ThreadPool& pool) {
  if (M == 0 || N == 0 || K == 0) return;
  Require(lddy >= N && ldx >= K, "AccumulateWeightGradient: rows of dy and x are ", lddy, " and ",
          ldx, " apart; expected at least ", N, " and ", K);
  HWY_DYNAMIC_DISPATCH(AccumulateWeightGradient)(dy_MN, lddy, x_MK, ldx, dw_NK, M, N, K, pool);
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
