// Attention touches nothing behind its output, whatever the head width: the output ends where memory ends.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <span>

#include "kernels/attention.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

// n floats, and behind the last one a page that nobody may touch.
class FloatsAtTheEnd {
 public:
  explicit FloatsAtTheEnd(size_t n) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t used = (n * sizeof(float) + page - 1) / page * page;
    bytes_ = used + page;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    char* end = static_cast<char*>(memory_) + used;
    EXPECT_EQ(mprotect(end, page, PROT_NONE), 0);
    floats_ = {reinterpret_cast<float*>(end) - n, n};
  }
  ~FloatsAtTheEnd() { munmap(memory_, bytes_); }
  FloatsAtTheEnd(const FloatsAtTheEnd&) = delete;
  FloatsAtTheEnd& operator=(const FloatsAtTheEnd&) = delete;
  std::span<float> floats() const { return floats_; }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
  std::span<float> floats_;
};

class AttentionOfHeadsOf : public testing::TestWithParam<int> {
 protected:
  static constexpr int N = 3;
  static constexpr int64_t M = 40;
  const int H = GetParam();
  const AttentionShape shape{N, 1, H, 1 / std::sqrt(static_cast<float>(H))};
  const int64_t ld = (N + 2) * H;
  const Floats qkv = RandomFloats(M * ld, 1, 2);
};
INSTANTIATE_TEST_SUITE_P(, AttentionOfHeadsOf, testing::Values(2, 6, 10, 12, 20, 34));

TEST_P(AttentionOfHeadsOf, WritesUpToTheEndOfItsOutputAndNoFurther) {
  const std::vector<int32_t> table{2, 0, 1};
  AlignedVector<float> blocks(3 * KvBlockSize(shape));
  std::vector<AttentionRow> rows;
  for (int32_t m = 0; m < M; ++m) rows.push_back({table.data(), m + 1});
  ThreadPool pool;
  StoreKv(&qkv[N * H], &qkv[(N + 1) * H], ld, rows.data(), M, shape, blocks.data(), pool);
  const auto attend = [&](float* out) {
    Attention(qkv.data(), ld, rows.data(), M, shape, blocks.data(), out, nullptr, pool);
  };
  Floats expected(M * N * H);
  attend(expected.data());
  const FloatsAtTheEnd out(expected.size());
  ForEachSimdTarget([&] {
    attend(out.floats().data());
    EXPECT_TRUE(SameBits(Floats(out.floats().begin(), out.floats().end()), expected));
  });
}

}  // namespace
}  // namespace r1zero::kernels
