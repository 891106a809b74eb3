#include "grpo/checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "common/error.h"
#include "common/file.h"
#include "common/json_fault.h"
#include "common/large_file.h"
#include "common/log.h"
#include "common/sha256.h"
#include "grpo/json_file.h"
#include "policy/hf_folder.h"
#include "policy/safetensors.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kTrainer = "state/trainer.json";
constexpr const char* kTensors = "state/state.safetensors";
constexpr const char* kUnfinished = ".saving-";  // followed by the name it is to have

std::string FolderName(int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%06lld", static_cast<long long>(step));
  return name;
}

// step-... folders, newest first.
std::vector<fs::path> SavedFolders(const fs::path& checkpoints) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error)) {
    long long step = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "step-%lld", &step) == 1 && name == FolderName(step))
      found.emplace_back(step, entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> folders;
  for (auto& [step, path] : found) folders.push_back(std::move(path));
  return folders;
}

void RemoveLeftovers(const fs::path& checkpoints) {
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kUnfinished) || name.starts_with("LATEST.")) leftovers.push_back(entry);
  }
  for (const fs::path& path : leftovers) {
    LogWarning(path.string(), ": left by an interrupted save; removed");
    fs::remove_all(path, error);
  }
}

std::string FileSha256(const fs::path& path) {
  Sha256 hash;
  ReadFileInPieces(path, [&](std::string_view piece) { hash.Update(piece); });
  return hash.Hex();
}

void WriteManifest(const fs::path& folder) {
  Json files = Json::object();
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths)
    files[path.lexically_relative(folder).generic_string()] = FileSha256(path);
  const Json manifest = {{"format", 1}, {"sha256", files}};
  WriteFileDurably(folder / kManifest, manifest.dump(2) + "\n");
}

// Throws Error naming the first file that is missing or not what was written.
void RequireWhole(const fs::path& folder) try {
  const Json files = ReadJson(folder / kManifest).at("sha256");
  for (const char* needed : {"config.json", "model.safetensors", kTrainer, kTensors})
    Require(files.contains(needed), folder.string(), ": the manifest does not name ", needed);
  for (const auto& [name, expected] : files.items()) {
    const std::string found = FileSha256(folder / name);
    Require(found == expected.get<std::string>(), (folder / name).string(), ": SHA-256 is ", found,
            ", the manifest says ", expected.get<std::string>());
  }
} catch (const Json::exception& e) {
  Fail((folder / kManifest).string(), ": ", JsonFault(e.what()));
}

