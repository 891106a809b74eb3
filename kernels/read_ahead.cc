#include "kernels/read_ahead.h"

#include <unistd.h>

#include <algorithm>

namespace r1zero::kernels {

int64_t ReadAhead::DefaultDistance() {
  constexpr int64_t kWhereUnknown = int64_t{1} << 19;
#ifdef _SC_LEVEL2_CACHE_SIZE
  const int64_t cache_bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (cache_bytes > 0) return cache_bytes / 2;
#endif
  return kWhereUnknown;
}

ReadAhead::ReadAhead(int64_t distance_bytes)
    : distance_lines_(distance_bytes / int64_t{kLineFloats * sizeof(float)}) {}

void ReadAhead::Clear() {
  plan_.clear();
  reached_ = at_ = at_line_ = 0;
}

void ReadAhead::Add(Entry entry) {
  entry.begin = plan_.empty() ? 0 : plan_.back().end();
  plan_.push_back(entry);
}

void ReadAhead::Reach(int64_t entries) {
  reached_ = std::min<int64_t>(reached_ + entries, static_cast<int64_t>(plan_.size()));
  if (at_ < reached_) {  // what is being read needs no asking
    at_ = reached_;
    at_line_ = 0;
  }
}

ReadAhead::Lines ReadAhead::Take(int64_t most) {
  const auto entries = static_cast<int64_t>(plan_.size());
  while (at_ < entries && plan_[at_].begin + at_line_ >= plan_[at_].end()) {
    ++at_;
    at_line_ = 0;
  }
  if (at_ == entries) return {};
  const Entry& entry = plan_[at_];
  const int64_t read = reached_ == 0 ? 0 : plan_[reached_ - 1].end();
  const int64_t allowed = read + distance_lines_ - (entry.begin + at_line_);
  const int64_t block = at_line_ / entry.block_lines(), line = at_line_ % entry.block_lines();
  const int64_t count = std::min({most, allowed, entry.block_lines() - line});
  if (count <= 0) return {};
  at_line_ += count;
  const int64_t number = entry.table == nullptr ? block : entry.table[block];
  return {entry.base + number * entry.block_floats + line * kLineFloats, count};
}

}  // namespace r1zero::kernels
