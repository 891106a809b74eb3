// How the rows of published data sets become conversations and golds (docs/data.md).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tasks/chat_message.h"
#include "tasks/jsonl_rows.h"

namespace r1zero {

struct RowFormat {
  enum class Gold {
    kWhole,        // the column's text, or its JSON
    kAfterHashes,  // of text, what follows the last "####", without commas
    kBoxed,        // of text, the last \boxed{}
    kNone          // there is none: the rewards need no answer
  };
  std::string name;           // "verl", "GSM8K", "MATH", "TRL"; for people
  std::string prompt_column;  // "prompt", "question", "problem"
  std::string answer_column;  // "a.b": inside an object
  Gold gold = Gold::kWhole;
};

struct DataRow {
  std::vector<ChatMessage> messages;  // the last one is the user's
  std::string gold;
};

// Every column that a format may read, of `answer_column` what comes before the first dot.
std::vector<std::string> ColumnsOfFormats(const std::string& answer_column);

// How a format is told: GSM8K: "question", "answer" with "#### 18".
std::string Described(const RowFormat& format);

// The format whose columns the first row has; GSM8K if the answer of any row has "####".
// `answer_column`: "" to find one, "none" for rows without answers. Error at the first row if it has no
// prompt or no answer, with the columns it has and those expected.
RowFormat FindFormat(std::span<const JsonlRow> rows, const std::string& answer_column);
inline RowFormat FindFormat(const JsonlRow& row, const std::string& answer_column) {
  return FindFormat({&row, 1}, answer_column);
}

// Error at the row, with the format, what was found and what was expected.
DataRow ReadDataRow(const JsonlRow& row, const RowFormat& format);

}  // namespace r1zero
