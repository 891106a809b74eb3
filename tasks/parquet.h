// Parquet files, read through libr1zero-parquet.so, which is loaded when the first one is named.
#pragma once

#include <span>
#include <string>

#include "common/file.h"

namespace r1zero {

// The rows as JSON objects, one a line, in a file without a name in TMPDIR. Of the columns only
// `columns`, those that are there; all if there are none of them. Error with `path` if the library is
// not there (and how to get it), the file is not Parquet, is damaged, needs more than 1 GiB of memory
// a batch of rows, has more than 2^32 rows, or becomes more text than 1 GiB and 256 times its size, or
// than 64 GiB.
MappedFile ParquetAsJsonl(const std::string& path, std::span<const std::string> columns);

}  // namespace r1zero
