// Python's str over UTF-8: lengths, indices and slices count code points. Every text is valid
// UTF-8 (RequireUtf8 where it comes in).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero::jinja {

// Error with the byte offset unless `text` is UTF-8 without surrogates.
void RequireUtf8(std::string_view text, std::string_view what);

bool IsSpace(char32_t c);  // str.isspace of one character
size_t CodePoints(std::string_view text);
std::vector<std::string_view> Characters(std::string_view text);
void AppendUtf8(char32_t c, std::string& out);
char32_t Decode(std::string_view character);

enum class Side { kLeft = 1, kRight = 2, kBoth = 3 };
// str.strip: of whitespace, or of the characters in `chars`.
std::string_view Strip(std::string_view text, std::optional<std::string_view> chars,
                       Side side = Side::kBoth);

// str.split and str.rsplit; `separator` absent: on runs of whitespace; `most` < 0: no limit.
std::vector<std::string_view> Split(std::string_view text,
                                    std::optional<std::string_view> separator, int64_t most);
std::vector<std::string_view> SplitFromRight(std::string_view text,
                                             std::optional<std::string_view> separator,
                                             int64_t most);
std::vector<std::string_view> SplitLines(std::string_view text, bool keep_ends);

std::string EscapeHtml(std::string_view text);  // as markupsafe.escape
std::string Quoted(std::string_view text);      // repr()

// Of ASCII letters; Error if another character is met, because case there needs tables.
std::string Upper(std::string_view text);
std::string Lower(std::string_view text);

// How often, and with how many bytes more, before it is done: so that a limit can be applied.
size_t Count(std::string_view text, std::string_view part);
// At most `most` times unless it is negative. An empty `old` matches between all characters.
std::string Replace(std::string_view text, std::string_view old, std::string_view with,
                    int64_t most);

}  // namespace r1zero::jinja
