// Hostile files of problems: whatever the bytes, the readers of rows either give problems, or throw an
// Error that begins with the file's name. docs/data.md has the command under sanitizers.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/error.h"
#include "tasks/jsonl_rows.h"
#include "tasks/problem_rows.h"
#include "tasks/prompt_style.h"
#include "tasks/row_index.h"
#include "tests/fuzz/fuzz_target.h"

namespace r1zero {
namespace {

void Demand(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// A file in memory that the readers open by name.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    Demand(fd_ >= 0, "there is a file in memory");
  }
  const std::string& path() const { return path_; }
  void Write(const std::string& bytes) const {
    const auto size = static_cast<ssize_t>(bytes.size());
    Demand(ftruncate(fd_, 0) == 0 && pwrite(fd_, bytes.data(), bytes.size(), 0) == size,
           "the file in memory is written");
  }

 private:
  int fd_;
  std::string path_;
};

const MemoryFile& TheFile() {
  static const MemoryFile file;
  return file;
}

// Whether it was read without an Error.
template <typename Body>
bool Reads(const Body& body) try {
  body();
  return true;
} catch (const Error& error) {
  Demand(std::string(error.what()).starts_with(TheFile().path()), "an error names the file");
  return false;
}

void CheckSpans(const std::string& text) {
  size_t done = 0;
  for (const RowSpan& span : IndexRows(TheFile().path(), text, /*may_be_array=*/true)) {
    Demand(span.begin >= done && span.begin + span.length <= text.size(), "rows follow each other");
    Demand(span.line >= 1 && span.column >= 1, "lines and columns count from 1");
    done = span.begin + span.length;
  }
}

// As the task data reads.
bool ReadsProblems(const std::string& style, const std::string& answer_column, bool skip_bad_rows) {
  return Reads([&] {
    const PromptRenderer render = MakePromptRenderer(style, "");
    const ProblemRows rows(TheFile().path(), {.answer_column = answer_column,
                                              .skip_bad_rows = skip_bad_rows,
                                              .prompt_of = [&](std::vector<ChatMessage> messages) {
                                                return render(messages);
                                              }});
    int64_t good = 0;
    const auto bad = rows.ForEach([&](uint32_t row, const Problem& problem) {
      ++good;
      Demand(row < rows.rows(), "a row is one of the file's");
      nlohmann::json({problem.prompt, problem.gold}).dump();  // throws unless they are UTF-8
    });
    Demand(good + bad.count == rows.rows(), "a row is good or bad");
    Demand(bad.first.empty() == (bad.count == 0), "what is wrong with the first bad row is said");
  });
}

// As the tasks jsonl and countdown read.
bool ReadsRows() {
  return Reads([] {
    ForEachRow(TheFile().path(), [](const JsonlRow& row) {
      row.KeysText();
      if (row.Has("numbers")) row.Integers("numbers");
      if (row.Has("target")) row.Integer("target");
      if (row.Has("extra.key")) row.GoldText("extra.key");
      row.Text(row.Has("question") ? "question" : "prompt");
      row.GoldText("answer");
    });
  });
}

uint32_t Read(const std::string& bytes) {
  TheFile().Write(bytes);
  Reads([&] { CheckSpans(bytes); });
  const bool found = ReadsProblems("plain", "", false), rows = ReadsRows();
  const bool skipping = ReadsProblems("r1-zero", "", true);
  Demand(skipping || !found, "what is read whole is read where bad rows are skipped");
  ReadsProblems("plain", "extra.key", true);
  ReadsProblems("plain", "none", true);
  return (found ? 1 : 0) | (skipping ? 2 : 0) | (rows ? 4 : 0);
}

std::vector<std::string> Seeds() {
  return {
      "{\"prompt\":\"2+2\",\"answer\":\"4\"}\n{\"prompt\":\"3+3\",\"answer\":6}\n",
      "{\"question\":\"q\\u00e9\",\"answer\":\"so <<1+1=2>>2\\n#### 1,080\"}\r\n\n"
      "{\"question\":\"r\",\"answer\":\"#### -7\"}",
      "{\"problem\":\"p\",\"solution\":\"\\\\boxed{\\\\frac{1}{2}}\",\"level\":1}\n"
      "{\"problem\":\"o\",\"solution\":\"x\",\"answer\":\"2\"}\n",
      R"({"data_source":"d","prompt":[{"role":"system","content":"s"},{"role":"user","content":"u"}],)"
      R"("ability":"m","reward_model":{"style":"rule","ground_truth":"72"},"extra":{"key":[1]}})",
      "\xef\xbb\xbf[ {\"prompt\":\"a\",\"ground_truth\":\"g\"},\n  {\"prompt\":\"b\",\n"
      "   \"target\":[1,2]} ]\n",
      "{\"prompt\":\"p\",\"numbers\":[3,5,8],\"target\":23,\"answer\":1e3}\n",
  };
}

std::vector<std::string> Words() {
  return {"0",
          "-1",
          "9223372036854775807",
          "18446744073709551615",
          "18446744073709551616",
          "1e400",
          "-0.0",
          "null",
          "true",
          "[]",
          "{}",
          "\"\"",
          "\" \"",
          "\"a\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"prompt\":",
          "\"question\":",
          "\"problem\":",
          "\"answer\":",
          "\"solution\":",
          "\"ground_truth\":",
          "\"target\":",
          "\"reward_model\":{",
          "\"role\":\"user\"",
          "\"role\":\"assistant\"",
          "\"role\":\"system\"",
          "\"content\":\"c\"",
          "\"extra\":{\"key\":",
          "\"extra.key\":1,",
          "{\"role\":\"user\",\"content\":\"u\"}",
          "####",
          "#### 1,0",
          "\\\\boxed{",
          "\n",
          "\r\n",
          "\n{",
          "}\n",
          "},{",
          "[",
          "]",
          "{",
          "}",
          ",",
          ":",
          "\"",
          "\\",
          "\xFF",
          "\xC3",
          "\xef\xbb\xbf",
          std::string(1, '\0'),
          "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
}

}  // namespace

const FuzzTarget& TheFuzzTarget() {
  static const FuzzTarget target{
      .seeds = Seeds(),
      .words = Words(),
      .outcomes = {"read as problems", "with bad rows skipped", "as rows of the task jsonl"},
      .read = Read};
  return target;
}

}  // namespace r1zero