bool IsWhole(const fs::path& folder) {
  try {
    RequireWhole(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

Json TrainerJson(const CheckpointView& checkpoint) {
  const TrainerProgress& p = checkpoint.progress;
  return {{"step", p.step},
          {"next_ordinal", p.next_ordinal},
          {"policy_version", p.policy_version},
          {"tokens_prompted", p.tokens_prompted},
          {"tokens_generated", p.tokens_generated},
          {"tokens_trained", p.tokens_trained},
          {"seconds_rollout", p.seconds_rollout},
          {"seconds_training", p.seconds_training},
          {"seconds_evaluation", p.seconds_evaluation},
          {"optimizer_step", checkpoint.learner.optimizer_step},
          {"reference_version", checkpoint.learner.reference_version},
          {"config_sha256", checkpoint.config_sha256},
          {"weight_sha256", WeightSha256(checkpoint.weights)}};
}

void ReadTrainerJson(const fs::path& path, Checkpoint& checkpoint) try {
  const Json json = ReadJson(path);
  TrainerProgress& p = checkpoint.progress;
  json.at("step").get_to(p.step);
  json.at("next_ordinal").get_to(p.next_ordinal);
  json.at("policy_version").get_to(p.policy_version);
  json.at("tokens_prompted").get_to(p.tokens_prompted);
  json.at("tokens_generated").get_to(p.tokens_generated);
  json.at("tokens_trained").get_to(p.tokens_trained);
  json.at("seconds_rollout").get_to(p.seconds_rollout);
  json.at("seconds_training").get_to(p.seconds_training);
  json.at("seconds_evaluation").get_to(p.seconds_evaluation);
  json.at("optimizer_step").get_to(checkpoint.learner.optimizer_step);
  json.at("reference_version").get_to(checkpoint.learner.reference_version);
  json.at("config_sha256").get_to(checkpoint.config_sha256);
} catch (const Json::exception& e) {
  Fail(path.string(), ": ", JsonFault(e.what()));
}

void WriteTensors(const fs::path& path, const LearnerStateView& state) {
  std::vector<Float32Tensor> tensors;
  const auto add = [&](const char* name, std::span<const float> values) {
    if (!values.empty()) tensors.push_back({name, {static_cast<int64_t>(values.size())}, values});
  };
  add("adam_m", state.adam_m);
  add("adam_v", state.adam_v);
  add("reference", state.reference);
  WriteSafetensors(path, tensors, {});
}

void ReadTensors(const fs::path& path, LearnerState& state) {
  const SafetensorsFile file(path);
  const auto read = [&](const char* name, kernels::AlignedVector<float>& values) {
    const auto tensor = file.tensors().find(name);
    if (tensor == file.tensors().end()) return;
    Require(tensor->second.shape.size() == 1, path.string(), ": tensor ", name, " has ",
            tensor->second.shape.size(), " dimensions, expected 1");
    values.resize(static_cast<size_t>(tensor->second.shape[0]));
    file.ReadFloat32(name, tensor->second.shape, values);
  };
  read("adam_m", state.adam_m);
  read("adam_v", state.adam_v);
  read("reference", state.reference);
}

Checkpoint Load(const fs::path& folder) {
  RequireWhole(folder);
  Checkpoint checkpoint;
  ReadTrainerJson(folder / kTrainer, checkpoint);
  ReadTensors(folder / kTensors, checkpoint.learner);
  HfFolder hf = LoadHfFolder(folder);
  hf.weights->version = checkpoint.progress.policy_version;
  checkpoint.weights = std::move(hf.weights);
  return checkpoint;
}

void RemoveOldest(const fs::path& checkpoints, int64_t keep) {
  const std::vector<fs::path> folders = SavedFolders(checkpoints);
  for (size_t i = static_cast<size_t>(std::max<int64_t>(keep, 2)); i < folders.size(); ++i) {
    std::error_code error;
    fs::remove_all(folders[i], error);
    if (error) LogWarning(folders[i].string(), ": cannot be removed: ", error.message());
  }
}

}  // namespace

void SaveCheckpoint(const fs::path& checkpoints, const CheckpointView& checkpoint,
                    const Tokenizer& tokenizer, int64_t keep) {
  RemoveLeftovers(checkpoints);
  const std::string name = FolderName(checkpoint.progress.step);
  const fs::path folder = checkpoints / name;
  if (!IsWhole(folder)) {
    fs::remove_all(folder);
    const fs::path unfinished = checkpoints / std::string(kUnfinished).append(name);
    SaveHfFolder(unfinished, checkpoint.weights, tokenizer);
    EnsureWritableFolder(unfinished / "state");
    WriteTensors(unfinished / kTensors, checkpoint.learner);
    WriteFileDurably(unfinished / kTrainer, TrainerJson(checkpoint).dump(2) + "\n");
    WriteManifest(unfinished);
    PublishFolder(unfinished, folder);
  }
  WriteFileDurably(checkpoints / "LATEST", name + "\n");
  RemoveOldest(checkpoints, keep);
}

std::optional<std::string> LatestConfigSha256(const fs::path& checkpoints) {
  for (const fs::path& folder : SavedFolders(checkpoints)) {
    if (!IsWhole(folder)) continue;
    Checkpoint checkpoint;
    ReadTrainerJson(folder / kTrainer, checkpoint);
    return checkpoint.config_sha256;
  }
  return std::nullopt;
}

std::optional<Checkpoint> LoadLatestCheckpoint(
    const fs::path& checkpoints, const std::function<void(const std::string& why)>& damaged) {
  RemoveLeftovers(checkpoints);
  for (const fs::path& folder : SavedFolders(checkpoints)) {
    try {
      return Load(folder);
    } catch (const Error& e) {
      damaged("checkpoint " + folder.string() + " is damaged and left out: " + e.what());
    }
  }
  return std::nullopt;
}

}  // namespace r1zero
