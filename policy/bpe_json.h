// The parts of a byte-level BPE's tokenizer.json, checked.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/bpe_merges.h"
#include "policy/bpe_vocabulary.h"
#include "policy/tokenizer_file.h"

namespace r1zero {

// Each throws Error with `where`, field and rule for what is wrong or not supported.

// The token of each byte, or BpeVocabulary::kNone. Error if the model would do anything but merge
// bytes (unknown tokens, byte fallback, prefixes, suffixes, dropout).
std::array<int32_t, 256> ReadByteTokens(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                                        const std::string& where);

std::vector<Merge> ReadMerges(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                              const std::string& where);

// Whether a word that is a token is that token, whatever the merges say (Llama 3).
bool ReadIgnoreMerges(const TokenizerFile& file, const std::string& where);

// Whether the normalizer is NFC; else there is none.
bool ReadNormalizer(const TokenizerFile& file, const std::string& where);

// The tokens that the post-processor puts in front of a single text.
std::vector<int32_t> ReadPromptPrefix(const TokenizerFile& file, const BpeVocabulary& vocabulary,
                                      const std::string& where);

void CheckDecoder(const TokenizerFile& file, const std::string& where);

}  // namespace r1zero
