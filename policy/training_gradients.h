// Parts of TrainingPass that its two source files share.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "policy/training_pass.h"

namespace r1zero {

// Rows that go through a layer together: few enough for the cache, enough to use a weight often
// while it is there.
inline constexpr int64_t kTileRows = 48;

template <typename Task>
void TrainingPass::ForTiles(int64_t num_rows, const Task& task) {
  pool_.ParallelFor((num_rows + kTileRows - 1) / kTileRows, [&](int64_t tile) {
    const int64_t begin = tile * kTileRows;
    task(Rows{begin, std::min(kTileRows, num_rows - begin)});
  });
}

// Work without an order in it, for all threads at once.
class TrainingPass::Jobs {
 public:
  void Add(int64_t count, std::function<void(int64_t)> task) {
    if (count > 0) jobs_.push_back({count, std::move(task)});
  }
  void Run(kernels::ThreadPool& pool) {
    int64_t total = 0;
    for (const Job& job : jobs_) total += job.count;
    pool.ParallelFor(total, [&](int64_t i) {
      auto job = jobs_.begin();
      for (; i >= job->count; ++job) i -= job->count;
      job->task(i);
    });
    jobs_.clear();
  }

 private:
  struct Job {
    int64_t count;
    std::function<void(int64_t)> task;
  };
  std::vector<Job> jobs_;
};

// Of the layer in work. What a weight's gradient is summed from must stay until the next Jobs have
// run: attention writes dqkv while the layer above still needs its own.
struct TrainingPass::Gradients {
  kernels::AlignedVector<float> dhidden_RD;
  kernels::AlignedVector<float> dx_MD, dmid_MD, dnormed_MD, mid_dnormed_MD;
  kernels::AlignedVector<float> normed_MD, mid_normed_MD, activated_MF, dgate_up_M2F;
  kernels::AlignedVector<float> dattended_MQ, dqkv_MW[2];
  kernels::AlignedVector<float> dnormed_qk_MP;  // where heads of q and k have a norm
};

// What continuations in passes so far have added to the gradient of their prefix.
struct TrainingPass::CarriedPrefix {
  int64_t tokens = 0;                                     // of the prefix; 0: nothing carried
  kernels::AlignedVector<float> dx_D;                     // of its last token, at the top
  std::vector<kernels::AlignedVector<float>> dkv_L_P2KH;  // as AttentionPrefixGroup's
};

}  // namespace r1zero
