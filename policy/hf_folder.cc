#include "policy/hf_folder.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "common/error.h"
#include "common/file.h"
#include "policy/folder_files.h"
#include "policy/json.h"
#include "policy/weight_files.h"
#include "policy/word_tokenizer.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr size_t kMaxJsonBytes = size_t{256} << 20;
constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kHead = "lm_head.weight";

std::string TokenizerConfigJson(const ModelConfig& config, const Tokenizer& tokenizer) {
  const json tokenizer_config = {
      {"tokenizer_class", "PreTrainedTokenizerFast"},
      {"pad_token", tokenizer.TokenText(config.pad_token)},
      {"eos_token", tokenizer.TokenText(config.eos_tokens.front())},
      {"model_max_length", config.max_positions},
      {"clean_up_tokenization_spaces", false},
      {"padding_side", "left"},
      {"model_input_names", {"input_ids", "attention_mask"}},
  };
  return tokenizer_config.dump(2) + "\n";
}

// What sampling means in this project: the policy's own distribution, untruncated.
std::string GenerationConfigJson(const ModelConfig& config) {
  const json generation_config = {
      {"eos_token_id",
       config.eos_tokens.size() == 1 ? json(config.eos_tokens.front()) : json(config.eos_tokens)},
      {"pad_token_id", config.pad_token},
      {"do_sample", true},
      {"temperature", 1.0},
      {"top_k", 0},
      {"top_p", 1.0},
      {"max_length", config.max_positions},
  };
  return generation_config.dump(2) + "\n";
}

void CheckTokenizerFits(const ModelConfig& config, const Tokenizer& tokenizer,
                        const std::string& where) {
  Require(tokenizer.vocab_size() <= config.vocab_size, where, ": the tokenizer has ",
          tokenizer.vocab_size(), " tokens, but vocab_size of config.json is ", config.vocab_size,
          "; expected no more (fewer: the model's vocabulary is padded)");
  const auto* words = dynamic_cast<const WordTokenizer*>(&tokenizer);
  if (words == nullptr) return;  // the others leave the end token to config.json
  Require(config.IsEos(words->eos_token()), where, ": the tokenizer's end token is ",
          words->eos_token(), ", which is none of eos_token_id of config.json");
  Require(words->pad_token() == config.pad_token, where, ": the tokenizer's padding token is ",
          words->pad_token(), ", but pad_token_id of config.json is ", config.pad_token);
}

std::string ReadPart(const std::filesystem::path& folder, const char* name) {
  const std::filesystem::path path = folder / name;
  Require(std::filesystem::exists(path), path.string(),
          " is missing; expected a Hugging Face model folder with config.json, "
          "model.safetensors and tokenizer.json");
  Require(std::filesystem::is_regular_file(path), path.string(), ": not a regular file");
  return ReadFile(path, kMaxJsonBytes);
}

// Tools that sort added tokens by id lose which one is for padding; config.json knows.
std::shared_ptr<const Tokenizer> ReadTokenizer(const std::filesystem::path& folder,
                                               const ModelConfig& config) {
  Require(!config.eos_tokens.empty(), (folder / "config.json").string(),
          ": eos_token_id is missing, and generation_config.json has none; sampling has to know "
          "where to stop");
  const std::string where = (folder / "tokenizer.json").string();
  auto tokenizer = MakeTokenizer(ReadPart(folder, "tokenizer.json"), where);
  const auto* read = dynamic_cast<const WordTokenizer*>(tokenizer.get());
  if (read && config.IsEos(read->pad_token()) && read->eos_token() == config.pad_token) {
    std::vector<std::string> words;
    for (int32_t i = 0; i < read->vocab_size(); ++i) words.push_back(read->word(i));
    tokenizer = std::make_shared<const WordTokenizer>(std::move(words), config.pad_token,
                                                      read->pad_token());
  }
  CheckTokenizerFits(config, *tokenizer, where);
  return tokenizer;
}

constexpr size_t kPieceFloats = size_t{1} << 18;

// Calls `look` with the elements [first, first + piece.size()) of each piece.
void InPieces(size_t elements, const std::function<void(size_t first, std::span<float>)>& look) {
  std::vector<float> piece(std::min(elements, kPieceFloats));
  for (size_t first = 0; first < elements; first += piece.size())
    look(first, std::span(piece).first(std::min(piece.size(), elements - first)));
}

void CheckFinite(std::span<const float> piece, size_t first, const std::string& where) {
  const auto bad = std::ranges::find_if(piece, [](float w) { return !std::isfinite(w); });
  Require(bad == piece.end(), where, " holds ", bad == piece.end() ? 0 : *bad, " at element ",
          first + static_cast<size_t>(bad - piece.begin()), "; weights must be finite");
}

void CheckFinite(const SafetensorsFile& file, const TensorSpec& spec) {
  const std::string where = file.path().string() + ": tensor " + spec.name;
  InPieces(spec.size, [&](size_t first, std::span<float> piece) {
    file.ReadPart(spec.name, spec.shape, first, piece);
    CheckFinite(piece, first, where);
  });
}

