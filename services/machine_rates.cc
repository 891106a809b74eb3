#include "services/machine_rates.h"

#include <time.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "common/sha256.h"
#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "policy/packed_weights.h"

namespace r1zero {
namespace {

using kernels::AlignedVector;

constexpr double kAtLeastSeconds = 0.1;
constexpr int64_t kTileRows = 48, kGradientRows = 512;
constexpr int64_t kMostColumns = 16384;     // of a matrix that stands for the model's
constexpr int64_t kAdamElements = 4 << 20;  // 64 MiB in four buffers

// Of a core for this thread alone: what else runs on the machine now will not when the run does.
double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Work of one thread: called again and again; `amount` of operations or bytes a call.
struct Work {
  std::function<void()> call;
  double amount = 0;
};

// Of all threads together.
double Rate(int cores, const std::function<Work()>& make) {
  std::vector<double> rates(cores);
  std::vector<std::thread> threads;
  for (int i = 0; i < cores; ++i) {
    threads.emplace_back([&, i] {
      const Work work = make();
      work.call();
      const double start = ThreadSeconds();
      int64_t calls = 0;
      for (; ThreadSeconds() - start < kAtLeastSeconds; ++calls) work.call();
      rates[i] = work.amount * static_cast<double>(calls) / (ThreadSeconds() - start);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

// Gate and up of a layer, the largest matrix that all rows pass.
struct Product {
  Product(const ModelConfig& model, int64_t rows)
      : M(rows), N(std::min(2 * model.intermediate_size, kMostColumns)), K(model.hidden_size) {
    const AlignedVector<float> w_NK(N * K, 0.01f);
    kernels::PackForward(w_NK.data(), N, K, w);
    x.resize(M * K, 1.0f);
    y.resize(M * N, 1.0f);
  }
  double flops() const { return 2.0 * static_cast<double>(M * N * K); }
  int64_t M, N, K;
  kernels::PackedMatrix w;
  AlignedVector<float> x, y;
  kernels::ThreadPool pool;
};

Work ProductWork(const ModelConfig& model, int64_t rows) {
  auto p = std::make_shared<Product>(model, rows);
  return {[p] { kernels::MatMul(p->x.data(), p->K, p->w, p->y.data(), p->N, p->M, p->pool); },
          p->flops()};
}

Work GradientWork(const ModelConfig& model) {
  auto p = std::make_shared<Product>(model, kGradientRows);
  auto dw = std::make_shared<AlignedVector<float>>(p->N * p->K);
  return {[p, dw] {
            kernels::AccumulateWeightGradient(p->y.data(), p->N, p->x.data(), p->K, dw->data(),
                                              p->M, p->N, p->K, p->pool);
          },
          p->flops()};
}

// Rows that see `keys` keys each: of sequences of their own, or of one.
struct Rows {
  Rows(const ModelConfig& model, int64_t rows, int64_t keys, bool of_one)
      : shape(AttentionShapeOf(model)), width(int64_t{shape.heads} * shape.head_width) {
    const int64_t blocks = (keys + 15) / 16, sequences = of_one ? 1 : rows;
    table.resize(sequences * blocks);
    std::iota(table.begin(), table.end(), 0);
    kv.resize(sequences * blocks * kernels::KvBlockSize(shape), 0.01f);
    for (int64_t m = 0; m < rows; ++m)
      at.push_back({table.data() + (of_one ? 0 : m * blocks), static_cast<int32_t>(keys)});
    q.resize(rows * width, 0.01f);
    out.resize(rows * width);
  }
  kernels::AttentionShape shape;
  int64_t width;
  std::vector<int32_t> table;
  std::vector<kernels::AttentionRow> at;
  AlignedVector<float> kv, q, out;
  kernels::ThreadPool pool;
};

Work AttentionWork(const ModelConfig& model, int64_t rows, int64_t keys, bool of_one) {
  auto r = std::make_shared<Rows>(model, rows, keys, of_one);
  return {[r] {
            kernels::Attention(r->q.data(), r->width, r->at.data(),
                               static_cast<int64_t>(r->at.size()), r->shape, r->kv.data(),
                               r->out.data(), nullptr, r->pool);
          },
          4.0 * static_cast<double>(rows * keys * r->width)};
}

Work AdamWork() {
  struct Buffers {
    AlignedVector<float> param, grad, m, v;
    kernels::ThreadPool pool;
  };
  auto b = std::make_shared<Buffers>();
  for (auto* buffer : {&b->param, &b->grad, &b->m, &b->v}) buffer->resize(kAdamElements, 0.01f);
  return {[b] {
            kernels::AdamW(b->param.data(), b->grad.data(), b->m.data(), b->v.data(), kAdamElements,
                           {.lr = 1e-6, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .step = 1},
                           b->pool);
          },
          28.0 * kAdamElements};
}

Work HashWork() {
  auto bytes = std::make_shared<std::vector<std::byte>>(4 << 20);
  return {[bytes] { Sha256Hex(std::span<const std::byte>(*bytes)); },
          static_cast<double>(bytes->size())};
}

}  // namespace

MachineRates MeasureRates(const ModelConfig& model, int64_t decode_rows, int64_t keys, int cores) {
  const int64_t rows = std::clamp<int64_t>(decode_rows, 1, 256);
  return {
      .decode_products = Rate(cores, [&] { return ProductWork(model, rows); }),
      .tile_products = Rate(cores, [&] { return ProductWork(model, kTileRows); }),
      .gradient_products = Rate(cores, [&] { return GradientWork(model); }),
      .decode_attention = Rate(
          cores, [&] { return AttentionWork(model, std::min<int64_t>(rows, 64), keys, false); }),
      .tile_attention = Rate(cores, [&] { return AttentionWork(model, kTileRows, keys, true); }),
      .memory_bytes = Rate(cores, [] { return AdamWork(); }),
      .hash_bytes = Rate(1, [] { return HashWork(); })};
}

MachineRates Scaled(const MachineRates& rates, double times) {
  MachineRates scaled = rates;
  for (double* rate : {&scaled.decode_products, &scaled.tile_products, &scaled.gradient_products,
                       &scaled.decode_attention, &scaled.tile_attention, &scaled.memory_bytes})
    *rate *= times;
  return scaled;
}

}  // namespace r1zero
