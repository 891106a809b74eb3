// A file of problems: rows of any known format, made into prompts and golds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tasks/row_format.h"
#include "tasks/row_source.h"
#include "tasks/task.h"

namespace r1zero {

struct ProblemReading {
  std::string answer_column;                                       // "": found; "none"
  bool skip_bad_rows = false;                                      // else the first one is an Error
  std::function<std::string(std::vector<ChatMessage>)> prompt_of;  // makes the prompt; thread-safe
};

// Thread-safe after construction.
class ProblemRows {
 public:
  struct BadRows {
    int64_t count = 0;
    std::string first;  // what is wrong with the first one
  };

  // Finds the format by those of the first 100 rows that are JSON objects. Error if no row is one, or if
  // the file cannot be read.
  ProblemRows(const std::string& path, ProblemReading options);

  // Gives every good row's number (from 0) and problem, in order, and returns what was skipped. Error
  // at the first bad row unless those are skipped.
  BadRows ForEach(const std::function<void(uint32_t row, const Problem& problem)>& take) const;

  Problem Read(uint32_t row) const;  // Error if the row is bad
  const RowFormat& format() const { return format_; }
  const std::string& path() const { return source_->path(); }
  int64_t rows() const { return source_->count(); }

 private:
  RowFormat FirstFormat() const;

  ProblemReading options_;
  std::unique_ptr<const RowSource> source_;
  RowFormat format_;
};

}  // namespace r1zero
