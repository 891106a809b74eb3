// The problems of a data file, in its order, as eval asks them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/chat_message.h"

namespace r1zero {

struct ProblemFileOptions {
  std::string file;
  std::string prompt_template = "{prompt}";  // of the question, before the style
  std::string system;                        // a first message; empty: none
  std::string answer_column;                 // as task.answer_column; empty: found
  int64_t limit = 0;                         // only so many problems from the beginning; 0: all
};

struct FileProblem {
  int64_t row = 0;     // of the file, counted from 1
  std::string prompt;  // as `render` makes it
  std::string gold;
};

struct FileProblems {
  std::vector<FileProblem> problems;
  std::string read_as;  // GSM8K: "question", "answer" with "#### 18"
};

// Rows of every format of docs/data.md. Error with file, line and column for any other.
FileProblems ReadProblems(const ProblemFileOptions& options, const PromptRenderer& render);

}  // namespace r1zero
