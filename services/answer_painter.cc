#include "services/answer_painter.h"

#include <algorithm>
#include <array>

namespace r1zero {
namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr std::string_view kAnswer = "<answer>", kEndAnswer = "</answer>";
constexpr std::array<std::string_view, 4> kTags = {kThink, kEndThink, kAnswer, kEndAnswer};

bool MayBecomeTag(std::string_view text) {
  return std::ranges::any_of(kTags, [&](std::string_view tag) {
    return text.size() < tag.size() && tag.starts_with(text);
  });
}

}  // namespace

AnswerPainter::AnswerPainter(bool colour, bool inside_think) : colour_(colour) {
  if (inside_think) paint_ = Paint::kDim;
}

std::string AnswerPainter::Feed(std::string_view text) {
  if (!colour_) return std::string(text);
  std::string out;
  if (!started_ && paint_ != Paint::kPlain) Switch(paint_, out);
  started_ = true;
  for (const char c : text) {
    held_ += c;
    Advance(out);
  }
  return out;
}

// Lets go of all of held_ that can be no tag's beginning.
void AnswerPainter::Advance(std::string& out) {
  while (!held_.empty() && !MayBecomeTag(held_)) {
    const auto* tag = std::ranges::find(kTags, held_);
    if (tag == kTags.end()) {
      out += held_[0];
      held_.erase(0, 1);
      continue;
    }
    if (*tag == kThink) Switch(Paint::kDim, out);
    if (*tag == kAnswer) Switch(Paint::kBright, out);
    out += *tag;
    if (*tag == kEndThink || *tag == kEndAnswer) Switch(Paint::kPlain, out);
    held_.clear();
  }
}

void AnswerPainter::Switch(Paint paint, std::string& out) {
  out += paint == Paint::kDim ? "\x1b[0;2m" : paint == Paint::kBright ? "\x1b[0;1m" : "\x1b[0m";
  paint_ = paint;
}

std::string AnswerPainter::Finish() {
  if (!colour_) return "";
  std::string out;
  out.swap(held_);
  Switch(Paint::kPlain, out);
  return out;
}

std::string Visible(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0x7f) {
      out += "\u2421";
    } else if (byte < 0x20 && byte != '\n' && byte != '\t') {
      out += "\xe2\x90";
      out += static_cast<char>(0x80 + byte);
    } else if (byte == 0xc2 && next < 0xa0) {
      out += "\ufffd";
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool EndsInsideThink(std::string_view prompt) {
  const size_t open = prompt.rfind(kThink), close = prompt.rfind(kEndThink);
  return open != prompt.npos && (close == prompt.npos || close < open);
}

}  // namespace r1zero
