#include "tasks/row_source.h"

#include <utility>
#include <vector>

#include "common/error.h"
#include "common/file.h"
#include "tasks/parquet.h"
#include "tasks/row_index.h"

namespace r1zero {
namespace {

std::string_view TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

class MappedRows : public RowSource {
 public:
  enum class Kind {
    kJson,
    kTable
  };  // kTable: `file` holds the rows of a Parquet file as JSON lines

  MappedRows(std::string path, MappedFile file, Kind kind)
      : path_(std::move(path)), file_(std::move(file)), in_table_(kind == Kind::kTable) {
    spans_ = IndexRows(path_, TextOf(file_), /*may_be_array=*/!in_table_);
  }

  const std::string& path() const override { return path_; }
  int64_t count() const override { return static_cast<int64_t>(spans_.size()); }
  size_t IndexBytes() const override { return spans_.capacity() * sizeof(RowSpan); }

  JsonlRow Row(int64_t index) const override {
    const RowSpan& span = spans_.at(static_cast<size_t>(index));
    return {path_,
            {.line = span.line, .column = span.column, .in_table = in_table_},
            TextOf(file_).substr(span.begin, span.length)};
  }

 private:
  std::string path_;
  MappedFile file_;
  bool in_table_;
  std::vector<RowSpan> spans_;
};

}  // namespace

std::unique_ptr<const RowSource> OpenRows(const std::string& path,
                                          std::span<const std::string> columns) {
  Require(!path.empty(), "the name of a file of rows is empty");
  if (path.ends_with(".parquet"))
    return std::make_unique<MappedRows>(path, ParquetAsJsonl(path, columns),
                                        MappedRows::Kind::kTable);
  return std::make_unique<MappedRows>(path, MappedFile(path), MappedRows::Kind::kJson);
}

}  // namespace r1zero
