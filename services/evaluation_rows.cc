#include "services/evaluation_rows.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/sha256.h"

namespace r1zero {
namespace {

constexpr int kFormat = 1;

std::string HeaderLine(const Json& settings) {
  return ToLine({{"evaluation", kFormat},
                 {"settings_sha256", Sha256Hex(settings.dump())},
                 {"settings", settings}});
}

void RequireSameSettings(const Json& there, const Json& here, const std::string& path) {
  Require(there.is_object(), path, " has no header with settings, so it cannot be gone on with; ",
          "name another --out");
  for (const auto& [name, value] : here.items()) {
    const Json other = there.value(name, Json());
    Require(other == value, path, " was made with ", name, " ", other.dump(), ", this is ",
            value.dump(), "; name another --out, or remove that file");
  }
}

}  // namespace

EvaluationFile ReadEvaluation(const std::filesystem::path& path) {
  Require(std::filesystem::is_regular_file(path), path.string(), ": there is no such file");
  EvaluationFile file;
  std::set<int64_t> rows;
  int64_t line = 0;
  for (const Json& json : ReadJsonLines(path)) {
    const std::string where = path.string() + ": line " + std::to_string(++line);
    if (line == 1 && json.contains("evaluation")) {
      Require(json.at("evaluation") == kFormat && json.contains("settings"), where,
              ": the header of another version of this file");
      file.settings = json.at("settings");
      continue;
    }
    file.problems.push_back(EvaluatedProblemFromJson(json, where));
    Require(rows.insert(file.problems.back().row).second, where, ": row ", file.problems.back().row,
            " is there a second time; remove one of the two lines");
  }
  Require(line > 0, path.string(), ": it is empty, expected the rows of an evaluation");
  return file;
}

EvaluationRows::EvaluationRows(std::filesystem::path path, Json settings)
    : path_(std::move(path)), settings_(std::move(settings)) {
  if (path_.empty()) return;
  const std::filesystem::path folder = std::filesystem::absolute(path_).parent_path();
  Require(std::filesystem::is_directory(folder), path_.string(), ": there is no folder ",
          folder.string());
  Require(!std::filesystem::exists(path_) || std::filesystem::is_regular_file(path_),
          path_.string(), ": not a regular file, so it cannot be replaced; name another --out");
  lock_.emplace(path_.string() + ".lock", path_.string(), "name another --out",
                FileLock::AtEnd::kRemoveFile);
  std::error_code error;
  if (std::filesystem::file_size(path_, error) > 0 && !error) {
    EvaluationFile file = ReadEvaluation(path_);
    RequireSameSettings(file.settings, settings_, path_.string());
    problems_ = std::move(file.problems);
    for (const EvaluatedProblem& problem : problems_) rows_.insert(problem.row);
  }
}

void EvaluationRows::Start() {
  if (path_.empty()) return;
  WriteAll();  // without a torn line
  file_ = std::make_unique<AppendFile>(path_);
}

void EvaluationRows::Add(const EvaluatedProblem& problem) {
  // As it reads back, so that a summary is the same after an interruption.
  const std::string line = ToLine(ToJson(problem));
  problems_.push_back(EvaluatedProblemFromJson(Json::parse(line), path_.string()));
  rows_.insert(problem.row);
  if (!file_) return;
  file_->Append(line);
  file_->Sync();
}

void EvaluationRows::Finish() {
  std::ranges::sort(problems_, {}, &EvaluatedProblem::row);
  if (!file_) return;
  file_.reset();
  WriteAll();
}

void EvaluationRows::WriteAll() const {
  std::string text = HeaderLine(settings_);
  for (const EvaluatedProblem& problem : problems_) text += ToLine(ToJson(problem));
  WriteFileDurably(path_, text);
}

}  // namespace r1zero
