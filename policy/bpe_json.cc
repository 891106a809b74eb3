#include "policy/bpe_json.h"

#include <algorithm>

#include "common/error.h"
#include "policy/byte_alphabet.h"
#include "policy/json.h"
#include "policy/utf8.h"

namespace r1zero {
namespace {

using nlohmann::json;

// A part of the file by name; null where there is none.
json Part(const json& parent, const char* name) {
  return parent.is_object() ? parent.value(name, json()) : json();
}

json TypeOf(const json& part) { return Part(part, "type"); }

bool AddsNothing(const json& affix) { return affix.is_null() || affix == ""; }

void CheckModelOptions(const json& model, const std::string& where) {
  const json dropout = Part(model, "dropout");
  Require(dropout.is_null() || dropout == 0, where, ": model.dropout is ", Shown(dropout),
          ", expected none: encoding is not random here");
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"})
    Require(AddsNothing(Part(model, name)), where, ": model.", name, " is ",
            Shown(Part(model, name)), ", which byte-level BPE has no use for");
}

// With a token for each byte nothing is unknown, and what to do with the unknown means nothing.
void CheckUnknown(const json& model, bool has_all_bytes, const std::string& where) {
  if (has_all_bytes) return;
  const json unknown = Part(model, "unk_token"), fallback = Part(model, "byte_fallback");
  Require(unknown.is_null(), where, ": model.unk_token is ", Shown(unknown),
          " and some bytes have no token; byte-level BPE with a token for each byte is supported");
  Require(fallback.is_null() || fallback == false, where, ": model.byte_fallback is ",
          Shown(fallback),
          ", and model.vocab is not byte-level: a SentencePiece model is not supported");
}

// Whether a step of a normalizer is NFC.
bool ReadNormalizerStep(const json& step, const std::string& where) {
  if (step.is_null()) return false;
  Require(TypeOf(step) == "NFC", where, ": normalizer ", Shown(step),
          " is not supported; expected NFC or none");
  return true;
}

// One element of post_processor.single: the ids of a special token, or none for the text itself.
std::vector<int32_t> TemplateIds(const json& processor, const json& element,
                                 const BpeVocabulary& vocabulary, const std::string& where) {
  const json name = Part(Part(element, "SpecialToken"), "id");
  Require(name.is_string(), where, ".single holds ", Shown(element), ", expected a SpecialToken");
  const json token = Part(Part(processor, "special_tokens"), name.get<std::string>().c_str());
  const json ids = Part(token, "ids");
  Require(ids.is_array() && !ids.empty(), where, ".special_tokens has no ids of ", Shown(name));
  std::vector<int32_t> found;
  for (const json& id : ids) {
    Require(id.is_number_unsigned() && id < vocabulary.size(), where, ".special_tokens of ",
            Shown(name), " has the id ", Shown(id), ", expected one of 0 to ",
            vocabulary.size() - 1);
    found.push_back(id.get<int32_t>());
  }
  return found;
}

std::vector<int32_t> TemplatePrefix(const json& processor, const BpeVocabulary& vocabulary,
                                    const std::string& where) {
  const json single = Part(processor, "single");
  Require(single.is_array(), where, ".single is ", Shown(single), ", expected an array");
  std::vector<int32_t> prefix;
  for (const json& element : single) {
    Require(element.is_object(), where, ".single holds ", Shown(element), ", expected an object");
    if (element.contains("Sequence")) return prefix;
    Require(Part(element, "SpecialToken").is_object(), where, ".single holds ", Shown(element),
            ", expected a SpecialToken or a Sequence");
    const std::vector<int32_t> ids = TemplateIds(processor, element, vocabulary, where);
    prefix.insert(prefix.end(), ids.begin(), ids.end());
  }
  Fail(where, ".single has no Sequence: the text itself is missing");
}

std::vector<int32_t> ProcessorPrefix(const json& processor, const BpeVocabulary& vocabulary,
                                     const std::string& where) {
  const json type = TypeOf(processor);
  if (processor.is_null() || type == "ByteLevel") return {};  // ByteLevel is about offsets only
  if (type == "TemplateProcessing") return TemplatePrefix(processor, vocabulary, where);
  Require(type == "Sequence", where, " ", Shown(processor),
          " is not supported; expected TemplateProcessing, ByteLevel or a Sequence of these");
  const json steps = Part(processor, "processors");
  Require(steps.is_array(), where, ".processors is ", Shown(steps), ", expected an array");
  std::vector<int32_t> prefix;  // a later one puts its tokens before those of an earlier one
  for (const json& step : steps) {
    Require(TypeOf(step) != "Sequence", where, " has a Sequence within a Sequence");
    const std::vector<int32_t> ids = ProcessorPrefix(step, vocabulary, where);
    prefix.insert(prefix.begin(), ids.begin(), ids.end());
  }
  return prefix;
}

}  // namespace

std::array<int32_t, 256> ReadByteTokens(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                                        const std::string& where) {
  std::array<int32_t, 256> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    AppendUtf8(ByteCharacter(static_cast<unsigned char>(byte)), text);
    tokens[byte] = vocabulary.FindWord(text);
  }
  const json& model = file.rest["model"];
  CheckModelOptions(model, where);
  CheckUnknown(model, std::ranges::find(tokens, BpeVocabulary::kNone) == tokens.end(), where);
  return tokens;
}

std::vector<Merge> ReadMerges(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                              const std::string& where) {
  Require(file.has_merges, where, ": model.merges is missing, expected an array");
  std::vector<Merge> merges;
  merges.reserve(file.merges.size());
  const auto find = [&](std::string_view text) {
    const int32_t token = vocabulary.FindWord(text);
    if (token == BpeVocabulary::kNone)
      Fail(where, ": model.merges[", merges.size(), "] needs ", Shown(text),
           ", which model.vocab does not have");
    return token;
  };
  for (size_t i = 0; i < file.merges.size(); ++i) {
    const auto [left, right, joined] = file.merges[i];
    if (left.empty() || right.empty()) Fail(where, ": model.merges[", i, "] has an empty token");
    merges.push_back({find(left), find(right), static_cast<int32_t>(merges.size()), find(joined)});
  }
  return merges;
}

bool ReadIgnoreMerges(const TokenizerFile& file, const std::string& where) {
  const json ignore = Part(file.rest["model"], "ignore_merges");
  Require(ignore.is_null() || ignore.is_boolean(), where, ": model.ignore_merges is ",
          Shown(ignore), ", expected true or false");
  return ignore == true;
}

bool ReadNormalizer(const TokenizerFile& file, const std::string& where) {
  const json normalizer = Part(file.rest, "normalizer");
  if (TypeOf(normalizer) != "Sequence") return ReadNormalizerStep(normalizer, where);
  const json steps = Part(normalizer, "normalizers");
  Require(steps.is_array(), where, ": normalizer.normalizers is ", Shown(steps),
          ", expected an array");
  return std::ranges::count_if(steps, [&](const json& s) { return ReadNormalizerStep(s, where); }) >
         0;
}

std::vector<int32_t> ReadPromptPrefix(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                                      const std::string& where) {
  return ProcessorPrefix(Part(file.rest, "post_processor"), vocabulary, where + ": post_processor");
}

void CheckDecoder(const TokenizerFile& file, const std::string& where) {
  const json decoder = Part(file.rest, "decoder");
  Require(TypeOf(decoder) == "ByteLevel", where, ": decoder ", Shown(decoder),
          " is not supported; expected ByteLevel");
}

}  // namespace r1zero
