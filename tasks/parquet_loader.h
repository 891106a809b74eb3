// Loads libr1zero-parquet.so.
#pragma once

#include <string>

#include "tasks/parquet_abi.h"

namespace r1zero {

// Error, with how to get it, if the library is not there, does not load, is not r1zero's, or is of
// another version. It stays loaded.
R1zeroParquetReadFn LoadParquetReader(const std::string& library);

}  // namespace r1zero
