#include "policy/hf_folder.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/file.h"
#include "policy/json.h"
#include "policy/safetensors.h"
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
      {"eos_token", tokenizer.TokenText(config.eos_token)},
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
      {"eos_token_id", config.eos_token},
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
  const auto* words = dynamic_cast<const WordTokenizer*>(&tokenizer);
  if (!words) {
    Require(tokenizer.vocab_size() <= config.vocab_size, where, ": the tokenizer has ",
            tokenizer.vocab_size(), " tokens, but vocab_size of config.json is only ",
            config.vocab_size);
    return;
  }
  Require(words->vocab_size() == config.vocab_size, where, ": the tokenizer has ",
          words->vocab_size(), " words, but vocab_size of config.json is ", config.vocab_size);
  Require(words->eos_token() == config.eos_token, where, ": the tokenizer's end token is ",
          words->eos_token(), ", but eos_token_id of config.json is ", config.eos_token);
  Require(words->pad_token() == config.pad_token, where, ": the tokenizer's padding token is ",
          words->pad_token(), ", but pad_token_id of config.json is ", config.pad_token);
}

std::string ReadPart(const std::filesystem::path& folder, const char* name) {
  const std::filesystem::path path = folder / name;
  Require(std::filesystem::exists(path), path.string(),
          " is missing; expected a Hugging Face model folder with config.json, "
          "model.safetensors and tokenizer.json");
  return ReadFile(path, kMaxJsonBytes);
}

// Tools that sort added tokens by id lose which one is for padding; config.json knows.
std::shared_ptr<const Tokenizer> ReadTokenizer(const std::filesystem::path& folder,
                                               const ModelConfig& config) {
  const std::string where = (folder / "tokenizer.json").string();
  auto tokenizer = MakeTokenizer(ReadPart(folder, "tokenizer.json"), where);
  const auto* read = dynamic_cast<const WordTokenizer*>(tokenizer.get());
  if (read && read->pad_token() == config.eos_token && read->eos_token() == config.pad_token) {
    std::vector<std::string> words;
    for (int32_t i = 0; i < read->vocab_size(); ++i) words.push_back(read->word(i));
    tokenizer =
        std::make_shared<const WordTokenizer>(std::move(words), config.pad_token, config.eos_token);
  }
  CheckTokenizerFits(config, *tokenizer, where);
  return tokenizer;
}

void CheckFinite(std::span<const float> tensor, const std::string& where) {
  const auto bad = std::ranges::find_if(tensor, [](float w) { return !std::isfinite(w); });
  Require(bad == tensor.end(), where, " holds ", bad == tensor.end() ? 0 : *bad, " at element ",
          bad - tensor.begin(), "; weights must be finite");
}

// A tied head may be in the file as well, if it is what it is tied to.
void CheckTiedHead(const SafetensorsFile& file, const Weights& weights, const std::string& where) {
  const std::span<const float> embedding = WeightTensor(weights, kEmbedding);
  std::vector<float> head(embedding.size());
  file.ReadFloat32(kHead, {{weights.config.vocab_size, weights.config.hidden_size}}, head);
  Require(std::ranges::equal(head, embedding), where, ": ", kHead, " differs from ", kEmbedding,
          ", but config.json says tie_word_embeddings");
}

void CheckNothingElse(const SafetensorsFile& file, const Weights& weights,
                      const std::vector<TensorSpec>& manifest, const std::string& where) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.ends_with(".rotary_emb.inv_freq")) continue;  // a buffer of transformers before 4.31
    if (name == kHead && weights.config.tie_embeddings) {
      CheckTiedHead(file, weights, where);
      continue;
    }
    const bool known = std::ranges::find(manifest, name, &TensorSpec::name) != manifest.end();
    Require(known, where, ": tensor ", name, " is none that config.json asks for");
  }
}

std::shared_ptr<Weights> ReadWeights(const std::filesystem::path& folder,
                                     const ModelConfig& config) {
  const std::filesystem::path path = folder / "model.safetensors";
  const std::string where = path.string();
  Require(!std::filesystem::exists(folder / "model.safetensors.index.json") ||
              std::filesystem::exists(path),
          where,
          " is missing: weights in several files (model.safetensors.index.json) are not "
          "supported");
  Require(std::filesystem::exists(path), where, " is missing");
  const SafetensorsFile file(path);
  const std::vector<TensorSpec> manifest = WeightManifest(config);
  for (const TensorSpec& spec : manifest)  // before memory is taken for what a config claims
    Require(file.tensors().contains(spec.name), where, ": tensor ", spec.name, " is missing");

  auto weights = std::make_shared<Weights>(Weights{.config = config});
  weights->flat.resize(NumParameters(config));
  for (const TensorSpec& spec : manifest) {
    const std::span<float> out = std::span(weights->flat).subspan(spec.offset, spec.size);
    file.ReadFloat32(spec.name, spec.shape, out);
    CheckFinite(out, where + ": tensor " + spec.name);
  }
  CheckNothingElse(file, *weights, manifest, where);
  return weights;
}

}  // namespace

void SaveHfFolder(const std::filesystem::path& folder, const Weights& weights,
                  const Tokenizer& tokenizer) {
  CheckTokenizerFits(weights.config, tokenizer, folder.string());
  EnsureWritableFolder(folder);
  std::vector<Float32Tensor> tensors;
  for (const TensorSpec& spec : WeightManifest(weights.config)) {
    const std::span<const float> flat(weights.flat);
    tensors.push_back({spec.name, spec.shape, flat.subspan(spec.offset, spec.size)});
  }
  WriteSafetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  WriteFileDurably(folder / "tokenizer.json", tokenizer.ToJson());
  WriteFileDurably(folder / "tokenizer_config.json",
                   TokenizerConfigJson(weights.config, tokenizer));
  WriteFileDurably(folder / "generation_config.json", GenerationConfigJson(weights.config));
  WriteFileDurably(folder / "config.json", ToConfigJson(weights.config));
}

HfFolder LoadHfFolder(const std::filesystem::path& folder) {
  const std::string where = (folder / "config.json").string();
  const ModelConfig config = FromConfigJson(ReadPart(folder, "config.json"), where);
  auto tokenizer = ReadTokenizer(folder, config);
  return {.weights = ReadWeights(folder, config), .tokenizer = std::move(tokenizer)};
}

}  // namespace r1zero
