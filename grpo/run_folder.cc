#include "grpo/run_folder.h"

#include "common/error.h"
#include "common/log.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

bool HoldsRun(const fs::path& path) {
  return fs::exists(path / "config.toml") || fs::exists(path / "metrics.jsonl") ||
         fs::exists(path / "checkpoints" / "LATEST");
}

// out/signs -> out/signs.1, or the first number that is free.
fs::path FreeNameBeside(const fs::path& path) {
  for (int n = 1;; ++n) {
    fs::path name = path;
    name += ".";
    name += std::to_string(n);
    if (!fs::exists(name)) return name;
  }
}

// The lock makes sure that no process is at work in it.
void MoveAside(const fs::path& path) {
  const FolderLock lock(path);
  const fs::path aside = FreeNameBeside(path);
  std::error_code error;
  fs::rename(path, aside, error);
  Require(!error, path.string(), ": cannot be moved to ", aside.string(), ": ", error.message());
  LogWarning(path.string(), " held a run already, which is now ", aside.string(),
             "; --resume goes on with a run instead");
}

}  // namespace

RunFolder::RunFolder(const fs::path& path, Mode mode)
    : path_(path.has_filename() ? path : path.parent_path()) {
  Require(mode != Mode::kResume || HoldsRun(path_), path_.string(), ": no run to resume");
  if (mode == Mode::kReplace && HoldsRun(path_)) MoveAside(path_);
  EnsureWritableFolder(path_);
  lock_.emplace(path_);
  Require(mode != Mode::kNew || !HoldsRun(path_), path_.string(),
          ": holds a run already; resume it, replace it, or give this run another run.name");
  for (const fs::path& folder : {checkpoints(), logs(), events()}) EnsureWritableFolder(folder);
}

}  // namespace r1zero
