// Finds the chat template and the special tokens of a Hugging Face folder.
#include <optional>

#include "common/error.h"
#include "common/file.h"
#include "common/json_fault.h"
#include "tasks/chat_template.h"

namespace r1zero {

using nlohmann::ordered_json;

namespace {

constexpr size_t kMaxConfigBytes = 1 << 24;
constexpr const char* kTokenNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};

ordered_json ReadObject(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return ordered_json::object();
  const std::string text = ReadFile(path, kMaxConfigBytes);
  ordered_json object;
  try {
    object = ordered_json::parse(text);
  } catch (const ordered_json::parse_error& fault) {
    Fail(path.string(), ": ", JsonFaultAt(fault.byte, text.size(), fault.what()));
  } catch (const ordered_json::exception& fault) {  // a number that no double holds
    Fail(path.string(), ": not valid JSON: ", JsonFault(fault.what()));
  }
  Require(object.is_object(), path.string(), ": no JSON object, expected one");
  return object;
}

// "</s>", or {"content": "</s>", ...}.
std::optional<std::string> TokenText(const ordered_json& config, const char* name) {
  if (!config.contains(name)) return std::nullopt;
  const ordered_json& token = config.at(name);
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token.at("content").is_string())
    return token.at("content").get<std::string>();
  return std::nullopt;
}

ordered_json SpecialTokens(const ordered_json& config, const ordered_json& map) {
  ordered_json tokens = ordered_json::object();
  for (const char* name : kTokenNames) {
    auto text = TokenText(config, name);
    if (!text && !config.contains(name)) text = TokenText(map, name);
    if (text) tokens[name] = *text;
  }
  return tokens;
}

const ordered_json* DefaultOf(const ordered_json& templates) {
  for (const ordered_json& one : templates)
    if (one.is_object() && one.contains("name") && one.at("name") == "default" &&
        one.contains("template"))
      return &one.at("template");
  return nullptr;
}

ChatTemplate FromConfig(const ordered_json& config, const std::filesystem::path& path) {
  const auto found = config.find("chat_template");
  Require(found != config.end() && !found->is_null(), path.parent_path().string(),
          ": no chat_template.jinja, and no \"chat_template\" in tokenizer_config.json; expected "
          "one of them, or another prompt style: plain or r1-zero");
  const ordered_json* source = found->is_array() ? DefaultOf(*found) : &*found;
  Require(source && source->is_string(), path.string(),
          ": \"chat_template\" is neither text nor a list with a template named \"default\"");
  return ChatTemplate(source->get_ref<const std::string&>(), path.string() + " chat_template");
}

}  // namespace

FolderTemplate LoadChatTemplate(const std::filesystem::path& model_folder) {
  const auto config_path = model_folder / "tokenizer_config.json";
  const auto template_path = model_folder / "chat_template.jinja";
  const ordered_json config = ReadObject(config_path);
  const ordered_json map = ReadObject(model_folder / "special_tokens_map.json");
  const bool own_file = std::filesystem::exists(template_path);
  return {own_file ? ChatTemplate(ReadFile(template_path, kMaxConfigBytes), template_path.string())
                   : FromConfig(config, config_path),
          SpecialTokens(config, map)};
}

}  // namespace r1zero
