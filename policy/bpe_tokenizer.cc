#include "policy/bpe_tokenizer.h"

#include <atomic>

#include "common/error.h"
#include "policy/bpe_json.h"
#include "policy/bpe_word_cache.h"
#include "policy/byte_alphabet.h"
#include "policy/unicode_nfc.h"
#include "policy/utf8.h"

namespace r1zero {
namespace {

uint32_t NextSerial() {
  static std::atomic<uint32_t> last{0};
  return ++last;
}

BpeWordCache& ThreadCache() {
  static thread_local BpeWordCache cache;
  return cache;
}

// Tokens that are looked for in normalised text are normalised themselves.
std::vector<AddedToken> ReadTokens(const TokenizerFile& file, const std::string& where) {
  std::vector<AddedToken> tokens = ReadAddedTokens(file.rest, where);
  const bool is_nfc = ReadNormalizer(file, where);
  for (AddedToken& token : tokens)
    if (token.normalized && is_nfc) token.content = ToNfc(token.content);
  return tokens;
}

// The tokens that are looked for in normalised text, or the others.
std::vector<AddedToken> Chosen(std::vector<AddedToken> tokens, bool normalized) {
  std::erase_if(tokens, [&](const AddedToken& token) { return token.normalized != normalized; });
  return tokens;
}

// A word as the vocabulary spells it.
std::string Spelled(std::string_view word) {
  std::string text;
  for (const char byte : word) AppendUtf8(ByteCharacter(static_cast<unsigned char>(byte)), text);
  return text;
}

}  // namespace

BpeTokenizer::BpeTokenizer(TokenizerFile&& file, std::string json, const std::string& where)
    : BpeTokenizer(ReadTokens(file, where), std::move(file), std::move(json), where) {}

BpeTokenizer::BpeTokenizer(const std::vector<AddedToken>& added, TokenizerFile&& file,
                           std::string json, const std::string& where)
    : json_(std::move(json)),
      serial_(NextSerial()),
      vocabulary_(std::move(file.vocab), added, where),
      merges_(ReadByteTokens(file, vocabulary_, where), ReadMerges(file, vocabulary_, where)),
      ignore_merges_(ReadIgnoreMerges(file, where)),
      is_nfc_(ReadNormalizer(file, where)),
      splitter_(BpeSplitter::FromJson(file.rest.value("pre_tokenizer", nlohmann::json()), where)),
      prompt_prefix_(ReadPromptPrefix(file, vocabulary_, where)),
      as_written_(Chosen(added, /*normalized=*/false)),
      normalized_(Chosen(added, /*normalized=*/true)) {
  CheckDecoder(file, where);
}

std::vector<int32_t> BpeTokenizer::Encode(std::string_view text) const {
  const size_t valid = ValidUtf8Size(text);
  Require(valid == text.size(), "the text is not valid UTF-8 at byte ", valid);
  std::vector<int32_t> tokens;
  tokens.reserve(text.size() / 3 + 4);
  as_written_.Cut(
      text, [&](std::string_view piece) { EncodePiece(piece, tokens); },
      [&](int32_t token) { tokens.push_back(token); });
  return tokens;
}

std::vector<int32_t> BpeTokenizer::EncodePrompt(std::string_view text) const {
  std::vector<int32_t> tokens = Encode(text);
  const bool begins_special = !tokens.empty() && is_special(tokens.front());
  if (!begins_special) tokens.insert(tokens.begin(), prompt_prefix_.begin(), prompt_prefix_.end());
  return tokens;
}

void BpeTokenizer::EncodePiece(std::string_view piece, std::vector<int32_t>& tokens) const {
  std::string composed;
  if (is_nfc_ && !IsSurelyNfc(piece)) piece = composed = ToNfc(piece);
  const auto word = [&](std::string_view word) { EncodeWord(word, tokens); };
  normalized_.Cut(
      piece, [&](std::string_view words) { splitter_.Split(words, word); },
      [&](int32_t token) { tokens.push_back(token); });
}

void BpeTokenizer::EncodeWord(std::string_view word, std::vector<int32_t>& tokens) const {
  if (word.size() > BpeWordCache::kMaxBytes) return MergeWord(word, tokens);
  BpeWordCache::Entry& known = ThreadCache().At(word);
  if (known.Is(serial_, word)) {
    tokens.insert(tokens.end(), known.tokens, known.tokens + known.num_tokens);
    return;
  }
  const size_t begin = tokens.size();
  MergeWord(word, tokens);
  known.Put(serial_, word, std::span(tokens).subspan(begin));
}

void BpeTokenizer::MergeWord(std::string_view word, std::vector<int32_t>& tokens) const {
  if (ignore_merges_)
    if (const int32_t token = vocabulary_.FindWord(Spelled(word)); token != BpeVocabulary::kNone)
      return tokens.push_back(token);
  merges_.Encode(word, tokens);
}

}  // namespace r1zero
