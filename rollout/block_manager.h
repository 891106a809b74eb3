// Which KV blocks are free, and how many sequences share each. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace r1zero {

class BlockManager {
 public:
  explicit BlockManager(int64_t num_blocks);
  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int32_t Allocate();           // REQUIRES num_free() > 0; the block has one owner
  void Share(int32_t block);    // one owner more
  void Release(int32_t block);  // one owner less; free when none is left
  bool IsShared(int32_t block) const { return owners_[block] > 1; }

 private:
  std::vector<int32_t> free_;
  std::vector<int32_t> owners_;
};

}  // namespace r1zero
