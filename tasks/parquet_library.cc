// libr1zero-parquet.so: what parquet.cc loads. Files may be hostile: Arrow's limits are set, each batch
// is validated before it is looked at, and whatever is thrown becomes a reason.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "tasks/parquet_abi.h"
#include "tasks/parquet_json.h"

namespace {

constexpr int64_t kBatchRows = 256;
constexpr int64_t kBufferBytes = int64_t{1} << 16;
constexpr int64_t kMaxRows = int64_t{1} << 32;
constexpr size_t kMaxRowBytes = size_t{1} << 26;
constexpr int32_t kMaxThriftBytes = 1 << 26, kMaxThriftItems = 1 << 20, kMaxDepth = 32;

using Request = R1zeroParquetRequest;
using FileReader = parquet::arrow::FileReader;

arrow::Result<std::unique_ptr<FileReader>> Open(const Request& request, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(request.path, pool));
  parquet::ReaderProperties limits(pool);
  limits.enable_buffered_stream();
  limits.set_buffer_size(kBufferBytes);
  limits.set_thrift_string_size_limit(kMaxThriftBytes);
  limits.set_thrift_container_size_limit(kMaxThriftItems);
  limits.set_schema_depth_limit(kMaxDepth);
  parquet::ArrowReaderProperties reading(/*use_threads=*/false);
  reading.set_batch_size(kBatchRows);
  reading.set_pre_buffer(false);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(file, limits));
  return builder.memory_pool(pool)->properties(reading)->Build();
}

// The leaf columns below the columns asked for; all if none of those is there.
std::vector<int> Leaves(const FileReader& reader, const Request& request) {
  const auto* const schema = reader.parquet_reader()->metadata()->schema();
  const auto end = request.columns + request.num_columns;
  std::vector<int> leaves;
  for (int leaf = 0; leaf < schema->num_columns(); ++leaf) {
    const std::string& name = schema->GetColumnRoot(leaf)->name();
    if (std::find(request.columns, end, name) != end) leaves.push_back(leaf);
  }
  if (leaves.empty()) {
    leaves.resize(static_cast<size_t>(schema->num_columns()));
    std::iota(leaves.begin(), leaves.end(), 0);
  }
  return leaves;
}

arrow::Status GiveRows(const arrow::RecordBatch& batch, const Request& request) {
  std::string json;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    json.clear();
    r1zero::AppendRow(batch, row, json);
    if (json.size() > kMaxRowBytes)
      return arrow::Status::CapacityError("a row is more than 64 MiB as text");
    if (!request.take_row(request.context, json.data(), json.size()))
      return arrow::Status::Cancelled("stopped");
  }
  return arrow::Status::OK();
}

// One group at a time: Arrow does not join nested dictionaries of several.
arrow::Status ReadGroup(FileReader& reader, int group, const std::vector<int>& leaves,
                        const Request& request, int64_t& rows) {
  ARROW_ASSIGN_OR_RAISE(auto batches, reader.GetRecordBatchReader({group}, leaves));
  ARROW_RETURN_NOT_OK(r1zero::CheckReadable(*batches->schema()));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
    if (!batch) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    rows += batch->num_rows();
    ARROW_RETURN_NOT_OK(GiveRows(*batch, request));
  }
}

arrow::Status ReadRows(FileReader& reader, const Request& request) {
  const int64_t promised = reader.parquet_reader()->metadata()->num_rows();
  if (promised <= 0 || promised > kMaxRows)
    return arrow::Status::Invalid("it says that it has ", promised, " rows, expected 1 to 2^32");
  const std::vector<int> leaves = Leaves(reader, request);
  if (leaves.empty()) return arrow::Status::Invalid("it has no columns");
  int64_t rows = 0;
  for (int group = 0; group < reader.num_row_groups(); ++group)
    ARROW_RETURN_NOT_OK(ReadGroup(reader, group, leaves, request, rows));
  if (rows != promised)
    return arrow::Status::Invalid("it has ", rows, " rows and says that it has ", promised);
  return arrow::Status::OK();
}

arrow::Status Read(const Request& request) {
  arrow::CappedMemoryPool pool(arrow::system_memory_pool(), request.max_memory);
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(request, &pool));
  return ReadRows(*reader, request);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int R1zeroParquetAbi() {
  return kR1zeroParquetAbi;
}

extern "C" __attribute__((visibility("default"))) bool R1zeroParquetRead(const Request* request,
                                                                         char* error,
                                                                         size_t error_size) {
  try {
    const arrow::Status status = Read(*request);
    if (status.ok()) return true;
    std::snprintf(error, error_size, "%s", status.message().c_str());
  } catch (const std::exception& e) {
    std::snprintf(error, error_size, "%s", e.what());
  } catch (...) {
    std::snprintf(error, error_size, "it cannot be read");
  }
  return false;
}
