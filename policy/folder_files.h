// The small text files of a Hugging Face model folder: kept when a folder is read, and written back
// when the trained model is, so that what comes out is as whole as what came in.
#pragma once

#include <filesystem>
#include <string>

#include "policy/model_config.h"

namespace r1zero {

// config.json, generation_config.json, the tokenizer's files beside tokenizer.json, chat templates,
// the licence: those that are there.
FolderFiles ReadFolderFiles(const std::filesystem::path& folder);

// "" if there is none of that name.
const std::string& FolderFile(const FolderFiles& files, const std::string& name);

// The config.json that was read, saying that the weights are float32 now; a new one if the config has
// come from no folder or has changed since.
std::string FolderConfigJson(const ModelConfig& config);

// If the folder has a manifest.json with SHA-256s, as our checkpoints do: Error naming the first file
// of the model (config, weights, tokenizer) that is not what it says. State of the trainer beside it
// may be missing.
void CheckFolderManifest(const std::filesystem::path& folder);

}  // namespace r1zero
