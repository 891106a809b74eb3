#include "policy/word_tokenizer.h"

#include <algorithm>
#include <unordered_set>

#include "common/error.h"
#include "policy/json.h"

namespace r1zero {
namespace {

using nlohmann::json;

// A word as a regular expression that matches exactly it.
std::string Escaped(std::string_view word) {
  std::string escaped;
  for (const char c : word) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Longest first; words of equal length in the order of their ids.
std::vector<int32_t> LongestFirst(const std::vector<std::string>& words) {
  std::vector<int32_t> order(words.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](int32_t token) { return words[token].size(); });
  return order;
}

// The regular expression that cuts text as Encode does: alternatives are tried from left to right.
std::string SplitPattern(const std::vector<std::string>& words, int32_t pad, int32_t eos) {
  std::string pattern;
  for (const int32_t token : LongestFirst(words)) {
    if (token == pad || token == eos) continue;
    if (!pattern.empty()) pattern += '|';
    pattern += Escaped(words[token]);
  }
  return pattern;
}

json AddedToken(const std::string& word, int32_t id) {
  return {{"id", id},        {"content", word},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

// Part `name` of a tokenizer.json, which must be an object of type `type`.
const json& TypedPart(const json& root, const char* name, const char* type,
                      const std::string& where) {
  const auto part = root.find(name);
  Require(part != root.end() && part->is_object() && part->contains("type"), where, ": ", name,
          " is missing, expected one of type ", type);
  const json& found = (*part)["type"];
  Require(found == type, where, ": ", name, " of type ", Shown(found),
          " is not supported; expected \"", type, "\"");
  return *part;
}

std::vector<std::string> ReadVocabulary(const json& model, const std::string& where) {
  const auto vocab = model.find("vocab");
  Require(vocab != model.end() && vocab->is_object() && !vocab->empty(), where,
          ": model.vocab is missing or empty");
  std::vector<std::string> words(vocab->size());
  for (const auto& [word, id] : vocab->items()) {
    const bool in_range = id.is_number_unsigned() && id.get<uint64_t>() < words.size();
    Require(in_range, where, ": model.vocab ", Shown(word), " is ", Shown(id),
            ", expected the ids 0 to ", words.size() - 1, ", each once");
    std::string& slot = words[id.get<size_t>()];
    Require(slot.empty(), where, ": model.vocab gives the id ", Shown(id), " to ", Shown(slot),
            " and ", Shown(word));
    Require(!word.empty(), where, ": model.vocab has an empty word");
    slot = word;
  }
  return words;
}

// The padding token and the end token, in this order; one added token is both.
std::pair<int32_t, int32_t> ReadSpecialTokens(const json& root, const std::string& where) {
  const auto added = root.find("added_tokens");
  Require(added != root.end() && added->is_array() && (added->size() == 1 || added->size() == 2),
          where, ": added_tokens must be the padding token and the end token");
  for (const json& token : *added)
    Require(token.is_object() && token.value("special", json()) == true &&
                token.value("id", json()).is_number_unsigned() && token["id"] <= INT32_MAX,
            where, ": added_tokens holds ", Shown(token), ", expected a special token with an id");
  return {added->front()["id"].get<int32_t>(), added->back()["id"].get<int32_t>()};
}

void CheckSplit(const json& pre_tokenizer, const std::string& pattern, const std::string& where) {
  Require(pre_tokenizer.value("behavior", json()) == "Isolated" &&
              pre_tokenizer.value("invert", json(false)) == false,
          where, ": pre_tokenizer must have behavior Isolated and not be inverted");
  const json expected = {{"Regex", pattern}};
  Require(pre_tokenizer.value("pattern", json()) == expected, where,
          ": pre_tokenizer.pattern is not the vocabulary's words, longest first, which is the one "
          "pattern that is supported");
}

// transformers saves a post-processor that adds nothing; truncation and padding are about calls.
void CheckNothingIsAdded(const json& root, const std::string& where) {
  const json normalizer = root.value("normalizer", json());
  Require(normalizer.is_null(), where, ": normalizer ", Shown(normalizer), " is not supported");
  const json post = root.value("post_processor", json());
  const bool adds_nothing =
      post.is_null() || (post.is_object() && post.value("type", json()) == "TemplateProcessing" &&
                         post.value("special_tokens", json()) == json::object());
  Require(adds_nothing, where, ": post_processor ", Shown(post), " is not supported");
}

}  // namespace

WordTokenizer::WordTokenizer(std::vector<std::string> words, int32_t pad_token, int32_t eos_token)
    : words_(std::move(words)), pad_token_(pad_token), eos_token_(eos_token) {
  Require(!words_.empty() && words_.size() <= INT32_MAX, "a tokenizer needs words");
  for (const int32_t special : {pad_token, eos_token})
    Require(special >= 0 && special < vocab_size(), "the special token ", special,
            " is not in the vocabulary of ", vocab_size());
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < words_.size(); ++i) {
    Require(!words_[i].empty(), "token ", i, " of the vocabulary is an empty word");
    Require(seen.insert(words_[i]).second, "the vocabulary has the word ", Shown(words_[i]),
            " twice");
  }
  for (const int32_t token : LongestFirst(words_))
    if (token != pad_token_ && token != eos_token_)
      longest_first_[static_cast<unsigned char>(words_[token][0])].push_back(token);
}

std::vector<int32_t> WordTokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const auto& candidates = longest_first_[static_cast<unsigned char>(rest[0])];
    const auto match = std::ranges::find_if(
        candidates, [&](int32_t token) { return rest.starts_with(words_[token]); });
    Require(match != candidates.end(), "no word of the vocabulary matches the text at byte ", at,
            ": ", Shown(rest.substr(0, 20)));
    tokens.push_back(*match);
    at += words_[*match].size();
  }
  return tokens;
}

