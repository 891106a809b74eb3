#include "rollout/block_manager.h"

#include "common/error.h"

namespace r1zero {

BlockManager::BlockManager(int64_t num_blocks) : owners_(num_blocks) {
  Require(num_blocks > 0, "a KV cache of ", num_blocks, " blocks; expected at least 1");
  free_.reserve(num_blocks);
  for (int64_t block = num_blocks - 1; block >= 0; --block)
    free_.push_back(static_cast<int32_t>(block));
}

// The block freed last is taken first: it is the likeliest to be in a cache.
int32_t BlockManager::Allocate() {
  Require(!free_.empty(), "no KV block is free; all ", owners_.size(), " are in use");
  const int32_t block = free_.back();
  free_.pop_back();
  owners_[block] = 1;
  return block;
}

void BlockManager::Share(int32_t block) {
  Require(owners_.at(block) > 0, "KV block ", block, " is free and cannot be shared");
  ++owners_[block];
}

void BlockManager::Release(int32_t block) {
  Require(owners_.at(block) > 0, "KV block ", block, " is free already");
  if (--owners_[block] == 0) free_.push_back(block);
}

}  // namespace r1zero
