// A file of rows, any one of them readable alone: JSONL, one JSON array, or Parquet.
//
// A JSON file stays mapped and an index says where each row begins: 24 bytes a row. A Parquet file is
// written out once as JSON text, batch by batch, to a file without a name in TMPDIR.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tasks/jsonl_rows.h"

namespace r1zero {

// Immutable, thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const std::string& path() const = 0;
  virtual int64_t count() const = 0;
  // Row `index` of 0..count()-1, which must not outlive the source. Error with file, line and column
  // if it is not a JSON object.
  virtual JsonlRow Row(int64_t index) const = 0;
  virtual size_t IndexBytes() const = 0;  // memory that grows with the number of rows
};

// `columns`: of a Parquet file, the columns that are read if they are there; all if there are none of
// them. Error if the file cannot be read, has no rows, or more than 2^32.
std::unique_ptr<const RowSource> OpenRows(const std::string& path,
                                          std::span<const std::string> columns = {});

}  // namespace r1zero
