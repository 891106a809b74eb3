// out/<name>/: everything one run leaves behind, and the one place that knows the names.
//
//   config.toml        resolved            metrics.jsonl    a line a step, a line an evaluation
//   summary.json       the result          report.html      the page to look at
//   samples.jsonl      before and after    groups.jsonl     the groups of the last step
//   base.json          the base's evaluation
//   checkpoints/       step-000020/, LATEST
//   logs/              learner.log, worker-0.log, reward.log
//   events/            TensorBoard
//   (log/ is kept free for the rollout log)
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/file.h"
#include "common/file_lock.h"

namespace r1zero {

class RunFolder {
 public:
  enum class Mode {
    kNew,      // Error if the folder already holds a run
    kResume,   // Error if it holds none
    kReplace,  // an old run is moved aside to <name>.1, <name>.2, ...
    kOpen,     // as it is, whatever it holds
  };
  // Creates what is missing and takes the lock. Error if another process has the folder or if it
  // cannot be written.
  RunFolder(const std::filesystem::path& path, Mode mode);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  std::filesystem::path base() const { return path_ / "base.json"; }
  std::filesystem::path samples() const { return path_ / "samples.jsonl"; }
  std::filesystem::path groups() const { return path_ / "groups.jsonl"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path logs() const { return path_ / "logs"; }
  std::filesystem::path events() const { return path_ / "events"; }

 private:
  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
};

}  // namespace r1zero
