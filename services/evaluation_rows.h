// The file of an evaluation's rows: a header line with the settings, then a line a problem, synced as
// it is done, so that an evaluation that was cut off goes on where it stopped.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/file.h"
#include "common/file_lock.h"
#include "grpo/evaluated_problem.h"

namespace r1zero {

struct EvaluationFile {
  Json settings;  // null if the file has no header
  std::vector<EvaluatedProblem> problems;
};
// Without a torn last line. Error with file and line if it is no file of an evaluation, or has a row
// twice.
EvaluationFile ReadEvaluation(const std::filesystem::path& path);

class EvaluationRows {
 public:
  // Goes on with the file if there is one; Error naming the setting that differs if its header has
  // others, if no file can be there, or if another evaluation is writing it. An empty path: nothing is
  // ever written.
  EvaluationRows(std::filesystem::path path, Json settings);

  // Before the first Add. Error with the file and the system's reason if it cannot be written, as
  // from Add and Finish; what is in the file by then is whole and is gone on with.
  void Start();

  bool Has(int64_t row) const { return rows_.contains(row); }
  void Add(const EvaluatedProblem& problem);
  // Puts the rows into the data file's order, so that equal evaluations are equal files.
  void Finish();
  const std::vector<EvaluatedProblem>& problems() const { return problems_; }

 private:
  void WriteAll() const;

  std::filesystem::path path_;
  std::optional<FileLock> lock_;  // path.lock, while this object is there
  Json settings_;
  std::vector<EvaluatedProblem> problems_;
  std::set<int64_t> rows_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace r1zero
