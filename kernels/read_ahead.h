// What one thread is going to read, in that order, so that it comes from memory into the second-level
// cache while the thread still multiplies what it has.
//
// A core has few places for lines on their way, so that a burst of requests stalls it. The kernels ask
// for a line between two steps of a product instead: they take lines from the front of the plan, and
// say when they reach an entry, so that the plan never runs further ahead than the cache holds.
// Changes no result. Not thread-safe: one a thread.
#pragma once

#include <cstdint>
#include <vector>

namespace r1zero::kernels {

class ReadAhead {
 public:
  static constexpr int64_t kLineFloats = 16;

  // At most so many bytes are on their way or waiting to be read.
  explicit ReadAhead(int64_t distance_bytes = DefaultDistance());
  // Half of this machine's second-level cache.
  static int64_t DefaultDistance();

  // Room for a plan of so many entries, so that making it allocates nothing.
  void Reserve(int64_t entries) { plan_.reserve(entries); }
  void Clear();
  int64_t entries() const { return static_cast<int64_t>(plan_.size()); }
  int64_t reached() const { return reached_; }
  // The next entries of the plan: `floats` floats from p on; blocks of `block_floats` at
  // base + table[i] * block_floats; something that the cache is expected to hold already.
  void Add(const float* p, int64_t floats) { Add({p, nullptr, 1, floats}); }
  void Add(const float* base, const int32_t* table, int64_t blocks, int64_t block_floats) {
    Add({base, table, blocks, block_floats});
  }
  void AddCached() { Add({}); }

  // The thread begins to read the next `entries` entries.
  void Reach(int64_t entries = 1);

  // Lines that lie one after another, at most `most` of them; none where nothing is left to ask for
  // or the distance is used up.
  struct Lines {
    const float* first = nullptr;
    int64_t count = 0;
  };
  Lines Take(int64_t most);

 private:
  struct Entry {
    const float* base = nullptr;
    const int32_t* table = nullptr;
    int64_t blocks = 0, block_floats = 0;
    int64_t begin = 0;  // lines of the plan before this entry
    int64_t block_lines() const { return (block_floats + kLineFloats - 1) / kLineFloats; }
    int64_t end() const { return begin + blocks * block_lines(); }
  };
  void Add(Entry entry);

  int64_t distance_lines_;
  std::vector<Entry> plan_;
  int64_t reached_ = 0;           // entries that the thread has begun to read
  int64_t at_ = 0, at_line_ = 0;  // the entry, and the line in it, to ask for next
};

}  // namespace r1zero::kernels