std::string WordTokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    Require(has(token), "token ", token, " is not in the vocabulary of ", vocab_size());
    text += TokenBytes(token);
  }
  return text;
}

std::string WordTokenizer::TokenBytes(int32_t token) const {
  return has(token) && !is_special(token) ? words_[token] : "";
}

std::string WordTokenizer::ToJson() const {
  json vocab = json::object();
  for (int32_t token = 0; token < vocab_size(); ++token) vocab[words_[token]] = token;
  json added = json::array({AddedToken(words_[pad_token_], pad_token_)});
  if (eos_token_ != pad_token_) added.push_back(AddedToken(words_[eos_token_], eos_token_));
  // No word is "": a text that no word matches is an error there as it is here.
  const json root = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer", nullptr},
      {"pre_tokenizer",
       {{"type", "Split"},
        {"pattern", {{"Regex", SplitPattern(words_, pad_token_, eos_token_)}}},
        {"behavior", "Isolated"},
        {"invert", false}}},
      {"post_processor", nullptr},
      {"decoder", {{"type", "Fuse"}}},
      {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", ""}}},
  };
  try {
    return root.dump(2) + "\n";
  } catch (const json::exception& error) {
    Fail("the vocabulary cannot be written as tokenizer.json: ", error.what());
  }
}

WordTokenizer WordTokenizer::FromJson(const std::string& text, const std::string& where) {
  const json root = ParseJson(text, where);
  Require(root.is_object(), where, ": expected a JSON object, found ", Shown(root));
  const json& model = TypedPart(root, "model", "WordLevel", where);
  const json& pre_tokenizer = TypedPart(root, "pre_tokenizer", "Split", where);
  TypedPart(root, "decoder", "Fuse", where);
  CheckNothingIsAdded(root, where);
  std::vector<std::string> words = ReadVocabulary(model, where);
  const auto [pad, eos] = ReadSpecialTokens(root, where);
  Require(std::max(pad, eos) < static_cast<int64_t>(words.size()), where,
          ": added_tokens are not in model.vocab");
  CheckSplit(pre_tokenizer, SplitPattern(words, pad, eos), where);
  return WordTokenizer(std::move(words), pad, eos);
}

}  // namespace r1zero
