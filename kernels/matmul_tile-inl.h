// The inner kernel of every matrix product: a tile of rows x panels of 16 columns, whose
// accumulators stay in registers while it runs over the reduced index.
//
//   y[r, c] = fma over i ascending of a[r, i] * b[i, c]
//
// starting from zero or from what is in y. Vector lanes are columns, so that an element's chain of
// multiply-adds is the same in every tile shape and for every vector width.
#if defined(R1ZERO_KERNELS_MATMUL_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1ZERO_KERNELS_MATMUL_TILE_INL_H_
#undef R1ZERO_KERNELS_MATMUL_TILE_INL_H_
#else
#define R1ZERO_KERNELS_MATMUL_TILE_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/bfloat16.h"
#include "kernels/math-inl.h"
#include "kernels/read_ahead.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

using Vec16 = hn::Vec<Floats16>;
inline constexpr int kLanes = hn::MaxLanes(Floats16());
inline constexpr int kVectorsPerPanel = 16 / kLanes;
// 24 accumulators of 32 registers (AVX-512, NEON), 12 of 16 (AVX2): the rest holds operands.
inline constexpr int kAccumulators = HWY_TARGET == HWY_AVX2 ? 12 : 24;
inline constexpr int kMaxTilePanels = 8;
inline constexpr int kMaxTileRows = kLanes == 16 ? 12 : 6;

// How many panels a tile of `rows` rows takes: few rows take many, to hide the latency of the
// multiply-add.
constexpr int TilePanels(int rows) {
  return std::clamp(kAccumulators / (rows * kVectorsPerPanel), 1, kMaxTilePanels);
}

// B is what the panels hold: float or Bfloat16.
template <typename B>
struct TileArgs {
  const float* a = nullptr;  // a[r, i] = a[r * kStride + i * a_step]
  int64_t a_step = 0;
  const B* b = nullptr;  // b[i, c] = b[(c / 16) * panel_stride + i * 16 + c % 16]
  int64_t panel_stride = 0;
  int64_t steps = 0;  // i in [0, steps)
  float* y = nullptr;
  int64_t ldy = 0;
  bool from_zero = false;
  ReadAhead::Lines ahead;  // asked for on the way, one line a step
};
template <typename B>
using TileFunction = void (*)(const TileArgs<B>&);

HWY_INLINE Vec16 LoadPanel(const float* p) { return hn::Load(Floats16(), p); }
HWY_INLINE Vec16 LoadPanel(const Bfloat16* p) {
  const hn::RebindToUnsigned<Floats16> d32;
  const hn::Rebind<uint16_t, Floats16> d16;
  const auto bits = hn::PromoteTo(d32, hn::Load(d16, reinterpret_cast<const uint16_t*>(p)));
  return hn::BitCast(Floats16(), hn::ShiftLeft<16>(bits));
}

// A pack of variables. GCC 12 keeps an array of accumulators in memory, these in registers.
template <int I>
struct Register {
  Vec16 v;
};
template <class Indices>
struct Registers;
template <int... I>
struct Registers<std::integer_sequence<int, I...>> : Register<I>... {};
template <int I>
HWY_INLINE Vec16& At(Register<I>& r) {
  return r.v;
}

// GCC 12 would load a vector again for each of two or three uses.
HWY_INLINE Vec16 KeepInRegister(Vec16 v) {
#if HWY_ARCH_X86 && HWY_COMPILER_GCC
  asm("" : "+v"(v.raw));
#endif
  return v;
}

HWY_INLINE void PrefetchToSecondLevel(const float* p) { __builtin_prefetch(p, 0, 2); }

template <typename B, int kRows, int kPanels, int kStride>
class Tile {
 public:
  static void Run(const TileArgs<B>& args) {
    Registers<Cells> acc;
    if (args.from_zero) {
      Clear(acc, Cells());
      if constexpr (kRows >= 6) PrefetchRows(args.y, args.ldy);
    } else {
      LoadRows(acc, args.y, args.ldy, Cells());
    }
    const float* HWY_RESTRICT a = args.a;
    const B* HWY_RESTRICT b = args.b;
    const int64_t a_step = args.a_step, panel_stride = args.panel_stride;
    const float* ahead = args.ahead.first;
    for (int64_t i = args.ahead.count; i > 0; --i) {
      PrefetchToSecondLevel(ahead);
      ahead += ReadAhead::kLineFloats;
      Prefetch(b + kStepsAhead * 16, panel_stride, Columns());
      Step(acc, a, b, panel_stride);
      a += a_step;
      b += 16;
    }
    for (int64_t i = args.steps - args.ahead.count; i > 0; --i) {
      Prefetch(b + kStepsAhead * 16, panel_stride, Columns());
      Step(acc, a, b, panel_stride);
      a += a_step;
      b += 16;
    }
    StoreRows(acc, args.y, args.ldy, Cells());
  }

