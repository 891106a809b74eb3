#include "tasks/problem_rows.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr int64_t kRowsLookedAt = 100;

}  // namespace

ProblemRows::ProblemRows(const std::string& path, ProblemReading options)
    : options_(std::move(options)),
      source_(OpenRows(path, ColumnsOfFormats(options_.answer_column))),
      format_(FirstFormat()) {}

// One row may lack what tells the format, as a GSM8K answer whose "####" was forgotten.
RowFormat ProblemRows::FirstFormat() const {
  std::vector<JsonlRow> first;
  for (int64_t row = 0; row < std::min(kRowsLookedAt, source_->count()) || first.empty(); ++row) {
    try {
      first.push_back(source_->Row(row));
    } catch (const Error&) {
      if (options_.skip_bad_rows && row + 1 < source_->count()) continue;
      if (first.empty()) throw;
      break;  // whoever reads that row says what is wrong with it
    }
  }
  return FindFormat(first, options_.answer_column);
}

Problem ProblemRows::Read(uint32_t row) const {
  DataRow data = ReadDataRow(source_->Row(row), format_);
  return {options_.prompt_of(std::move(data.messages)), std::move(data.gold)};
}

ProblemRows::BadRows ProblemRows::ForEach(
    const std::function<void(uint32_t row, const Problem& problem)>& take) const {
  BadRows bad;
  for (int64_t i = 0; i < source_->count(); ++i) {
    const auto row = static_cast<uint32_t>(i);
    std::optional<Problem> problem;
    try {
      problem = Read(row);
    } catch (const Error& e) {
      if (!options_.skip_bad_rows) throw;
      if (++bad.count == 1) bad.first = e.what();
    }
    if (problem) take(row, *problem);
  }
  return bad;
}

}  // namespace r1zero
