#include "tasks/row_format.h"

#include <algorithm>
#include <array>

#include "common/boxed.h"
#include "common/error.h"

namespace r1zero {
namespace {

using Gold = RowFormat::Gold;

constexpr std::array kPromptColumns = {"prompt", "question", "problem"};
constexpr std::array kAnswerColumns = {"answer", "solution", "ground_truth", "target"};
constexpr const char* kVerlAnswer = "reward_model.ground_truth";
constexpr std::string_view kHashes = "####";
constexpr std::string_view kBlank = " \t\r\n\v\f";

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin));
}

std::string FirstOf(const JsonlRow& row, std::span<const char* const> columns) {
  const auto at = std::find_if(columns.begin(), columns.end(), [&](auto c) { return row.Has(c); });
  return at == columns.end() ? "" : *at;
}

std::string PromptColumn(const JsonlRow& row) {
  std::string column = FirstOf(row, kPromptColumns);
  if (column.empty())
    row.RefuseRow("the row has " + row.KeysText() +
                  ", expected a prompt: \"prompt\", \"question\" or \"problem\"");
  return column;
}

std::string AnswerColumn(const JsonlRow& row, const std::string& wanted) {
  if (wanted == "none") return "";
  std::string column = !wanted.empty()        ? (row.Has(wanted) ? wanted : "")
                       : row.Has(kVerlAnswer) ? kVerlAnswer
                                              : FirstOf(row, kAnswerColumns);
  if (column.empty())
    row.RefuseRow(
        "the row has " + row.KeysText() + ", expected " +
        (wanted.empty() ? "an answer: \"answer\", \"solution\", \"ground_truth\", "
                          "\"target\" or \"reward_model.ground_truth\"; "
                        : "\"" + wanted + "\", as task.answer_column says; ") +
        "task.answer_column (--answer-column of r1zero eval) names another column, or \"none\"");
  return column;
}

bool AnyHasHashes(std::span<const JsonlRow> rows, const std::string& column) {
  return std::ranges::any_of(rows, [&](const JsonlRow& row) {
    const nlohmann::json* const value = row.Find(column);
    return value && value->is_string() &&
           value->get_ref<const std::string&>().find(kHashes) != std::string::npos;
  });
}

std::string AfterHashes(const JsonlRow& row, const std::string& column) {
  const std::string text = row.Text(column);
  const size_t at = text.rfind(kHashes);
  std::string gold = at == text.npos ? "" : Trimmed(text.substr(at + kHashes.size()));
  std::erase(gold, ',');
  if (gold.empty()) row.Refuse(column, "text that ends with \"#### 18\"");
  return gold;
}

std::string GoldInBox(const JsonlRow& row, const std::string& column) {
  const std::string text = row.Text(column);
  std::string gold = Trimmed(LastBoxed(text).content);
  if (gold.empty()) row.Refuse(column, "text with a \\boxed{} that is not empty");
  return gold;
}

std::string GoldOf(const JsonlRow& row, const RowFormat& format) {
  switch (format.gold) {
    case Gold::kAfterHashes: return AfterHashes(row, format.answer_column);
    case Gold::kBoxed: return GoldInBox(row, format.answer_column);
    case Gold::kNone: return "";
    case Gold::kWhole: break;
  }
  return row.GoldText(format.answer_column);
}

bool IsMessage(const nlohmann::json& value) {
  if (!value.is_object()) return false;
  const auto role = value.find("role"), content = value.find("content");
  return role != value.end() && content != value.end() && content->is_string() &&
         (*role == "system" || *role == "user" || *role == "assistant");
}

std::vector<ChatMessage> MessagesOf(const JsonlRow& row, const std::string& column) {
  const nlohmann::json* const value = row.Find(column);
  if (!value || !value->is_array()) return {{"user", row.Text(column)}};
  if (value->empty() || !std::all_of(value->begin(), value->end(), IsMessage))
    row.Refuse(column,
               "text, or messages {\"role\", \"content\"} of system, user and assistant with text");
  std::vector<ChatMessage> messages;
  for (const nlohmann::json& message : *value)
    messages.push_back({message.at("role"), message.at("content")});
  if (messages.back().role != "user" || messages.back().content.empty())
    row.Refuse(column, "a last message that is the user's and not empty");
  return messages;
}

std::string NameOf(const RowFormat& format) {
  if (format.answer_column == kVerlAnswer) return "verl";
  if (format.gold == Gold::kAfterHashes) return "GSM8K";
  return format.prompt_column == "problem" ? "MATH" : "TRL";
}

}  // namespace

std::string Described(const RowFormat& format) {
  const char* const part = format.gold == Gold::kAfterHashes ? " with \"#### 18\""
                           : format.gold == Gold::kBoxed     ? " with \\boxed{}"
                                                             : "";
  return format.name + ": \"" + format.prompt_column + '"' +
         (format.gold == Gold::kNone ? "" : ", \"" + format.answer_column + '"') + part;
}

std::vector<std::string> ColumnsOfFormats(const std::string& answer_column) {
  std::vector<std::string> columns(kPromptColumns.begin(), kPromptColumns.end());
  columns.insert(columns.end(), kAnswerColumns.begin(), kAnswerColumns.end());
  columns.push_back("reward_model");
  if (!answer_column.empty()) columns.push_back(answer_column.substr(0, answer_column.find('.')));
  return columns;
}

RowFormat FindFormat(std::span<const JsonlRow> rows, const std::string& answer_column) {
  const JsonlRow& row = rows.front();
  RowFormat format{.prompt_column = PromptColumn(row),
                   .answer_column = AnswerColumn(row, answer_column)};
  if (format.answer_column.empty())
    format.gold = Gold::kNone;
  else if (format.prompt_column == "question" && AnyHasHashes(rows, format.answer_column))
    format.gold = Gold::kAfterHashes;
  else if (format.prompt_column == "problem" && format.answer_column == "solution")
    format.gold = Gold::kBoxed;
  format.name = NameOf(format);
  return format;
}

DataRow ReadDataRow(const JsonlRow& row, const RowFormat& format) {
  try {
    return {MessagesOf(row, format.prompt_column), GoldOf(row, format)};
  } catch (const Error& e) {
    Fail(e.what(), " (rows read as ", Described(format), ")");
  }
}

}  // namespace r1zero
