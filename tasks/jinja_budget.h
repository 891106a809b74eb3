// What a template may use up. A template comes with a model, so it is code from a stranger: every
// limit is an Error that says which.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/error.h"

namespace r1zero {

struct TemplateLimits {
  size_t source_bytes = 1 << 18;
  int nesting = 100;              // of expressions, of statements, and of lists within lists
  size_t output_bytes = 1 << 20;  // of the rendered text, and of any text made on the way
  int64_t steps = 1'000'000;      // see Budget
  int recursion = 500;            // expressions and statements being evaluated at once
};

namespace jinja {

// Counts the work of one rendering. Evaluating an expression or a statement is a step, and so are
// 256 bytes of text made or 4 items of a list made or compared: time and memory are both bounded.
class Budget {
 public:
  explicit Budget(const TemplateLimits& limits) : limits_(limits), steps_(limits.steps) {}

  void Spend(int64_t steps) {
    steps_ -= steps;
    Require(steps_ >= 0, "more than ", limits_.steps,
            " steps, the limit of a rendering; expected a template that ends");
  }

  void SpendItems(size_t items) { Spend(1 + static_cast<int64_t>(items / 4)); }

  // Of a text that is still being made.
  void CheckText(size_t bytes) const {
    Require(bytes <= limits_.output_bytes, "a text of more than ", limits_.output_bytes,
            " bytes, the limit");
  }

  // A text of so many bytes is made.
  void SpendText(size_t bytes) {
    Require(bytes <= limits_.output_bytes, "a text of ", bytes, " bytes, the limit is ",
            limits_.output_bytes);
    Spend(1 + static_cast<int64_t>(bytes / 256));
  }

  // A text is searched for a part: the worst case of a plain search is their product.
  void SpendSearch(size_t bytes, size_t part) {
    Spend(1 + static_cast<int64_t>(bytes / 256 + bytes * part / 2048));
  }

  const TemplateLimits& limits() const { return limits_; }

 private:
  const TemplateLimits& limits_;
  int64_t steps_;
};

}  // namespace jinja
}  // namespace r1zero
