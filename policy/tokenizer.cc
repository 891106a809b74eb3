#include "policy/tokenizer.h"

#include "common/error.h"
#include "policy/bpe_tokenizer.h"
#include "policy/json.h"
#include "policy/tokenizer_file.h"
#include "policy/utf8.h"
#include "policy/word_tokenizer.h"

namespace r1zero {

std::string Tokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string bytes;
  for (const int32_t token : tokens) bytes += TokenBytes(token);
  return ToValidUtf8(bytes);
}

std::shared_ptr<const Tokenizer> MakeTokenizer(std::string json, const std::string& where) {
  TokenizerFile file = ReadTokenizerFile(json, where);
  const std::string type = ModelType(file, where);
  if (type == "WordLevel")
    return std::make_shared<const WordTokenizer>(WordTokenizer::FromJson(json, where));
  Require(type == "BPE", where, ": model of type ", Shown(type),
          " is not supported; expected \"BPE\" (byte-level) or \"WordLevel\"");
  return std::make_shared<const BpeTokenizer>(std::move(file), std::move(json), where);
}

}  // namespace r1zero