 private:
  static constexpr int kColumns = kPanels * kVectorsPerPanel;  // in vectors
  using Rows = std::make_integer_sequence<int, kRows>;
  using Columns = std::make_integer_sequence<int, kColumns>;
  using Cells = std::make_integer_sequence<int, kRows * kColumns>;

  // b is read once from front to back; the next panels lie behind it.
  static constexpr int64_t kStepsAhead = 24;
  template <int... C>
  static HWY_INLINE void Prefetch(const B* b, int64_t panel_stride,
                                  std::integer_sequence<int, C...>) {
    ((C % kVectorsPerPanel == 0 ? hwy::Prefetch(b + (C / kVectorsPerPanel) * panel_stride)
                                : void()),
     ...);
  }

  template <int C>
  static HWY_INLINE Vec16 LoadB(const B* b, int64_t panel_stride) {
    const Vec16 v =
        LoadPanel(b + (C / kVectorsPerPanel) * panel_stride + (C % kVectorsPerPanel) * kLanes);
    return kRows == 1 ? v : KeepInRegister(v);
  }
  template <int R>
  static HWY_INLINE Vec16 SpreadA(const float* a) {
    return hn::Set(Floats16(), a[R * kStride]);
  }

  // The shorter side's operands wait in registers, the longer side's pass by one at a time.
  static HWY_INLINE void Step(Registers<Cells>& acc, const float* a, const B* b,
                              int64_t panel_stride) {
    if constexpr (kRows < kColumns) {
      Registers<Rows> as;
      SpreadAll(as, a, Rows());
      EachColumn(acc, as, b, panel_stride, Columns());
    } else {
      Registers<Columns> bs;
      LoadAll(bs, b, panel_stride, Columns());
      EachRow(acc, bs, a, Rows());
    }
  }

  template <int... R>
  static HWY_INLINE void SpreadAll(Registers<Rows>& as, const float* a,
                                   std::integer_sequence<int, R...>) {
    ((At<R>(as) = SpreadA<R>(a)), ...);
  }
  template <int... C>
  static HWY_INLINE void EachColumn(Registers<Cells>& acc, Registers<Rows>& as, const B* b,
                                    int64_t panel_stride, std::integer_sequence<int, C...>) {
    (OneColumn<C>(acc, as, LoadB<C>(b, panel_stride), Rows()), ...);
  }
  template <int C, int... R>
  static HWY_INLINE void OneColumn(Registers<Cells>& acc, Registers<Rows>& as, Vec16 b,
                                   std::integer_sequence<int, R...>) {
    ((At<R * kColumns + C>(acc) = hn::MulAdd(At<R>(as), b, At<R * kColumns + C>(acc))), ...);
  }

  template <int... C>
  static HWY_INLINE void LoadAll(Registers<Columns>& bs, const B* b, int64_t panel_stride,
                                 std::integer_sequence<int, C...>) {
    ((At<C>(bs) = LoadB<C>(b, panel_stride)), ...);
  }
  template <int... R>
  static HWY_INLINE void EachRow(Registers<Cells>& acc, Registers<Columns>& bs, const float* a,
                                 std::integer_sequence<int, R...>) {
    (OneRow<R>(acc, bs, SpreadA<R>(a), Columns()), ...);
  }
  template <int R, int... C>
  static HWY_INLINE void OneRow(Registers<Cells>& acc, Registers<Columns>& bs, Vec16 a,
                                std::integer_sequence<int, C...>) {
    ((At<R * kColumns + C>(acc) = hn::MulAdd(a, At<C>(bs), At<R * kColumns + C>(acc))), ...);
  }

  // Many rows of y rarely lie in the cache before they are written.
  static HWY_INLINE void PrefetchRows(const float* y, int64_t ldy) {
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kPanels; ++c) hwy::Prefetch(y + r * ldy + c * 16);
    }
  }
  template <int... I>
  static HWY_INLINE void Clear(Registers<Cells>& acc, std::integer_sequence<int, I...>) {
    ((At<I>(acc) = hn::Zero(Floats16())), ...);
  }
  template <int... I>
  static HWY_INLINE void LoadRows(Registers<Cells>& acc, const float* y, int64_t ldy,
                                  std::integer_sequence<int, I...>) {
    ((At<I>(acc) = hn::LoadU(Floats16(), y + (I / kColumns) * ldy + (I % kColumns) * kLanes)), ...);
  }
  template <int... I>
  static HWY_INLINE void StoreRows(Registers<Cells>& acc, float* y, int64_t ldy,
                                   std::integer_sequence<int, I...>) {
    (hn::StoreU(At<I>(acc), Floats16(), y + (I / kColumns) * ldy + (I % kColumns) * kLanes), ...);
  }
};

