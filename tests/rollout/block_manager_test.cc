#include "rollout/block_manager.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

TEST(BlockManager, HandsOutEveryBlockOnce) {
  BlockManager blocks(5);
  std::set<int32_t> taken;
  for (int i = 0; i < 5; ++i) taken.insert(blocks.Allocate());
  EXPECT_EQ(taken, (std::set<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(blocks.num_free(), 0);
  EXPECT_THROW(blocks.Allocate(), Error);
}

TEST(BlockManager, FreesABlockWithItsLastOwner) {
  BlockManager blocks(1);
  const int32_t block = blocks.Allocate();
  EXPECT_FALSE(blocks.IsShared(block));
  blocks.Share(block);
  EXPECT_TRUE(blocks.IsShared(block));
  blocks.Release(block);
  EXPECT_FALSE(blocks.IsShared(block));
  EXPECT_EQ(blocks.num_free(), 0);
  blocks.Release(block);
  EXPECT_EQ(blocks.num_free(), 1);
}

TEST(BlockManager, RefusesToFreeOrShareWhatIsFree) {
  BlockManager blocks(2);
  EXPECT_THROW(blocks.Release(0), Error);
  EXPECT_THROW(blocks.Share(0), Error);
  EXPECT_THROW(BlockManager(0), Error);
}

TEST(BlockManager, CountsAsAMapOfOwnersDoes) {
  BlockManager blocks(20);
  std::map<int32_t, int> owners;
  RandomStream random(3, RandomPurpose::kShuffle);
  for (int i = 0; i < 10000; ++i) {
    const bool take = blocks.num_free() > 0 && random.Chance(0.4);
    if (take) {
      const int32_t block = blocks.Allocate();
      ASSERT_EQ(owners.count(block), 0);
      owners[block] = 1;
    } else if (!owners.empty()) {
      const auto it = std::next(owners.begin(), random.Below(owners.size()));
      if (random.Chance(0.4)) {
        blocks.Share(it->first), ++it->second;
      } else {
        blocks.Release(it->first);
        if (--it->second == 0) owners.erase(it);
      }
    }
    ASSERT_EQ(blocks.num_free(), 20 - static_cast<int64_t>(owners.size()));
    for (const auto& [block, count] : owners) ASSERT_EQ(blocks.IsShared(block), count > 1);
  }
}

}  // namespace
}  // namespace r1zero
