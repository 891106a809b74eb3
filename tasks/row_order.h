// The order in which a set's rows are asked, epoch after epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace r1zero {

// 4 bytes a row. Immutable, thread-safe.
class RowOrder {
 public:
  explicit RowOrder(std::vector<uint32_t> rows);  // every epoch a shuffle; at least one row

  struct RatedRow {
    uint32_t row = 0;
    float pass_rate = 0;
  };
  // Every epoch from the rows solved most often to those solved least, rows of one rate shuffled.
  static RowOrder EasyFirst(std::vector<RatedRow> rows);

  // The row that stands at place `number` >= 0 of all epochs. `set` of `sets` has shuffles of its own.
  uint32_t At(uint64_t seed, int64_t number, int set = 0, int sets = 1) const;
  int64_t count() const { return static_cast<int64_t>(rows_.size()); }
  const std::vector<uint32_t>& rows() const { return rows_; }

 private:
  std::vector<uint32_t> rows_;
  std::vector<int64_t> starts_ = {0};  // where each run of rows that are shuffled together begins
};

}  // namespace r1zero