// functions[panels - 1] for one number of rows; null where a tile that wide would not fit.
template <typename B>
struct TileRow {
  TileFunction<B> functions[kMaxTilePanels] = {};
};
template <typename B, int kStride, int kMaxPanels, int kRows, int... P>
constexpr TileRow<B> MakeTileRow(std::integer_sequence<int, P...>) {
  return {{Tile<B, kRows, P + 1, kStride>::Run...}};
}

// The tiles of every shape up to kMaxTileRows rows and min(TilePanels(rows), kMaxPanels) panels.
template <typename B, int kStride, int kMaxPanels, int... R>
TileFunction<B> TileOf(int rows, int panels, std::integer_sequence<int, R...>) {
  static constexpr TileRow<B> kTiles[] = {MakeTileRow<B, kStride, kMaxPanels, R + 1>(
      std::make_integer_sequence<int, std::min(TilePanels(R + 1), kMaxPanels)>())...};
  return kTiles[rows - 1].functions[panels - 1];
}
template <typename B, int kStride, int kMaxPanels>
TileFunction<B> TileOf(int rows, int panels) {
  return TileOf<B, kStride, kMaxPanels>(rows, panels,
                                        std::make_integer_sequence<int, kMaxTileRows>());
}

inline constexpr int64_t kTileSteps = 512;       // at most, in one tile
inline constexpr int64_t kRowStride = 512 + 16;  // of copied rows: they lie in different cache sets

HWY_INLINE void CopyRows(const float* from, int64_t ld_from, float* to, int64_t ld_to, int64_t rows,
                         int64_t columns) {
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(to + r * ld_to, from + r * ld_from, columns * sizeof(float));
}

// Runs a tile whose last panel may reach beyond the `columns` columns that y has.
template <typename B>
void RunTile(TileFunction<B> tile, TileArgs<B> args, int64_t rows, int64_t panels,
             int64_t columns) {
  if (columns == panels * 16) return tile(args);
  HWY_ALIGN float whole[kMaxTileRows * kMaxTilePanels * 16];
  float* const y = args.y;
  const int64_t ldy = args.ldy, ld_whole = panels * 16;
  if (!args.from_zero) CopyRows(y, ldy, whole, ld_whole, rows, columns);
  args.y = whole;
  args.ldy = ld_whole;
  tile(args);
  CopyRows(whole, ld_whole, y, ldy, rows, columns);
}

// y[r, c] = sum over i ascending of a[r, i] b[i, c], from zero or from what is in y; b as in TileArgs.
template <typename B>
struct ProductArgs {
  const float* a = nullptr;
  int64_t lda = 0, rows = 0;
  const B* b = nullptr;
  int64_t panel_stride = 0, steps = 0;
  float* y = nullptr;
  int64_t ldy = 0, columns = 0;
  bool from_zero = true;
};

// At most kMaxTileRows rows and kTileSteps steps.
template <typename B>
void MultiplyTile(const ProductArgs<B>& p) {
  HWY_ALIGN float a_copy[kMaxTileRows * kRowStride];
  CopyRows(p.a, p.lda, a_copy, kRowStride, p.rows, p.steps);
  const int rows = static_cast<int>(p.rows);
  const int64_t panels = (p.columns + 15) / 16;
  for (int64_t first = 0; first < panels; first += TilePanels(rows)) {
    const int count = static_cast<int>(std::min<int64_t>(TilePanels(rows), panels - first));
    RunTile<B>(TileOf<B, kRowStride, kMaxTilePanels>(rows, count),
               {.a = a_copy,
                .a_step = 1,
                .b = p.b + first * p.panel_stride,
                .panel_stride = p.panel_stride,
                .steps = p.steps,
                .y = p.y + first * 16,
                .ldy = p.ldy,
                .from_zero = p.from_zero},
               rows, count, std::min<int64_t>(count * 16, p.columns - first * 16));
  }
}

template <typename B>
void MultiplyRows(const ProductArgs<B>& p) {
  const int64_t tiles = (p.rows + kMaxTileRows - 1) / kMaxTileRows;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int64_t begin = p.rows * tile / tiles, end = p.rows * (tile + 1) / tiles;
    for (int64_t step = 0; step < p.steps; step += kTileSteps) {
      ProductArgs<B> part = p;
      part.a += begin * p.lda + step;
      part.rows = end - begin;
      part.b += step * 16;
      part.steps = std::min(kTileSteps, p.steps - step);
      part.y += begin * p.ldy;
      part.from_zero = p.from_zero && step == 0;
      MultiplyTile(part);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
