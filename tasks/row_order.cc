#include "tasks/row_order.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "tasks/permutation.h"

namespace r1zero {

RowOrder::RowOrder(std::vector<uint32_t> rows) : rows_(std::move(rows)) {
  Require(!rows_.empty(), "no rows to put in order, expected at least one");
  rows_.shrink_to_fit();
}

RowOrder RowOrder::EasyFirst(std::vector<RatedRow> rated) {
  std::stable_sort(rated.begin(), rated.end(),
                   [](const auto& a, const auto& b) { return a.pass_rate > b.pass_rate; });
  std::vector<uint32_t> rows;
  for (const RatedRow& row : rated) rows.push_back(row.row);
  RowOrder order(std::move(rows));
  for (size_t i = 1; i < rated.size(); ++i)
    if (rated[i].pass_rate != rated[i - 1].pass_rate)
      order.starts_.push_back(static_cast<int64_t>(i));
  return order;
}

uint32_t RowOrder::At(uint64_t seed, int64_t number, int set, int sets) const {
  const auto epoch = static_cast<uint64_t>(number / count() * sets + set);
  const int64_t place = number % count();
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), place);
  const int64_t begin = *std::prev(next), end = next == starts_.end() ? count() : *next;
  const int64_t shuffled =
      begin + PermutedIndex(seed, RandomPurpose::kPrompt, epoch, place - begin, end - begin);
  return rows_[static_cast<size_t>(shuffled)];
}

}  // namespace r1zero