// A tied head may be in the file as well, if it is what it is tied to.
void CheckTiedHead(const SafetensorsFile& file, const WeightFiles& files,
                   const ModelConfig& config) {
  const int64_t shape[] = {config.vocab_size, config.hidden_size};
  const SafetensorsFile& tied = *files.Find(kEmbedding);
  std::vector<float> other;
  InPieces(static_cast<size_t>(shape[0] * shape[1]), [&](size_t first, std::span<float> head) {
    other.resize(head.size());
    file.ReadPart(kHead, shape, first, head);
    tied.ReadPart(kEmbedding, shape, first, other);
    Require(std::ranges::equal(head, other), file.path().string(), ": ", kHead, " differs from ",
            kEmbedding, ", but config.json says tie_word_embeddings");
  });
}

void CheckNothingElse(const SafetensorsFile& file, const WeightFiles& files,
                      const ModelConfig& config, const std::vector<TensorSpec>& manifest) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.ends_with(".rotary_emb.inv_freq")) continue;  // a buffer of transformers before 4.31
    if (name == kHead && config.tie_embeddings) {
      CheckTiedHead(file, files, config);
      continue;
    }
    const bool known = std::ranges::find(manifest, name, &TensorSpec::name) != manifest.end();
    Require(known, file.path().string(), ": tensor ", name, " is none that config.json asks for");
  }
}

// Gives `take` each tensor of the model with the file that has it; all rules about which tensors there
// are, are checked.
void ForEachWeight(const std::filesystem::path& folder, const ModelConfig& config,
                   const std::function<void(const SafetensorsFile&, const TensorSpec&)>& take) {
  const WeightFiles files(folder);
  const std::vector<TensorSpec> manifest = WeightManifest(config);
  for (const TensorSpec& spec : manifest)  // before memory is taken for what a config claims
    Require(files.Find(spec.name) != nullptr, files.where(), ": tensor ", spec.name, " is missing",
            spec.name == kHead ? "; is tie_word_embeddings of config.json wrong?" : "");
  for (const TensorSpec& spec : manifest) take(*files.Find(spec.name), spec);
  for (const SafetensorsFile& file : files.files()) CheckNothingElse(file, files, config, manifest);
}

std::shared_ptr<Weights> ReadWeights(const std::filesystem::path& folder,
                                     const ModelConfig& config) {
  auto weights = std::make_shared<Weights>(Weights{.config = config});
  ForEachWeight(folder, config, [&](const SafetensorsFile& file, const TensorSpec& spec) {
    if (weights->flat.empty()) weights->flat.resize(NumParameters(config));
    const std::span<float> out = std::span(weights->flat).subspan(spec.offset, spec.size);
    file.ReadFloat32(spec.name, spec.shape, out);
    CheckFinite(out, 0, file.path().string() + ": tensor " + spec.name);
  });
  return weights;
}

ModelConfig ReadConfig(const std::filesystem::path& folder) {
  const std::string text = ReadPart(folder, "config.json");
  CheckFolderManifest(folder);
  FolderFiles files = ReadFolderFiles(folder);
  ModelConfig config = FromConfigJson(text, (folder / "config.json").string(),
                                      FolderFile(files, "generation_config.json"));
  config.files = std::move(files);
  return config;
}

}  // namespace

void SaveHfFolder(const std::filesystem::path& folder, const Weights& weights,
                  const Tokenizer& tokenizer) {
  CheckTokenizerFits(weights.config, tokenizer, folder.string());
  EnsureWritableFolder(folder);
  WriteFileDurably(folder / "tokenizer.json", tokenizer.ToJson());
  WriteFileDurably(folder / "tokenizer_config.json",
                   TokenizerConfigJson(weights.config, tokenizer));
  SaveHfWeights(folder, weights);
}

void SaveHfWeights(const std::filesystem::path& folder, const Weights& weights) {
  EnsureWritableFolder(folder);
  std::vector<Float32Tensor> tensors;
  for (const TensorSpec& spec : WeightManifest(weights.config)) {
    const std::span<const float> flat(weights.flat);
    tensors.push_back({spec.name, spec.shape, flat.subspan(spec.offset, spec.size)});
  }
  WriteSafetensors(folder / kWeightFile, tensors, {{"format", "pt"}});
  WriteFileDurably(folder / "generation_config.json", GenerationConfigJson(weights.config));
  if (const auto& files = weights.config.files.by_name)
    for (const auto& [name, content] : *files)
      if (name != "config.json") WriteFileDurably(folder / name, content);
  WriteFileDurably(folder / "config.json", FolderConfigJson(weights.config));
}

HfFolder LoadHfFolder(const std::filesystem::path& folder) {
  const ModelConfig config = ReadConfig(folder);
  auto tokenizer = ReadTokenizer(folder, config);
  return {.weights = ReadWeights(folder, config), .tokenizer = std::move(tokenizer)};
}

HfShape CheckHfFolder(const std::filesystem::path& folder) {
  HfShape shape{.config = ReadConfig(folder)};
  shape.tokenizer = ReadTokenizer(folder, shape.config);
  ForEachWeight(folder, shape.config, [](const SafetensorsFile& file, const TensorSpec& spec) {
    CheckFinite(file, spec);
  });
  return shape;
}

std::shared_ptr<Weights> LoadHfWeights(const std::filesystem::path& folder) {
  return ReadWeights(folder, ReadConfig(folder));
}

}  // namespace r1zero
