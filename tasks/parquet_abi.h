// The border between r1zero and libr1zero-parquet.so, where Apache Arrow lies: plain C, so that neither
// side's types cross it.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// Raised when what follows changes.
enum { kR1zeroParquetAbi = 1 };

struct R1zeroParquetRequest {
  const char* path;
  // Names of the columns to read, those of them that are there; all if there are none of them.
  const char* const* columns;
  size_t num_columns;
  int64_t max_memory;  // bytes that Arrow may hold
  void* context;
  // Takes the next row as one JSON object without line ends. False ends the reading.
  bool (*take_row)(void* context, const char* text, size_t size);
};

typedef int (*R1zeroParquetAbiFn)();
// Gives every row in order. False with a reason, cut to `error_size`, if the file is not a Parquet file
// that can be read whole; nothing is thrown.
typedef bool (*R1zeroParquetReadFn)(const R1zeroParquetRequest* request, char* error,
                                    size_t error_size);

}  // extern "C"
