// The regular expressions of pre-tokenizers, each as a matcher written by hand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace r1zero {

// Where the first piece of the text ends. REQUIRES valid UTF-8, not empty. Every character belongs to
// a piece: none of these expressions leaves one out.
using PieceSize = size_t (*)(std::string_view text);

size_t Gpt2Piece(std::string_view text);
size_t Llama3Piece(std::string_view text);  // numbers of up to three digits
size_t QwenPiece(std::string_view text);    // numbers of one digit; else as Llama 3

// By the expression's exact text; nullptr: it is not known.
PieceSize FindPattern(std::string_view regex);

// What is known, for an error message.
std::string KnownPatterns();

}  // namespace r1zero
