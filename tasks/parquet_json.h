// A row of Arrow arrays as a JSON object. Part of libr1zero-parquet.so, which alone sees Arrow.
#pragma once

#include <arrow/api.h>

#include <string>

namespace r1zero {

// Error status naming the column if it holds what has no JSON form here: text, numbers, true and false,
// lists, structs, maps (as lists of key and value) and dictionaries have one; bytes have none.
arrow::Status CheckReadable(const arrow::Schema& schema);

// Appends row `row` of a batch that was validated whole, of a schema that was checked. Strings are
// copied as they are: whether they are UTF-8 the JSON parser says.
void AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string& json);

}  // namespace r1zero
