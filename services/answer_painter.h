// A completion on a terminal: the reasoning dimmed, the answer bright.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

class AnswerPainter {
 public:
  // `inside_think`: the prompt ended with an open <think>. Without `colour` text goes through as it
  // is.
  AnswerPainter(bool colour, bool inside_think);

  // What to print now. Holds back what may become a tag, until that is decided.
  std::string Feed(std::string_view text);
  std::string Finish();  // the rest, and the terminal as it was

 private:
  enum class Paint { kPlain, kDim, kBright };
  void Advance(std::string& out);
  void Switch(Paint paint, std::string& out);

  bool started_ = false;

  const bool colour_;
  Paint paint_ = Paint::kPlain;
  std::string held_;
};

// Valid UTF-8 of which nothing steers a terminal: control characters but the new line and the tab
// become pictures of themselves (U+2400 on), those of U+0080 to U+009F become U+FFFD.
std::string Visible(std::string_view text);

// Whether the last think tag of `prompt` is an opening one.
bool EndsInsideThink(std::string_view prompt);

}  // namespace r1zero
