#include "grpo/report_text.h"

#include "grpo/chart.h"

namespace r1zero {
namespace {

// A tag opens or closes a coloured stretch; the tag itself is inside it.
struct Tag {
  std::string_view text;
  const char* css;
  bool opens;
};
constexpr Tag kTags[] = {{"<think>", "think", true},
                         {"</think>", "think", false},
                         {"<answer>", "answer", true},
                         {"</answer>", "answer", false}};

const Tag* TagAt(std::string_view text) {
  for (const Tag& tag : kTags)
    if (text.starts_with(tag.text)) return &tag;
  return nullptr;
}

std::string_view WordAt(std::string_view text, std::span<const std::string> words) {
  for (const std::string& word : words)
    if (!word.empty() && text.starts_with(word)) return word;
  return {};
}

}  // namespace

std::string MarkUp(std::string_view text, std::span<const std::string> words) {
  std::string out;
  const char* open = nullptr;  // the class of the stretch that is open
  const auto switch_to = [&](const char* css) {
    if (open) out += "</span>";
    if (css) out.append("<span class=\"").append(css).append("\">");
    open = css;
  };
  while (!text.empty()) {
    size_t taken = 1;
    if (const Tag* tag = TagAt(text)) {
      taken = tag->text.size();
      if (tag->opens) switch_to(tag->css);
      out += EscapeHtml(tag->text);
      if (!tag->opens) switch_to(nullptr);
    } else if (const std::string_view word = WordAt(text, words); !word.empty()) {
      taken = word.size();
      out += "<span class=\"word\">" + EscapeHtml(word) + "</span>";
    } else {
      out += EscapeHtml(text.substr(0, 1));
    }
    text.remove_prefix(taken);
  }
  switch_to(nullptr);
  return out;
}

}  // namespace r1zero
